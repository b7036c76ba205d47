import Base
import Foundation

/// Runs a worker process, starts it again behind every check that ended it, and adds up.
struct Supervisor {
  let suite: any Suite
  let options: Options
  /// The longest that one check may take.
  private let deadline: TimeInterval = 120
  /// What stands before the library's own words where ``Suite/refusalPasses(_:)``.
  static let refusal = "refused: "

  /// - Returns: Whether no check failed.
  func run() throws -> Bool {
    var report = Report(kind: options.kind)
    var position: Position? = Position(unit: "", index: 0)
    while let next = position {
      position = try runWorker(from: next, &report)
    }
    report.finish()
    return report.counts[.failed, default: 0] == 0
  }

  /// Runs one worker to its end.
  /// - Returns: Where the next one has to go on, nil where all is done.
  private func runWorker(from position: Position, _ report: inout Report) throws -> Position? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    // A backtrace would take a second each time and bury the message.
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["SWIFT_BACKTRACE": "enable=no"]) { _, own in own }
    process.arguments = options.passedOn + ["--worker", position.unit, String(position.index)]
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    let lastWords = LastWords(errors.fileHandleForReading)
    try process.run()
    let watchdog = Watchdog(process: process, seconds: deadline)

    var running: (unit: String, index: Int, id: String)?
    var finished = false
    for line in Lines(output.fileHandleForReading) {
      watchdog.reset()
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      if fields[0] == "end" {
        finished = true
      } else if fields[0] == "begin", fields.count == 4, let index = Int(fields[2]) {
        running = (fields[1], index, fields[3])
      } else if let outcome = Outcome(rawValue: fields[0]), fields.count == 5 {
        report.add(unit: fields[1], id: fields[3], outcome, fields[4])
        running = nil
      }
    }
    process.waitUntilExit()
    watchdog.stop()
    let message = lastWords.wait()
    if finished { return nil }
    guard let running else {
      throw RunnerError("the worker ended between two checks: \(message)")
    }
    let ending =
      watchdog.fired
      ? "took longer than \(Int(deadline)) s" : "ended the process (\(process.terminationStatus))"
    report.add(unit: running.unit, id: running.id, .failed, "\(ending): \(message)")
    return Position(unit: running.unit, index: running.index + 1)
  }
}

/// The lines that arrive through a pipe.
private struct Lines: Sequence, IteratorProtocol {
  private let handle: FileHandle
  private var buffer = Data()

  init(_ handle: FileHandle) { self.handle = handle }

  mutating func next() -> String? {
    while true {
      if let end = buffer.firstIndex(of: 10) {
        let line = String(decoding: buffer[..<end], as: UTF8.self)
        buffer.removeSubrange(...end)
        return line
      }
      let more = handle.availableData
      if more.isEmpty { return nil }
      buffer.append(more)
    }
  }
}

/// What a process writes to standard error, of which the last line says why it ended.
private final class LastWords: @unchecked Sendable {
  // Written by the reading thread alone; read after `done` was signalled.
  private var text = Data()
  private let done = DispatchSemaphore(value: 0)

  init(_ handle: FileHandle) {
    Thread.detachNewThread { [self] in
      while true {
        let more = handle.availableData
        if more.isEmpty { break }
        text.append(more)
        if text.count > 1 << 16 { text.removeFirst(text.count - 1 << 12) }
      }
      done.signal()
    }
  }

  func wait() -> String {
    done.wait()
    return String(decoding: text, as: UTF8.self).lastWords
  }
}

/// Ends a process that reports nothing for too long.
private final class Watchdog: @unchecked Sendable {
  private let lock = NSLock()
  private var due: Date
  private var isOver = false
  private var didFire = false
  private let seconds: TimeInterval

  init(process: Process, seconds: TimeInterval) {
    self.seconds = seconds
    due = Date(timeIntervalSinceNow: seconds)
    let identifier = process.processIdentifier
    Thread.detachNewThread { [self] in
      while true {
        Thread.sleep(forTimeInterval: 0.2)
        let (over, late) = lock.withLock { (isOver, Date() > due) }
        if over { return }
        if late {
          lock.withLock { didFire = true }
          kill(identifier, SIGKILL)
          return
        }
      }
    }
  }

  var fired: Bool { lock.withLock { didFire } }
  func reset() { lock.withLock { due = Date(timeIntervalSinceNow: seconds) } }
  func stop() { lock.withLock { isOver = true } }
}
