import Base
import Foundation
import Synchronization

/// A file of TensorBoard events, to which records are appended.
///
/// Records wait in memory until there are several of them, or until the first has waited for a while, or
/// until they are asked for.
final class EventFile: Sendable {
  /// Where it is.
  let path: String
  private let mostWaiting: Int
  private let patience: Double
  private let state: Mutex<State>

  private struct State {
    var descriptor: Int32
    var length: Int64 = 0
    var waiting: [UInt8] = []
    var count = 0
    var since = 0.0
  }

  /// Makes the file, whose name must be new in its folder, and writes its version.
  init(
    _ path: String, mostWaiting: Int, patience: Double, walltime: Double
  ) throws(SummaryWriterError) {
    self.path = path
    self.mostWaiting = mostWaiting
    self.patience = patience
    let folder = (path as NSString).deletingLastPathComponent
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw .cannotOpen(folder, errno: error.errorNumber)
    }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .cannotOpen(path, errno: errno) }
    state = Mutex(State(descriptor: descriptor))
    // Event: wall_time = 1, file_version = 3.
    try append(
      ProtoWriter.message {
        $0.double(1, walltime)
        $0.string(3, "brain.Event:2")
      })
    try flush()
  }

  deinit {
    try? flush()
    state.withLock { _ = Foundation.close($0.descriptor) }
  }

  /// Adds an event.
  func append(_ event: [UInt8]) throws(SummaryWriterError) {
    let record = RecordFrame.framed(event)
    let failure: Int32 = state.withLock { state in
      let now = Date().timeIntervalSince1970
      if state.count == 0 { state.since = now }
      state.waiting += record
      state.count += 1
      // A clock that was set back makes nothing wait for longer.
      let waited = abs(now - state.since)
      return state.count >= mostWaiting || waited >= patience ? Self.write(&state) : 0
    }
    guard failure == 0 else { throw .cannotWrite(path, errno: failure) }
  }

  /// Writes what waits.
  func flush() throws(SummaryWriterError) {
    let failure = state.withLock { Self.write(&$0) }
    guard failure == 0 else { throw .cannotWrite(path, errno: failure) }
  }

  /// Writes whole records or none, so that a disk that was full for a while leaves a file that can be
  /// read; what could not be written is dropped.
  private static func write(_ state: inout State) -> Int32 {
    guard !state.waiting.isEmpty else { return 0 }
    let code = StandardStream.write(state.waiting, to: state.descriptor)
    if code == 0 {
      state.length += Int64(state.waiting.count)
    } else {
      _ = ftruncate(state.descriptor, off_t(state.length))
    }
    state.waiting = []
    state.count = 0
    return code
  }
}

/// An event file that cannot be written.
public enum SummaryWriterError: Error, Equatable, CustomStringConvertible {
  /// The file or its folder cannot be made.
  case cannotOpen(String, errno: Int32)
  /// Events could not be written and are lost; the file ends with those before them.
  case cannotWrite(String, errno: Int32)

  /// What failed, why, and what to do.
  public var description: String {
    switch self {
    case .cannotOpen(let path, let code):
      "\(path) cannot be made: \(String(cString: strerror(code))); choose another folder for events"
    case .cannotWrite(let path, let code):
      "writing to \(path) failed: \(String(cString: strerror(code)))"
        + (code == ENOSPC || code == EDQUOT
          ? "; free some space" : "; choose another folder for events")
    }
  }
}
