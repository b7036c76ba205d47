import Base
import Foundation

/// A program that measures something whenever it is asked to: a model's steps, ours or PyTorch's, or what
/// Hugging Face's libraries do with texts.
package final class StepProcess {
  /// What a program that cannot go on said.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  private let process = Process()
  private let asked = Pipe()
  private let answers = Pipe()
  private let name: String
  private var buffer: [UInt8] = []

  /// Starts the program.
  /// - Parameter name: What errors call it.
  package init(_ name: String, _ executable: URL, _ arguments: [String], threads: Int) throws {
    self.name = name
    // A program that has ended is an error to report, not a signal to die of.
    signal(SIGPIPE, SIG_IGN)
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["OMP_NUM_THREADS": "\(threads)", "MKL_NUM_THREADS": "\(threads)"]) { $1 }
    process.standardInput = asked
    process.standardOutput = answers
    do {
      try process.run()
    } catch {
      throw Failure(description: "\(executable.path) cannot be started: \(error)")
    }
  }

  deinit {
    // The end of its input ends the program; one that hangs is killed.
    try? asked.fileHandleForWriting.close()
    let end = Date(timeIntervalSinceNow: 5)
    while process.isRunning && Date() < end { usleep(10_000) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  /// Measures steps for a number of seconds.
  /// - Throws: ``Failure`` where the program ends, says something else, or takes minutes longer.
  package func measure(seconds: Double) throws -> JSONValue {
    try ask("\(seconds)", within: 300 + 10 * seconds)
  }

  /// Asks for one measurement in the program's own words, whose answer has `key`.
  /// - Throws: ``Failure`` where the program ends, says something else, or takes longer than so many
  ///   seconds.
  package func ask(
    _ question: String, for key: String = "median_s", within seconds: Double
  ) throws -> JSONValue {
    let question = Array("\(question)\n".utf8)
    guard StandardStream.write(question, to: asked.fileHandleForWriting.fileDescriptor) == 0 else {
      throw ended()
    }
    let line = try readLine(until: Date(timeIntervalSinceNow: seconds))
    guard let answer = try? JSONParser.parse(line), answer[key] != nil else {
      throw Failure(
        description:
          "\(name) answered \"\(String(decoding: line, as: UTF8.self))\", which has no \(key)")
    }
    return answer
  }

  private func readLine(until deadline: Date) throws -> [UInt8] {
    let descriptor = answers.fileHandleForReading.fileDescriptor
    while true {
      if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
        defer { buffer.removeSubrange(...end) }
        return Array(buffer[..<end])
      }
      let rest = deadline.timeIntervalSinceNow
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard rest > 0 else {
        throw Failure(description: "\(name) took too long to answer")
      }
      let ready = poll(&entry, 1, Int32(min(rest, 1) * 1000))
      if ready == 0 || (ready < 0 && errno == EINTR) { continue }
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = read(descriptor, &bytes, bytes.count)
      guard count > 0 else { throw ended() }
      buffer += bytes[..<count]
    }
  }

  private func ended() -> Failure {
    process.waitUntilExit()
    return Failure(
      description: "\(name) ended with code \(process.terminationStatus) before it answered")
  }
}
