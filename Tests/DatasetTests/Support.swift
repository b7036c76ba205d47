import Archives
import Datasets
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
  func write(_ name: String, _ bytes: some Sequence<UInt8>, gzip: Bool = false) throws -> String {
    let file = URL(fileURLWithPath: path).appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    let data = Data(bytes)
    try (gzip ? Gzip.compress(data) : data).write(to: file)
    return file.path
  }

  @discardableResult
  func write(_ name: String, _ text: String, gzip: Bool = false) throws -> String {
    try write(name, Array(text.utf8), gzip: gzip)
  }
}

/// Expects a ``DataError`` of a kind whose message holds all the given words.
func expectDataError(
  _ problem: DataError.Problem, _ words: String..., from body: () throws -> Void,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let error = #expect(throws: DataError.self, sourceLocation: sourceLocation, performing: body)
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
  let folder = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
  return try JSONDecoder().decode(
    Value.self, from: Data(contentsOf: folder.appending(path: "\(name).json")))
}

/// Numbers as they stand in IDX headers.
func bigEndian(_ values: Int...) -> [UInt8] {
  values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
}
