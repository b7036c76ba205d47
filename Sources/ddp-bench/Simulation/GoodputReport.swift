import Foundation

/// What failures leave of a job's time, for numbers of ranks, as text and as JSON.
struct GoodputReport {
  let disk: FailureCosts
  let memory: FailureCosts
  let ranksPerNode: Int
  /// Seconds after which what was lost is taken back.
  var growth = 60.0
  /// The fewest workers of a job on one host whose number changes.
  var fewestWorkers = 1
  /// Speeds without one, two, … as shares of that of all.
  var speeds: [Double] = []
  /// Seconds of a step on so many ranks.
  let step: (_ ranks: Int) -> Double

  private struct Row {
    let ranks: Int
    let hosts: Int
    let failuresADay: Double
    let diskInterval: Double
    let disk: Goodput
    /// nil for a job on one host that may be lost with what it has in memory.
    let memoryInterval: Double?
    let memory: Goodput?
    /// Without the hosts that are lost, or without workers that die on one host; nil where neither can be.
    let elastic: Goodput?
  }

  private func row(_ ranks: Int) -> Row {
    let hosts = (ranks - 1) / ranksPerNode + 1
    let step = step(ranks)
    let interval = disk.bestInterval(hosts: hosts, step: step)
    var simulation = GoodputSimulation(costs: disk, hosts: hosts, interval: interval)
    let fixed = simulation.run()
    simulation.isElastic = true
    (simulation.growth, simulation.speeds) = (growth, speeds)
    var elastic = disk.losses.isFinite && hosts > 1 ? simulation.run() : nil
    // A second host has a copy of what a lost one had.
    let kept = hosts > 1 || !disk.losses.isFinite
    let memoryInterval = memory.bestInterval(hosts: hosts, step: step)
    var memorySimulation = GoodputSimulation(costs: memory, hosts: hosts, interval: memoryInterval)
    let memoryGoodput = kept ? memorySimulation.run() : nil
    if hosts == 1, kept, ranks > fewestWorkers {
      memorySimulation.workers = fewestWorkers...ranks
      (memorySimulation.growth, memorySimulation.speeds) = (growth, speeds)
      elastic = memorySimulation.run()
    }
    return Row(
      ranks: ranks, hosts: hosts, failuresADay: 86_400 / disk.meanTime(hosts: hosts),
      diskInterval: interval, disk: fixed, memoryInterval: kept ? memoryInterval : nil,
      memory: memoryGoodput, elastic: elastic)
  }

  var calibration: String {
    String(
      format: "a checkpoint on disk makes steps wait %.3g s and is written %.3g s later, one in "
        + "memory makes them wait %.3g s; a restart takes %.3g s\n",
      disk.save, disk.write, memory.save, disk.restart)
  }

  /// Goodput is the share of time that went into steps that were kept; in brackets that which was done twice.
  func table(_ counts: [Int]) -> String {
    func share(_ goodput: Goodput?) -> String {
      guard let goodput else { return "               –" }
      return String(format: "%7.2f %% (%.2f)", goodput.useful * 100, goodput.redone * 100)
        .leftPadded(to: 16)
    }
    func seconds(_ interval: Double?) -> String {
      interval.map { String(format: "%10.3g", $0) } ?? "         –"
    }
    return counts.reduce(
      " ranks machines failures/day  disk every s         goodput memory every s         goodput "
        + "        elastic\n"
    ) { text, ranks in
      let row = row(ranks)
      return text
        + String(format: "%6d %8d %12.4g    ", row.ranks, row.hosts, row.failuresADay)
        + seconds(row.diskInterval) + share(row.disk) + "     " + seconds(row.memoryInterval)
        + share(row.memory) + share(row.elastic) + "\n"
    }
  }

  func json(_ counts: [Int]) -> String {
    func fields(_ name: String, _ goodput: Goodput?) -> String {
      guard let goodput else { return "" }
      return String(
        format: #", "%@_goodput": %.6f, "%@_redone": %.6f, "%@_saving": %.6f, "#
          + #""%@_restarting": %.6f, "%@_missing": %.6f"#,
        name, goodput.useful, name, goodput.redone, name, goodput.saving, name, goodput.restarting,
        name, goodput.missing)
    }
    return counts.reduce("") { text, ranks in
      let row = row(ranks)
      var line = String(
        format: #"{"place": "failures", "ranks": %d, "machines": %d, "failures_per_day": %.6g, "#
          + #""disk_every_s": %.6g"#,
        row.ranks, row.hosts, row.failuresADay, row.diskInterval)
      if let interval = row.memoryInterval {
        line += String(format: #", "memory_every_s": %.6g"#, interval)
      }
      return text + line + fields("disk", row.disk) + fields("memory", row.memory)
        + fields("elastic", row.elastic) + "}\n"
    }
  }
}

extension String {
  fileprivate func leftPadded(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
