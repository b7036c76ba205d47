import Base
import CProcess
import Foundation
import Training

/// A trial's run as a process of its own, which ends with this one however that ends.
///
/// One worker is `ddp-train` itself; several are started by `ddp-launch`.
struct TrialProcess {
  let job: Sweep.Job
  private let pid: Int32
  private var logPath: String { Self.log(job) }

  private static func log(_ job: Sweep.Job) -> String { "\(job.folder)/log.txt" }

  /// Starts a trial; its output goes to `log.txt` in its folder.
  /// - Parameters:
  ///   - workers: Its workers.
  ///   - threads: Compute threads of each.
  init(_ job: Sweep.Job, workers: Int, threads: Int) throws {
    self.job = job
    let own = Bundle.main.executablePath ?? CommandLine.arguments[0]
    var (path, arguments) = (own, job.arguments)
    if workers > 1 {
      path = try Self.launcher(beside: own)
      arguments = ["-n", "\(workers)", "--threads-per-rank", "\(threads)", "--", own] + arguments
    }
    var environment = ProcessInfo.processInfo.environment
    if workers == 1 { environment["OMP_NUM_THREADS"] = "\(threads)" }
    try? FileManager.default.createDirectory(
      atPath: job.folder, withIntermediateDirectories: true)
    let output = open(Self.log(job), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard output >= 0 else {
      throw RunLogError.cannotOpen(Self.log(job), errno: errno)
    }
    let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
    defer {
      close(input)
      close(output)
    }
    var words = ([path] + arguments).map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in words + variables { free(pointer) } }
    let pid = path.withCString { path in
      words.withUnsafeMutableBufferPointer { words in
        variables.withUnsafeMutableBufferPointer { variables in
          // The terminal's signals are for the sweep, which tells its trials in its own words.
          var child = torus_child(
            path: path, arguments: words.baseAddress, environment: variables.baseAddress,
            input: input, output: output, error: output, own_group: 1, death_signal: SIGTERM)
          return torus_start(&child)
        }
      }
    }
    guard pid > 0 else { throw SweepError.cannotStart(path, errno: -pid) }
    self.pid = pid
  }

  /// `ddp-launch`, beside this program or on PATH.
  private static func launcher(beside program: String) throws -> String {
    let own = URL(fileURLWithPath: program).resolvingSymlinksInPath().deletingLastPathComponent()
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let places = [own.path] + path.split(separator: ":").map(String.init)
    for place in places where access("\(place)/ddp-launch", X_OK) == 0 {
      return "\(place)/ddp-launch"
    }
    throw SweepError.noLauncher(searched: places)
  }

  /// How the run ended; nil while it goes on.
  func exitCode() -> Int32? {
    var status: Int32 = 0
    guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
    let signal = status & 0x7f
    return signal == 0 ? (status >> 8) & 0xff : 128 + signal
  }

  /// Asks the run to save and stop.
  func stop() { kill(pid, SIGTERM) }

  /// Ends the run and its whole group.
  func end() { kill(-pid, SIGKILL) }

  /// Why the run failed, by the last line that it wrote.
  func failure(_ code: Int32) -> String {
    let data = FileManager.default.contents(atPath: logPath) ?? Data()
    let lines = String(decoding: data.suffix(4096), as: UTF8.self)
      .split(whereSeparator: \.isNewline).filter { $0.contains("ddp-train") || $0.contains(": ") }
    let last = lines.last { $0.contains("ddp-train: ") } ?? lines.last
    let words = last.map { ": " + $0.prefix(300) } ?? ""
    return (code > 128 ? "signal \(code - 128)" : "exit code \(code)") + words
  }
}

/// Why trials cannot be run.
enum SweepError: Error, CustomStringConvertible {
  case cannotStart(String, errno: Int32)
  case noLauncher(searched: [String])
  case withinJob
  case allFailed(Int, folder: String)

  var description: String {
    switch self {
    case .cannotStart(let path, let code):
      "\(path) cannot be started: \(String(cString: strerror(code)))"
    case .noLauncher(let places):
      "trials of several workers need ddp-launch: looked for it in \(places.joined(separator: ", ")); set workers: 1, or put it there"
    case .withinJob:
      "a sweep starts the workers of its trials itself; run it without mpirun and ddp-launch, and set workers in its file"
    case .allFailed(let count, let folder):
      "all \(count) trials failed; see \(folder)/trial-0001/log.txt"
    }
  }
}
