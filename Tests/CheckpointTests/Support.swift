import Checkpoints
import Foundation
import Testing

/// A folder that is gone when its last reference is.
final class TemporaryFolder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    let file = "\(path)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  /// The names of what is in the folder.
  var contents: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}

/// Expects a ``CheckpointError`` of a kind whose message holds all the given words.
func expectCheckpointError(
  _ problem: CheckpointError.Problem, _ words: String..., from body: () throws -> Void,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let error = #expect(
    throws: CheckpointError.self, sourceLocation: sourceLocation, performing: body)
  guard let error else { return }
  #expect(error.problem == problem, "\(error)", sourceLocation: sourceLocation)
  #expect(!error.remedy.isEmpty, sourceLocation: sourceLocation)
  for word in words {
    #expect(
      error.description.contains(word), "“\(error)” lacks “\(word)”",
      sourceLocation: sourceLocation)
  }
}

/// Golden values from a JSON file beside the program that wrote it.
func golden<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
  try JSONDecoder().decode(Value.self, from: goldenData(name, "json"))
}

func goldenData(_ name: String, _ ending: String) throws -> Data {
  let url = try #require(
    Bundle.module.url(forResource: name, withExtension: ending, subdirectory: "Golden"))
  return try Data(contentsOf: url)
}

/// The bytes that hexadecimal digits stand for.
func bytes(hex: String) -> Data {
  let digits = hex.utf8.map { UInt8(Character(Unicode.Scalar($0)).hexDigitValue ?? 0) }
  return Data(stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
}

/// A tensor of whole numbers to be saved.
func stored(_ name: String, _ values: [Float]) -> StoredTensor {
  StoredTensor(
    name: name, dtype: .float32, shape: [values.count],
    bytes: values.withUnsafeBytes { Data($0) })
}
