import Base
import Foundation

/// What the options' values must be, beyond their types.
extension RunCommand {
  /// Refuses numbers that make no sense, each with those that do.
  func checkNumbers() throws(LaunchError) {
    try check("--max-restarts", maxRestarts, 0...Int(Int32.max), "a number from 0 to \(Int32.max)")
    try check("--restart-delay", restartDelay, 0...60, "seconds from 0 to 60")
    try check(
      "--grow-interval", growInterval, 0...Double.infinity, "seconds from 0, or inf for never")
    try check("--monitor-interval", monitorInterval, 0.01...3600, "seconds from 0.01 to 3600")
    try check("--grace-period", gracePeriod, 0...Double.infinity, "seconds from 0")
    try check("--log-limit", logLimit, 1...1 << 20, "MiB from 1 to 1048576")
    if let masterPort {
      try check(
        "--master-port", masterPort, 1...65_535,
        "a port from 1 to 65535, or leave it out for one that is free")
    }
    if let threadsPerRank {
      try check(
        "--threads-per-rank", threadsPerRank, 1...1 << 20,
        "a number from 1, or leave it out for a share of the cores")
    }
  }

  /// The place that an option's path means; nil where it is not given.
  func place(_ path: String?, _ option: String) throws(LaunchError) -> String? {
    guard let path else { return nil }
    do throws(UserPathError) {
      return try UserPath.expanded(path)
    } catch {
      throw .badPath(option: option, problem: "\(error)")
    }
  }

  /// Refuses a job that no machine holds, before any of it is started.
  func checkSize(
    _ plan: JobPlan, _ hosts: [HostEntry], _ perHost: WorkersPerHost?
  ) throws(LaunchError) {
    func workers(_ host: HostEntry) -> Int {
      if case .number(let count) = perHost { return count }
      return host.slots ?? 1
    }
    let all = hosts.isEmpty ? plan.layout.workers : hosts.map(workers).reduce(0, +)
    guard all <= JobLimits.workers else {
      throw .tooManyWorkers(
        all, limit: JobLimits.workers, reason: "no job is taken to be larger")
    }
    let here = [Machine.hostName, "localhost", "127.0.0.1", "::1"]
    let local =
      hosts.isEmpty
      ? plan.layout.counts.count == 1 ? all : 0
      : hosts.filter { here.contains($0.name) }.map(workers).reduce(0, +)
    let capacity = Machine.capacity
    guard local <= capacity.workers else {
      throw .tooManyWorkers(local, limit: capacity.workers, reason: capacity.reason)
    }
  }

  private func check<Value: Comparable>(
    _ option: String, _ value: Value, _ range: ClosedRange<Value>, _ expected: String
  ) throws(LaunchError) {
    guard range.contains(value) else {
      throw .badValue(option: option, given: "\(value)", expected: expected)
    }
  }

  /// The job's name, which is a folder's as well.
  func checkedRunID() throws(LaunchError) -> String {
    guard let runID else { return "job-\(getpid())" }
    guard !runID.contains("/"), !["", ".", ".."].contains(runID) else {
      throw .badValue(
        option: "--rdzv-id", given: runID.isEmpty ? "''" : runID,
        expected: "a name without '/', since it is a folder's within --log-dir")
    }
    return runID
  }

  /// The local ranks to show; nil for all.
  ///
  /// - Parameter most: The most workers that a host runs, nil where only the host knows.
  func shownLocalRanks(most: Int?) throws(LaunchError) -> Set<Int>? {
    guard let localRanksFilter else { return nil }
    let ranks = localRanksFilter.split(separator: ",").map { Int($0) }
    guard !ranks.isEmpty, !ranks.contains(where: { ($0 ?? -1) < 0 }) else {
      throw .badValue(
        option: "--local-ranks-filter", given: localRanksFilter, expected: "ranks as in 0,1")
    }
    let shown = Set(ranks.compactMap { $0 })
    if let most, shown.contains(where: { $0 >= most }) {
      throw .badValue(
        option: "--local-ranks-filter", given: localRanksFilter,
        expected: most == 1
          ? "0, or leave it out: a host runs 1 worker"
          : "ranks from 0 to \(most - 1): a host runs \(most) workers")
    }
    return shown
  }
}
