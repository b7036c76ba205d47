import Base

/// The folders in which the hosts of an attempt keep checkpoints in memory.
///
/// A folder has a name of its own for each time that its host came to the job, so that a host which was lost
/// and is back brings nothing from before: the job may have gone another way meanwhile.
package struct MemoryPlan: Sendable, Equatable {
  /// What tells the job from all others.
  package var job: String
  /// By the number of a host in the attempt, the attempt since which a process there keeps its folder. The
  /// folders of other hosts end with the attempt.
  package var since: [Int: Int]

  package init(job: String, since: [Int: Int] = [:]) {
    self.job = job
    self.since = since
  }

  /// The name of a host's folder, without what all such folders have in common.
  ///
  /// - Parameters:
  ///   - host: The host's number in the attempt.
  ///   - attempt: The attempt's number.
  package func folder(ofHost host: Int, attempt: Int) -> String {
    Self.folder(job: job, since: since[host] ?? attempt)
  }

  /// The name of a folder that is kept since an attempt.
  package static func folder(job: String, since attempt: Int) -> String { "\(attempt)-\(job)" }

  /// The plan as a word: `JOB`, or `JOB,0=0,1=3`.
  package var text: String {
    ([job] + since.inKeyOrder.map { "\($0.key)=\($0.value)" })
      .joined(separator: ",")
  }

  /// Reads such a word; nil where it is none.
  package init?(_ text: String) {
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    job = String(words[0])
    since = [:]
    guard !job.isEmpty else { return nil }
    for word in words.dropFirst() {
      let numbers = word.split(separator: "=").map { Int($0) }
      guard numbers.count == 2, let host = numbers[0], let attempt = numbers[1] else { return nil }
      since[host] = attempt
    }
  }
}
