import Foundation

/// Shows the workers' output, each line with its rank: `[2] loss 0.31`.
///
/// On a terminal the line that a worker has not finished, such as its progress bar, stands last
/// and is redrawn below what is printed.
package struct RankConsole {
  private let isTerminal: Bool
  private let columns: Int
  private let digits: Int
  private let write: (OutputStream, [UInt8]) -> Void
  private var unfinished: (rank: Int, text: [UInt8])?

  /// A console for `workers` ranks.
  ///
  /// - Parameters:
  ///   - isTerminal: Whether lines can be redrawn.
  ///   - columns: Characters in a line.
  ///   - workers: How many ranks there are.
  ///   - write: Where text goes.
  package init(
    isTerminal: Bool, columns: Int, workers: Int,
    write: @escaping (OutputStream, [UInt8]) -> Void
  ) {
    self.isTerminal = isTerminal
    self.columns = columns
    digits = String(max(0, workers - 1)).count
    self.write = write
  }

  /// Characters that a rank's prefix takes.
  package var prefixWidth: Int { digits + 3 }

  /// Shows what a rank said.
  package mutating func show(_ frame: Frame, of rank: Int) {
    switch frame {
    case .line(let stream, let text):
      clear()
      if unfinished?.rank == rank, stream == .out { unfinished = nil }
      write(stream, prefix(rank) + text + Array("\n".utf8))
      redraw()
    case .unfinished(.out, let text) where isTerminal:
      clear()
      unfinished = (rank, text)
      redraw()
    case .unfinished, .started, .stopped, .progress, .failed, .ended: break
    }
  }

  /// Prints the launcher's own line on standard error.
  package mutating func note(_ line: String) {
    clear()
    write(.error, Array("ddp-launch: \(line)\n".utf8))
    redraw()
  }

  /// Leaves the last unfinished line standing.
  package mutating func finish() {
    if unfinished != nil { write(.out, Array("\n".utf8)) }
    unfinished = nil
  }

  private func prefix(_ rank: Int) -> [UInt8] {
    let number = String(rank)
    return Array("[\(String(repeating: " ", count: digits - number.count))\(number)] ".utf8)
  }

  private func clear() {
    if unfinished != nil { write(.out, Array("\r\u{1B}[K".utf8)) }
  }

  private func redraw() {
    guard let unfinished else { return }
    let text = String(decoding: prefix(unfinished.rank) + unfinished.text, as: UTF8.self)
    write(.out, Array(text.prefix(max(1, columns - 1)).utf8))
  }
}
