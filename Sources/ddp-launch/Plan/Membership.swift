/// How many workers and hosts a job goes on with, from one attempt to the next.
///
/// A failed job starts again with as many workers as often as `--max-restarts` says. Where that is used up
/// and `MIN:MAX` allows fewer, it goes on without the host that was lost, or with one worker fewer on the host
/// of the one that failed first, and restarts count anew. Once it has run a while with fewer and saved a
/// checkpoint it is given back what it has lost: hosts that answer, and one worker on each host that has given
/// some up. If it then fails before its next checkpoint, it goes back to what worked, and waits twice as long
/// before the next try.
package struct Membership: Sendable {
  /// What becomes of a job that has failed.
  package enum Decision: Sendable, Equatable {
    /// It starts again with as many; how many restarts of that number this makes.
    case again(Int)
    /// It goes on without the host that was lost.
    case withoutHost(String)
    /// It goes on with one worker fewer on a host.
    case fewer
    /// It goes back to the numbers with which it ran before it was given more.
    case back
    /// It ends.
    case over
  }

  /// The fewest and the most workers of each host; nil where their number does not change.
  package let workers: ClosedRange<Int>?
  /// The fewest hosts.
  package let fewestHosts: Int
  /// Restarts with as many workers.
  package let maxRestarts: Int

  /// How many workers each host has given up, by its name.
  package private(set) var lost: [String: Int] = [:]
  /// The hosts without which the job goes on.
  package private(set) var gone: Set<String> = []
  private var restarts = 0
  /// What the job ran with before it was given more; nil once it has saved a checkpoint since.
  private var before: (lost: [String: Int], gone: Set<String>)?
  private var failedTries = 0

  /// A job that has all it may have.
  package init(workers: ClosedRange<Int>?, fewestHosts: Int, maxRestarts: Int) {
    self.workers = workers
    self.fewestHosts = fewestHosts
    self.maxRestarts = maxRestarts
  }

  /// Whether the job has fewer workers than it may have.
  package var isShort: Bool { !lost.isEmpty || !gone.isEmpty }

  /// Workers of a host that runs `count` of them where none is lost.
  package func workers(of host: String, outOf count: Int) -> Int {
    max(1, count - lost[host, default: 0])
  }

  /// Decides after a failure.
  ///
  /// - Parameters:
  ///   - host: The host that was lost or whose worker failed first; nil where that is not known.
  ///   - isHostLost: Whether the host itself was lost.
  ///   - hosts: How many hosts the attempt had.
  ///   - hasSaved: Whether the attempt has saved a checkpoint.
  package mutating func failed(
    on host: String?, isHostLost: Bool = false, hosts: Int = 1, hasSaved: Bool
  ) -> Decision {
    if let before, !hasSaved {
      (lost, gone) = before
      self.before = nil
      failedTries += 1
      restarts = 0
      return .back
    }
    if before != nil { failedTries = 0 }
    before = nil
    if restarts < maxRestarts {
      restarts += 1
      return .again(restarts)
    }
    guard let host else { return .over }
    if isHostLost {
      guard hosts > max(1, fewestHosts) else { return .over }
      gone.insert(host)
      restarts = 0
      return .withoutHost(host)
    }
    guard let workers, workers.upperBound - lost[host, default: 0] > workers.lowerBound else {
      return .over
    }
    lost[host, default: 0] += 1
    restarts = 0
    return .fewer
  }

  /// Gives the job back one worker on each host that has given some up, and its hosts.
  package mutating func grow() {
    before = (lost, gone)
    lost = lost.mapValues { $0 - 1 }.filter { $0.value > 0 }
    gone = []
    restarts = 0
  }

  /// Seconds that the job runs with fewer before it is given more.
  ///
  /// - Parameter interval: What was asked for; doubled for each try that failed, to an hour at most.
  package func patience(_ interval: Double) -> Double {
    max(interval, min(interval * Double(1 << min(failedTries, 20)), 3600))
  }
}
