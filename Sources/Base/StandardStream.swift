@preconcurrency import Foundation
import Synchronization

/// Standard output and standard error, written so that a full disk or a reader that went away is no
/// reason to end.
package enum StandardStream: Int32, Sendable {
  /// Standard output.
  case output = 1
  /// Standard error.
  case error = 2

  private static let isTold = Atomic<Bool>(false)

  /// Writes text at once.
  ///
  /// Where it cannot be written the rest of it is dropped; of standard output, standard error says so
  /// the first time.
  /// - Returns: Whether all of it was written, for those whose output is all that they do.
  @discardableResult
  package func write(_ text: String) -> Bool { write(Array(text.utf8)) }

  /// Writes text and a line's end at once, as `write(_:)` does.
  @discardableResult
  package func print(_ line: String) -> Bool { write(line + "\n") }

  /// Has each line that the program prints appear at once, also where a pipe or a file takes it.
  package static func bufferLines() { setvbuf(stdout, nil, _IOLBF, 0) }

  /// Writes bytes at once, as `write(_:)` does text, behind what the program has printed so far.
  @discardableResult
  package func write(_ bytes: [UInt8]) -> Bool {
    if self == .output { fflush(stdout) }
    let code = Self.write(bytes, to: rawValue)
    if code == 0 { return true }
    guard self == .output, !Self.isTold.exchange(true, ordering: .relaxed) else { return false }
    let reason = String(cString: strerror(code))
    _ = Self.write(
      Array("standard output cannot be written: \(reason); going on without it\n".utf8),
      to: Self.error.rawValue)
    return false
  }

  /// Writes bytes to a descriptor; returns 0, or the errno that kept it from writing all of them.
  package static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&entry, 1, 1000)
      } else if errno != EINTR {
        return errno
      }
    }
    return 0
  }
}
