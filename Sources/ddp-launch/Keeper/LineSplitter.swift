/// Cuts a program's output into lines as it comes in whatever pieces.
///
/// A carriage return starts the line anew, as it does on a terminal, so that of a redrawn
/// progress bar only what stands at the end becomes a line.
package struct LineSplitter {
  /// The longest line; a longer one is cut, so that a program that never ends a line cannot fill
  /// the memory.
  package static let longest = 1 << 16

  /// What stands in the line that is not finished.
  package private(set) var unfinished: [UInt8] = []
  private var returned = false

  package init() {}

  /// Takes the next piece of output and returns the lines that it completes.
  package mutating func add(_ bytes: some Sequence<UInt8>) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        lines.append(take())
        continue
      }
      if returned {
        unfinished.removeAll(keepingCapacity: true)
        returned = false
      }
      if byte == UInt8(ascii: "\r") {
        returned = true
        continue
      }
      if unfinished.count == Self.longest { lines.append(take()) }
      unfinished.append(byte)
      // "Erase to the end of the line" at its start is the redrawing's, not the line's.
      if unfinished == [0x1B, UInt8(ascii: "["), UInt8(ascii: "K")] { unfinished.removeAll() }
    }
    return lines
  }

  /// The last line of a program that ended without a newline; nil where nothing is left.
  package mutating func finish() -> [UInt8]? {
    unfinished.isEmpty ? nil : take()
  }

  private mutating func take() -> [UInt8] {
    defer {
      unfinished = []
      returned = false
    }
    return unfinished
  }
}
