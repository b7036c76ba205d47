import Base
import Collectives
import Foundation
import Training

/// What features are made of: a file's bytes, the tokenizer, and all settings that make a difference.
struct TokenCacheKey {
  /// The form of the files; another one is as good as another key.
  private static let form = "2"
  private(set) var parts: [(name: String, value: String)] = [
    ("form", form), ("version", TorusVersion.text),
  ]

  subscript(name: String) -> String? {
    get { parts.last { $0.name == name }?.value }
    set {
      parts.removeAll { $0.name == name }
      if let newValue { parts.append((name, newValue)) }
    }
  }

  /// The sums of files.
  mutating func add(_ contents: [DataContents.File]) {
    self["files"] = contents.map { "\($0.bytes):\($0.crc32)" }.joined(separator: " ")
  }

  /// All parts, each on a line.
  var text: String {
    parts.map { "\($0.name)=\(quotedJSON($0.value))" }.sorted().joined(separator: "\n")
  }

  /// A short name for it.
  var digest: String { Self.digest(Array(text.utf8)) }

  /// A short name for bytes.
  static func digest(_ bytes: [UInt8]) -> String {
    let sum = bytes.withUnsafeBytes { Checksum.of($0) }
    let digits = String(sum, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
