import Foundation

/// A folder of its own for a test that runs `ddp-train`.
package struct RunSandbox {
  package let folder: String

  package init() throws {
    folder =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-run-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  package func remove() { try? FileManager.default.removeItem(atPath: folder) }

  /// Writes a file below the folder and returns its path.
  @discardableResult
  package func file(_ name: String, _ contents: Data) throws -> String {
    let path = "\(folder)/\(name)"
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try contents.write(to: URL(fileURLWithPath: path))
    return path
  }

  @discardableResult
  package func file(_ name: String, _ text: String) throws -> String {
    try file(name, Data(text.utf8))
  }

  /// Runs `ddp-train` on some ranks; 0 runs it without mpirun.
  package func train(
    _ arguments: [String], ranks: Int, environment: [String: String] = [:],
    timeout: Duration = .seconds(60)
  ) async throws -> MPIRunResult {
    try await MPIRun.run(
      Self.program, arguments, ranks: ranks, environment: environment, directory: folder,
      timeout: timeout)
  }

  /// The lines of a run's metrics as objects.
  package func metrics(_ run: String = "run") throws -> [[String: Any]] {
    let text = try String(contentsOfFile: "\(folder)/\(run)/metrics.jsonl", encoding: .utf8)
    return try text.split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
    }
  }

  /// `ddp-train`, built beside this test.
  package static var program: String { program("ddp-train") }

  /// A program that was built beside this test.
  package static func program(_ name: String) -> String {
    let bundle = Bundle.main.executablePath ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: bundle).deletingLastPathComponent()
      .appendingPathComponent(name).path
  }

  /// The project's folder.
  package static var project: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
  }
}

/// Small data in the formats that runs read.
package enum SmallData {
  /// An IDX file: a header of sizes, then bytes.
  package static func idx(_ sizes: [Int], _ bytes: [UInt8]) -> Data {
    var data = Data([0, 0, 8, UInt8(sizes.count)])
    for size in sizes {
      withUnsafeBytes(of: UInt32(size).bigEndian) { data.append(contentsOf: $0) }
    }
    data.append(contentsOf: bytes)
    return data
  }

  /// The four files of a tiny MNIST whose classes are easy to tell: where the bright rows are.
  package static func mnist(in sandbox: RunSandbox, label: UInt8? = nil) throws {
    for (prefix, count) in [("train", 64), ("t10k", 32)] {
      var pixels: [UInt8] = []
      var labels: [UInt8] = []
      for record in 0..<count {
        let digit = UInt8(record % 10)
        labels.append(label ?? digit)
        for row in 0..<28 {
          pixels += [UInt8](repeating: row / 3 == Int(digit) ? 220 : 10, count: 28)
        }
      }
      try sandbox.file("mnist/\(prefix)-images-idx3-ubyte", idx([count, 28, 28], pixels))
      try sandbox.file("mnist/\(prefix)-labels-idx1-ubyte", idx([count], labels))
    }
  }

  /// A text with structure to learn.
  package static let text = String(
    repeating: "the cat sat on the mat and the dog ran to the cat. ", count: 80)
}
