import Foundation
import Testing

/// Runs `ddp-launch` as a user does, in a folder of its own, under a deadline.
final class LauncherProcess {
  /// What came of a run.
  struct Result {
    var code: Int32
    var output: String
    var error: String
    /// The lines of the output in a fixed order, since ranks speak in any.
    var sortedLines: [String] { output.split(separator: "\n").map(String.init).sorted() }
  }

  /// The folder in which it runs.
  let folder: String
  private let process = Process()
  private let deadline: Double

  /// A launcher with these arguments; `start` or `run` starts it.
  init(_ arguments: [String], environment: [String: String] = [:], deadline: Double = 60) throws {
    self.deadline = deadline
    folder =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-launch-\(UUID().uuidString.prefix(8))").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    process.executableURL = Self.products.appendingPathComponent("ddp-launch")
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  }

  deinit {
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Where the build leaves its programs: beside the tests.
  static let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent()

  /// The launcher's process.
  var pid: Int32 { process.processIdentifier }

  /// Starts the launcher with its output going to files.
  func start() throws {
    for name in ["out", "err"] {
      try Data().write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    process.standardOutput = FileHandle(forWritingAtPath: "\(folder)/out")
    process.standardError = FileHandle(forWritingAtPath: "\(folder)/err")
    try process.run()
  }

  /// Waits for the launcher's end; past the deadline it is killed, and that is a failure.
  func finish() throws -> Result {
    try waitUntil("the launcher ends") { !process.isRunning }
    func text(_ name: String) throws -> String {
      String(
        decoding: try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")), as: UTF8.self)
    }
    let code = process.terminationStatus
    return Result(
      code: process.terminationReason == .uncaughtSignal ? -code : code, output: try text("out"),
      error: try text("err"))
  }

  /// Starts the launcher and waits for its end.
  static func run(
    _ arguments: String..., environment: [String: String] = [:], deadline: Double = 60
  ) throws -> Result {
    let launcher = try LauncherProcess(arguments, environment: environment, deadline: deadline)
    try launcher.start()
    return try launcher.finish()
  }

  /// Waits until the workers have each left a file of that name in the folder; returns the
  /// numbers in them, such as their process ids.
  func numbers(_ names: [String]) throws -> [Int32] {
    func number(_ name: String) -> Int32? {
      let text = try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
      return text.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
    try waitUntil("the workers have begun") { names.allSatisfy { number($0) != nil } }
    return names.compactMap(number)
  }

  /// Waits for a condition, at most until the deadline.
  func waitUntil(_ what: Comment, _ condition: () -> Bool) throws {
    let end = Date().addingTimeInterval(deadline)
    while !condition() {
      if Date() > end {
        kill(pid, SIGKILL)
        process.waitUntilExit()
        let said = try? String(contentsOfFile: "\(folder)/err", encoding: .utf8)
        try #require(Bool(false), "past \(deadline) s, waiting until \(what): \(said ?? "")")
      }
      usleep(5000)
    }
  }

  /// Waits until none of the processes runs any more.
  func waitUntilGone(_ processes: [Int32]) throws {
    try waitUntil("no worker is left") { processes.allSatisfy { !Self.runs($0) } }
  }

  /// Whether a process runs; one that has ended and that nobody has asked about does not.
  private static func runs(_ pid: Int32) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let name = text.lastIndex(of: ")")
    else { return false }
    return !text[name...].hasPrefix(") Z")
  }

  /// Whether Open MPI is installed, without which jobs cannot run.
  static let hasMPI = ["/usr/bin", "/usr/local/bin"].contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/mpirun")
  }
}
