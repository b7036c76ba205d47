import Foundation

/// The workers and hosts of each attempt.
extension Job {
  /// What stands for the host of a job that names none.
  private static let thisHost = ""

  /// Plans the next attempt with the hosts that answer and the workers that are left.
  func layOut(
    _ plan: inout JobPlan, _ membership: Membership, _ console: inout RankConsole
  ) throws(LaunchError) {
    guard !hosts.isEmpty else {
      plan.layout = HostLayout(
        self.plan.layout.counts.map { membership.workers(of: Self.thisHost, outOf: $0) })
      return
    }
    plan.hosts = hosts
    let asked = hosts.filter { !membership.gone.contains($0.name) }
    let answers = HostProbe(plan: plan).ask(asked)
    var used: [(host: HostEntry, workers: Int)] = []
    for (host, answer) in zip(asked, answers) {
      switch answer {
      case .silence(let reason): console.note("host \(host.name) does not answer: \(reason)")
      case .cores(let cores):
        let count =
          switch workersPerHost?.most {
          case .number(let count): count
          case .cores: cores
          case nil: host.slots ?? 1
          }
        used.append((host, membership.workers(of: host.name, outOf: count)))
      }
    }
    guard used.count >= hostRange.fewest else {
      throw .tooFewHosts(
        have: used.count, need: hostRange.fewest,
        remedy: "add hosts to the host file, or allow fewer with --nnodes MIN:MAX")
    }
    plan.hosts = used.prefix(hostRange.most).map(\.host)
    plan.layout = HostLayout(used.prefix(hostRange.most).map(\.workers))
  }

  /// When an attempt is to end for one with more workers; nil where it has all it may have.
  func growth(of plan: JobPlan, _ membership: Membership) -> Growth? {
    let used = Set(plan.hosts.map(\.name))
    let missing =
      plan.hosts.count < hostRange.most ? hosts.filter { !used.contains($0.name) } : []
    let isShort =
      hosts.isEmpty ? membership.isShort : used.contains { membership.lost[$0] != nil }
    guard growInterval.isFinite, isShort || !missing.isEmpty else { return nil }
    return Growth(
      after: membership.patience(growInterval), isShort: isShort, missing: missing,
      probe: HostProbe(plan: plan))
  }

  /// The host that a failure took or happened on, as the membership knows it; nil where nobody knows.
  func place(of failure: Failure, _ plan: JobPlan) -> String? {
    if let host = failure.host {
      // mpirun cuts names at their first dot.
      return plan.hosts.first { $0.name == host || $0.name.hasPrefix("\(host).") }?.name
    }
    if hosts.isEmpty { return Self.thisHost }
    return failure.rank.map { plan.hosts[plan.layout.place(ofRank: $0).host].name }
  }

  /// Why the next attempt has another number of workers; nil where it has as many.
  func note(on decision: Membership.Decision, _ membership: Membership) -> String? {
    let used =
      maxRestarts == 0
      ? "no restart with as many workers is allowed (--max-restarts)"
      : "\(maxRestarts == 1 ? "the restart" : "all \(maxRestarts) restarts") with as many workers "
        + "\(maxRestarts == 1 ? "is" : "are") used up"
    switch decision {
    case .again, .over: return nil
    case .withoutHost(let host):
      return "\(used): going on without host \(host), with at least \(hostRange.fewest)"
    case .fewer:
      let fewest = workersPerHost?.fewest ?? 1
      return "\(used): going on with one worker fewer, with at least \(fewest) on a host"
    case .back:
      return
        "it failed with more workers before it had saved a checkpoint: going back to as many as "
        + "before, and trying again after \(seconds(membership.patience(growInterval)))"
    }
  }

  private func seconds(_ number: Double) -> String { String(format: "%.0f s", number) }
}
