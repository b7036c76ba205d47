import Foundation
import Testing

/// Every reader meets thousands of damaged files: it may refuse them, and may neither end the process,
/// nor take gigabytes, nor take for ever, nor show a decoder's own errors.
///
/// Each format runs in a process of its own with limited memory. `TORUS_TEST_FUZZ=1000000` reads so many
/// mutations of each format instead of 4,000.
@Suite("Damaged files")
struct ReaderFuzzingTests {
  /// Where the build leaves its programs: beside the tests.
  static let program: URL = {
    var folder = URL(fileURLWithPath: Bundle.main.executablePath ?? CommandLine.arguments[0])
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      let program = folder.appendingPathComponent("reader-fuzzing")
      if FileManager.default.isExecutableFile(atPath: program.path) { return program }
    }
    return folder
  }()

  static let formatNames: [String] = {
    let run = Process()
    let pipe = Pipe()
    run.executableURL = program
    run.arguments = ["list"]
    run.standardOutput = pipe
    do { try run.run() } catch { return [] }
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    run.waitUntilExit()
    return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
  }()

  @Test("there are files of every format")
  func formats() {
    #expect(Self.formatNames.count >= 20, "\(Self.formatNames)")
    for name in ["safetensors", "pickle", "npz", "gzip", "csv", "trace-part", "flight"] {
      #expect(Self.formatNames.contains(name))
    }
  }

  @Test("no mutation ends its reader", arguments: formatNames)
  func mutations(of format: String) async throws {
    let count =
      ProcessInfo.processInfo.environment["TORUS_TEST_FUZZ"].flatMap { Int($0) } ?? 4_000
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-fuzzing-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let progress = folder.appendingPathComponent("progress")
    let log = folder.appendingPathComponent("log")
    var first = 0
    var failures: [String] = []
    while first < count, failures.count < 5 {
      try Data().write(to: log)
      let errors = try FileHandle(forWritingTo: log)
      let run = Process()
      run.executableURL = Self.program
      run.arguments = [format, "\(first)", "\(count - first)", progress.path]
      run.standardOutput = FileHandle.nullDevice
      run.standardError = errors
      run.environment = ProcessInfo.processInfo.environment.merging(
        ["SWIFT_BACKTRACE": "enable=no"]) { $1 }
      // No thread of the tests' pool waits for it.
      try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
        run.terminationHandler = { _ in ended.resume() }
        do { try run.run() } catch { ended.resume(throwing: error) }
      }
      try errors.close()
      let said = String(decoding: try Data(contentsOf: log).prefix(500), as: UTF8.self)
      if run.terminationStatus == 0, run.terminationReason == .exit { break }
      let mark = try Data(contentsOf: progress)
      let number = Int(
        mark.withUnsafeBytes { $0.count >= 8 ? $0.loadUnaligned(as: Int64.self) : -1 })
      failures.append("\(format) \(number): status \(run.terminationStatus) \(said)")
      first = max(first, number) + 1
    }
    #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
  }
}
