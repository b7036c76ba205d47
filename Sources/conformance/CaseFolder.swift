import Foundation

/// A folder of `NAME.json` and `NAME.safetensors` pairs.
struct CaseFolder {
  /// The names, in the order of their code points.
  let names: [String]
  private let url: URL

  init(_ url: URL) throws {
    self.url = url
    let files: [String]
    do {
      files = try FileManager.default.contentsOfDirectory(atPath: url.path)
    } catch {
      throw RunnerError("\(url.path) is not a folder that can be read")
    }
    names = files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    guard !names.isEmpty else { throw RunnerError("\(url.path) holds no NAME.json") }
  }

  func json(_ name: String) throws -> Data {
    try Data(contentsOf: url.appendingPathComponent("\(name).json"))
  }

  func tensors(_ name: String) throws -> TensorFile {
    try TensorFile(url.appendingPathComponent("\(name).safetensors"))
  }
}
