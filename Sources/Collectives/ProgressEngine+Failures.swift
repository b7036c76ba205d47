import CCollectives
import Foundation

/// How a failure becomes known to every rank: under the progress lock throughout.
extension ProgressEngine {
  /// How long a rank that gave up waiting lets the others say where they are.
  private func grace(_ seconds: Double) -> UInt64 { UInt64(min(5, max(2, seconds * 0.4)) * 1e9) }

  /// Tells the group's other ranks of a mismatch, since not all of them can see it.
  func announce(_ error: CollectiveError, in group: ProcessGroup) {
    guard case .mismatch(_, let mine, let theirs) = error else { return }
    watch?.tell(.mismatch, of: group, to: group.ranks, mine: mine, theirs: theirs)
  }

  /// A message of another length comes of a call that another rank sees to differ: what it tells
  /// explains more, so it is waited for a moment.
  func toldMismatch(for work: Work, in group: ProcessGroup) -> CollectiveError? {
    guard let watch else { return nil }
    let begin = monotonicNanoseconds()
    while watch.mismatches[group.identity] == nil, monotonicNanoseconds() &- begin < 1_000_000_000 {
      _ = watch.heed()
      usleep(1000)
    }
    return watch.mismatches[group.identity].map { group.error(for: work, $0) }
  }

  /// Reads what others have told, and acts on it.
  func heedNotices() {
    guard let watch else { return }
    for notice in watch.heed() {
      let sender = notice.status.rank
      let group = active.first { $0.identity == notice.group && $0.ranks.contains(sender) }
      let head = group.flatMap { $0.running ? $0.queue.first : nil }
      switch notice.kind {
      case .mismatch:
        if let group, let head { fail(group, group.error(for: head, notice), first: head) }
      case .timeout:
        if let group, let head {
          give(up: head, in: group, seconds: notice.seconds)
        } else {
          watch.answer(notice, ranks: Array(0..<watch.size))
        }
      case .status, .farewell: break
      }
    }
  }

  /// Ends what runs in a group because it takes too long, after the ranks have told each other where
  /// they are.
  func give(up stuck: Work, in group: ProcessGroup, seconds: Double) {
    let missing = absentees(of: group, stuck, seconds: seconds)
    let error =
      watch?.mismatches[group.identity].map { group.error(for: stuck, $0) }
      ?? CollectiveError.timeout(
        group: group.name, operation: group.described(stuck), seconds: seconds, missing: missing)
    fail(group, error, first: stuck)
  }

  /// The group's ranks that are not in the operation. Shared posts tell for certain who has not come;
  /// otherwise, or where all have come and one was stopped within it, it is who does not answer, or
  /// answers from an earlier operation.
  private func absentees(of group: ProcessGroup, _ stuck: Work, seconds: Double) -> [Int] {
    let unseen = group.missingRanks()
    guard let watch, group.size > 1 else { return unseen }
    let isCertain = !unseen.isEmpty && group.seesEveryPost
    watch.tell(.timeout, of: group, to: group.ranks, seconds: seconds)
    func isAnswered(_ rank: Int) -> Bool {
      let world = group.ranks[rank]
      return world == watch.rank || watch.statuses[world]?.group == group.identity
    }
    let awaited = (0..<group.size).filter { !isCertain || !unseen.contains($0) }
    let begin = monotonicNanoseconds()
    while !awaited.allSatisfy(isAnswered), monotonicNanoseconds() &- begin < grace(seconds) {
      _ = watch.heed()
      usleep(1000)
    }
    if isCertain { return unseen }
    return (0..<group.size).filter { rank in
      let world = group.ranks[rank]
      if world == watch.rank { return false }
      guard isAnswered(rank), let said = watch.statuses[world] else { return true }
      return said.status.reached < stuck.sequence
    }
  }

  /// After this rank has said what is wrong: waits until the others have as well, or the time has
  /// passed, so that ending the job does not cut them short.
  func takeLeave(_ error: CollectiveError, of group: ProcessGroup) {
    locked {
      guard let watch else { return }
      let others = Set(0..<watch.size).subtracting([watch.rank])
      let expected: Set<Int>
      let limit: UInt64
      switch error {
      case .mismatch: (expected, limit) = (others, 800_000_000)
      case .timeout: (expected, limit) = (others.intersection(watch.statuses.keys), 2_000_000_000)
      default: return
      }
      watch.tell(.farewell, of: group, to: others)
      let begin = monotonicNanoseconds()
      while !expected.isSubset(of: watch.farewells), monotonicNanoseconds() &- begin < limit {
        _ = watch.heed()
        usleep(1000)
      }
    }
  }
}
