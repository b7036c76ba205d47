import Foundation
import MPITesting

/// One way for a job of four ranks to fail.
struct FaultCase: Sendable, CustomStringConvertible {
  enum Kind: String, CaseIterable, Sendable { case kill, stop, exit, trap, exception, mismatch }
  enum Phase: String, CaseIterable, Sendable {
    case start, forward, backward, collective, checkpoint
  }

  static let ranks = 4

  let kind: Kind
  let phase: Phase
  let rank: Int
  /// Whether `ddp-launch --max-restarts 1` runs it, rather than mpirun twice.
  let isLaunched: Bool

  var description: String {
    "\(kind.rawValue) in \(phase.rawValue) on rank \(rank) under \(isLaunched ? "ddp-launch" : "mpirun")"
  }

  /// All 120.
  static let all: [FaultCase] = Kind.allCases.enumerated().flatMap { k, kind in
    Phase.allCases.enumerated().flatMap { p, phase in
      (0..<ranks).map { rank in
        FaultCase(kind: kind, phase: phase, rank: rank, isLaunched: (k + p + rank / 2) % 2 == 1)
      }
    }
  }

  /// Half of them: every pair of kind and phase, kind and rank, and phase and rank is there.
  static let covering: [FaultCase] = all.enumerated().filter { index, fault in
    (index / (Phase.allCases.count * ranks) + index / ranks % Phase.allCases.count + fault.rank) % 2
      == 0
  }.map(\.element)

  /// What is wrong with what the job said, nil where the rank is named as it should be.
  func objection(to text: String) -> String? {
    let lines = text.split(separator: "\n")
    func isSaid(_ words: String...) -> Bool {
      lines.contains { line in words.allSatisfy { line.contains($0) } }
    }
    let place = phase == .start ? "in start" : ", \(phase.rawValue)"
    switch kind {
    case .kill:
      let words = isLaunched ? "rank \(rank) failed first: signal SIGKILL" : "rank \(rank) with PID"
      return isSaid(words) ? nil : "no line says: \(words)"
    case .stop:
      for survivor in 0..<Self.ranks where survivor != rank {
        if !isSaid("[rank \(survivor)] ", "not there: rank \(rank);") {
          return "rank \(survivor) does not name rank \(rank)"
        }
        if !isSaid("[rank \(survivor)] ", "  rank \(rank), ") {
          return "rank \(survivor) does not tell rank \(rank)'s last operation"
        }
      }
      let isExplained = isSaid(
        "ddp-launch: ", "failed first: ", "not finish", "not there: rank \(rank);")
      if isLaunched, !isExplained {
        return "ddp-launch does not say who waited for rank \(rank)"
      }
      return nil
    case .exit:
      return isSaid("[rank \(rank)] exit was called before the run's end", place)
        ? nil : "rank \(rank) does not say where it called exit"
    case .trap:
      return isSaid("[rank \(rank)] ended by signal ", place)
        ? nil : "rank \(rank) does not say where it trapped"
    case .exception:
      let isReported = isSaid("ddp-launch: rank \(rank) failed first: ", "that was injected")
      if isLaunched, !isReported {
        return "ddp-launch does not say rank \(rank)'s error"
      }
      return isSaid("[rank \(rank)] ", "an error that was injected")
        ? nil : "rank \(rank) does not say its error"
    case .mismatch:
      for one in 0..<Self.ranks where !isSaid("[rank \(one)] ", " met ", "stray") {
        return "rank \(one) does not say what met what"
      }
      return isSaid("stray", "on rank \(rank)") ? nil : "no line names rank \(rank)"
    }
  }
}
