/// What keepers have told of their programs' failures, in the order in which it came.
package struct FailureRecord: Sendable {
  /// When and where a rank failed, by its own clock.
  private struct Sign: Sendable {
    let rank: Int
    let host: String
    let time: Double
  }

  private var signs: [Sign] = []
  private var reports: [Int: RankReport] = [:]
  private var ends: [Int: RankEnd] = [:]

  package init() {}

  /// A program has said why it ends; its first word counts.
  package mutating func add(_ report: RankReport, of rank: Int) {
    guard reports[rank] == nil else { return }
    reports[rank] = report
    signs.append(Sign(rank: rank, host: report.host, time: report.time))
  }

  /// A program has ended. One that was told to end, or ended well, has not failed.
  package mutating func add(_ end: RankEnd, of rank: Int) {
    guard end.code != 0, !end.wasAsked else { return }
    ends[rank] = end
    signs.append(Sign(rank: rank, host: end.host, time: end.time))
  }

  /// Whether a program has said why it ends.
  package var hasReports: Bool { !reports.isEmpty }

  /// The first failure: the first sign decides on the host, and there, where clocks agree, the earliest
  /// time. A rank that waited in vain for one that waited itself only hands on what that one suffers.
  ///
  /// - Parameters:
  ///   - exitCode: That of ranks whose own is not known.
  ///   - lastLines: What a rank wrote to standard error last.
  package func first(exitCode: Int32 = 1, lastLines: (Int) -> [String]) -> Failure? {
    guard let reported = signs.first,
      let earliest = signs.filter({ $0.host == reported.host }).min(by: { $0.time < $1.time })
    else { return nil }
    var rank = earliest.rank
    var seen = [rank]
    while let next = reports[rank]?.waitsFor.first(where: {
      !seen.contains($0) && reports[$0]?.waitsFor.isEmpty == false
    }) {
      rank = next
      seen.append(rank)
    }
    if let report = reports[rank] {
      return Failure(
        rank: rank, report: report, end: ends[rank], exitCode: exitCode, lastLines: lastLines)
    }
    return ends[rank].map { Failure(rank: rank, end: $0, lastLines: lastLines(rank)) }
  }
}
