import Base
import Collectives
import Foundation
import Synchronization

/// Writes a rank's part of a trace while it is recorded, so that a run which fails leaves it.
///
/// A thread writes what has come: a few times a second, but for no more than a fiftieth of the time,
/// and at once where the process is about to end.
final class TracePart: Sendable {
  private struct State {
    var encoder: TraceEncoder
    var written = 0
    var descriptor: Int32
    var isRescued = false
    var endsInOrder = false
    var isOver = false
  }

  /// Seconds between two looks for what has come, at least.
  private static let pause = 0.25

  private let parts: TraceParts
  private let timeline: Timeline
  private let rank: Int
  /// What stands before this rank's lines.
  private let prefix: String
  private let began = Date()
  private let state: Mutex<State>
  /// Held while parts are put together.
  private let turn = Mutex(())

  /// Opens the rank's part and starts the thread.
  ///
  /// - Parameter encoder: One without events.
  /// - Throws: `RunLogError` where the part cannot be written.
  init(
    _ parts: TraceParts, _ timeline: Timeline, rank: Int, worldSize: Int, _ encoder: TraceEncoder
  ) throws(RunLogError) {
    self.parts = parts
    self.timeline = timeline
    self.rank = rank
    prefix = worldSize > 1 ? "[rank \(rank)] " : "ddp-train: "
    let path = parts.path(ofRank: rank)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .cannotOpen(path, errno: errno) }
    state = Mutex(State(encoder: encoder, descriptor: descriptor))
    write("[\n\(TraceParts.title(worldSize: worldSize))")
    LastAct.set { self.rescue($0) }
    let thread = Thread { self.watch() }
    thread.name = "torus.trace"
    thread.start()
  }

  /// What was recorded goes to the file.
  private func flush(_ more: [TimelineEvent] = []) {
    state.withLock { state in
      guard state.descriptor >= 0 else { return }
      let new = timeline.recorded(after: state.written)
      state.written += new.count
      state.encoder.append(new + more)
      var text: [UInt8] = []
      while true {
        let piece = state.encoder.next(TraceFile.pieceBytes)
        if piece.isEmpty { break }
        text += Array(",\n".utf8) + piece
      }
      Self.write(text, &state)
    }
  }

  private func write(_ text: String) { state.withLock { Self.write(Array(text.utf8), &$0) } }

  /// A part that cannot be written further ends there; the run does not depend on it.
  private static func write(_ bytes: [UInt8], _ state: inout State) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Foundation.write(state.descriptor, $0.baseAddress, $0.count)
      }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        close(state.descriptor)
        state.descriptor = -1
        return
      }
    }
  }

  /// Puts down what there is and puts the parts together, because this rank is about to end.
  private func rescue(_ reason: String, unlessInOrder: Bool = false) {
    turn.withLock { _ in
      if unlessInOrder && state.withLock({ $0.endsInOrder }) { return }
      putTogether(reason)
    }
  }

  private func putTogether(_ reason: String) {
    let isFirst = state.withLock { state in
      defer { state.isRescued = true }
      return !state.isOver && !state.isRescued
    }
    flush(isFirst ? timeline.unfinished() : [])
    guard !state.withLock({ $0.isOver }) else { return }
    let isNew = !parts.isMade(since: began)
    guard parts.bytes <= TraceParts.automaticBytes else {
      if isNew { say("the timeline until then: ddp-train trace \(parts.folder) puts it together") }
      return
    }
    if (try? parts.merge(because: reason)) != nil, isNew {
      say("the timeline until then: \(parts.failedTrace)")
    }
  }

  private func say(_ text: String) {
    StandardStream.error.write("\(prefix)\(text)\n")
  }

  private func watch() {
    var next = Date(timeIntervalSinceNow: Self.pause)
    var wasAsked = false
    while !state.withLock({ $0.isOver }) {
      if LastAct.isDue {
        rescue("a fatal signal, or a stray exit")
        LastAct.endGoesOn()
        return
      }
      // mpirun kills within a second or two of it, unless the run stops in order before.
      if StopRequest.endsSoon, !wasAsked {
        wasAsked = true
        rescue("told to end by signal", unlessInOrder: true)
      }
      if Date() > next {
        let begin = Date()
        flush()
        next = Date(timeIntervalSinceNow: max(Self.pause, -50 * begin.timeIntervalSinceNow))
      }
      Thread.sleep(forTimeInterval: 0.05)
    }
  }

  /// The run ends in order from here, so that a request to end is no reason to put parts together. To be
  /// called before the last collective, so that no rank is about it when rank 0 removes them.
  func endInOrder() {
    state.withLock { $0.endsInOrder = true }
    turn.withLock { _ in }
  }

  /// The trace is written, and parts are no longer needed.
  func end() {
    LastAct.set(nil)
    state.withLock { state in
      state.isOver = true
      if state.descriptor >= 0 { close(state.descriptor) }
      state.descriptor = -1
    }
    unlink(parts.path(ofRank: rank))
    guard rank == 0 else { return }
    // A run that was told to end and did so in order has not failed; another's failure stays told.
    if parts.isMade(since: began) { unlink(parts.failedTrace) }
    try? FileManager.default.removeItem(atPath: parts.folder)
  }
}
