import Foundation
import Testing

/// The session of docs/debugging.md, run by lldb itself on the package of the first hour.
@Suite("docs/debugging.md")
struct DebuggerTests {
  @Test(
    "breakpoints, values and steps are as the page shows them",
    .enabled(if: isDebugBuild, "values and steps need a debug build"),
    .enabled(if: Debugger.found != nil, "lldb does not start a program here"),
    .timeLimit(.minutes(5)))
  func session() throws {
    let page = try String(
      contentsOf: NameTable.project.appending(path: "docs/debugging.md"), encoding: .utf8)
    let lines = page.split(whereSeparator: \.isNewline).map(String.init)
    let first = try #require(lines.firstIndex { $0.hasPrefix("$ lldb ") })
    let session = lines[(first + 1)...].prefix { $0 != "```" }
    let prompt = "(lldb) "
    let commands = session.filter { $0.hasPrefix(prompt) }
      .map { String($0.dropFirst(prompt.count)) }
    #expect(commands.count > 8)
    let program = try #require(Bundle.main.executableURL).deletingLastPathComponent()
      .appending(path: "Spirals")
    let output = try #require(Debugger.found).run(commands, program: program.path)
    // What the page shows of the answers.
    for line in session where !line.hasPrefix(prompt) {
      #expect(output.contains(line), "\(line)\n\n\(output)")
    }
    for words in [
      "SpiralNet.forward(x=Tensors.Tensor", "[0] = 128", "(0): Linear(in_features=2",
      "▿ Tensor [2] float32 [", "stop reason = step in", "Layer.swift", "frame #1:",
      "name = 'Tensors.fail'", "Failure.swift:",
    ] {
      #expect(output.contains(words), "\(words)\n\n\(output)")
    }
    #expect(!output.contains("error: "), "\(output)")
  }

  private static var isDebugBuild: Bool {
    #if DEBUG
      true
    #else
      false
    #endif
  }
}

/// An lldb that starts.
struct Debugger {
  private let environment: [String: String]

  /// The one on PATH, with the libpython that it was built with from pyenv where the system has none.
  static let found: Debugger? = {
    let plain = ProcessInfo.processInfo.environment
    let words = run(["--version"], plain)
    var environment = plain
    if let version = words.firstMatch(of: #/libpython(\d+\.\d+)\S*: cannot open/#)?.1 {
      let versions = (plain["PYENV_ROOT"] ?? NSHomeDirectory() + "/.pyenv") + "/versions"
      let names = (try? FileManager.default.contentsOfDirectory(atPath: versions)) ?? []
      guard let name = names.first(where: { $0.hasPrefix("\(version).") }) else { return nil }
      environment["PYTHONHOME"] = "\(versions)/\(name)"
      environment["LD_LIBRARY_PATH"] = "\(versions)/\(name)/lib"
    }
    let debugger = Debugger(environment: environment)
    // Where processes may not trace each other, it starts, and its programs do not.
    let output = debugger.run([], program: "/bin/true")
    return output.contains("exited with status = 0") ? debugger : nil
  }()

  /// Stops a program where the commands say; without any it runs to its end.
  func run(_ commands: [String], program: String) -> String {
    let lines = commands.isEmpty ? ["run"] : commands + ["breakpoint list", "kill"]
    return Self.run(["--batch"] + lines.flatMap { ["-o", $0] } + [program], environment)
  }

  private static func run(_ arguments: [String], _ environment: [String: String]) -> String {
    let job = Process()
    job.executableURL = URL(filePath: "/usr/bin/env")
    job.arguments = ["lldb"] + arguments
    job.environment = environment
    job.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    job.standardOutput = pipe
    job.standardError = pipe
    guard (try? job.run()) != nil else { return "" }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    job.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }
}
