import Archives
import Foundation

/// A folder of `NAME.json` and `NAME.safetensors` pairs, any of them compressed by gzip.
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
    names = Set(
      files.compactMap { file in
        [".json", ".json.gz"].first { file.hasSuffix($0) }.map { String(file.dropLast($0.count)) }
      }
    ).sorted()
    guard !names.isEmpty else { throw RunnerError("\(url.path) holds no NAME.json") }
  }

  func json(_ name: String) throws -> Data {
    try url.appendingPathComponent("\(name).json").unpacked()
  }

  func tensors(_ name: String) throws -> TensorFile {
    try TensorFile(url.appendingPathComponent("\(name).safetensors"))
  }
}

extension URL {
  /// The file itself, or the one of a name in this folder.
  func file(_ name: String) -> URL {
    pathExtension == "json" ? self : appendingPathComponent(name)
  }

  /// The file's contents or, where there is only `NAME.gz`, that file's decompressed.
  func unpacked() throws -> Data {
    if FileManager.default.fileExists(atPath: path) { return try Data(contentsOf: self) }
    let packed = appendingPathExtension("gz")
    guard FileManager.default.fileExists(atPath: packed.path) else {
      throw RunnerError("there is no \(path)")
    }
    return try Gzip.decompress(Data(contentsOf: packed))
  }
}
