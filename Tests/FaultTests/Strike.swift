import Foundation

/// A blow at a random moment of a job under `ddp-launch`: what is hit, how and when follow from a number.
struct Strike: Sendable, CustomStringConvertible {
  enum Target: String, CaseIterable, Sendable { case program, keeper, mpirun }

  let target: Target
  let rank: Int
  let ranks: Int
  /// SIGKILL or SIGSTOP.
  let signal: Int32
  /// The moment, as a part of the time that an undisturbed job takes from its programs' start.
  let moment: Double

  init(number: UInt64) {
    var random = Draws(state: number)
    ranks = Int.random(in: 2...4, using: &random)
    rank = Int.random(in: 0..<ranks, using: &random)
    // Start and end are short, and more often hit than their length would have it.
    let place = Double.random(in: 0...1, using: &random)
    switch Int.random(in: 0..<4, using: &random) {
    case 0: moment = place * 0.3
    case 1: moment = 0.8 + place * 0.4
    default: moment = place
    }
    let kind = Int.random(in: 0..<10, using: &random)
    target = kind < 7 ? .program : kind < 9 ? .keeper : .mpirun
    signal = target == .program && kind % 2 == 1 ? SIGSTOP : SIGKILL
  }

  var description: String {
    "\(signal == SIGSTOP ? "SIGSTOP" : "SIGKILL") of \(target.rawValue) of rank \(rank) of \(ranks)"
      + " at \(String(format: "%.3f", moment))"
  }

  /// Whether what the launcher said names the rank as it should; asked where an attempt has failed.
  func isNamed(in text: String) -> Bool {
    switch target {
    case .mpirun: text.contains("mpirun failed: signal SIGKILL")
    case .keeper: text.contains("rank \(rank) failed first: its keeper was ")
    case .program where signal == SIGKILL:
      text.contains("rank \(rank) failed first: signal SIGKILL")
    case .program:
      text.contains("not there: rank \(rank)")
        || text.contains("rank \(rank) failed first: it is stopped")
    }
  }

  /// Hits the process; false where it was gone already.
  func hit(program: Int32) -> Bool {
    var pid = program
    if target != .program { pid = Self.parent(of: pid) }
    if target == .mpirun { pid = Self.parent(of: pid) }
    return pid > 1 && kill(pid, signal) == 0
  }

  private static func parent(of pid: Int32) -> Int32 {
    guard pid > 1, let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let name = text.lastIndex(of: ")")
    else { return 0 }
    let words = text[text.index(after: name)...].split(separator: " ")
    return words.count > 1 ? Int32(words[1]) ?? 0 : 0
  }
}

/// Numbers that follow from a first one (SplitMix64), the same in every run.
private struct Draws: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
