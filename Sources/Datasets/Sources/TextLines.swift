import Foundation
import Tensors

/// The lines of a text file, gzip or plain, without their ends; empty ones among them.
///
/// Where lines begin is found at once, and each is read when it is asked for. Lines may end with LF, CR LF or CR.
/// They are a collection, too: `for line in try TextLines(path: "corpus.txt")`.
///
/// ```swift
/// let lines = Pipeline.from(try TextLines(path: "corpus.txt")).shard(count: worldSize, index: rank)
/// ```
public struct TextLines: Dataset, RandomAccessCollection, Sendable {
  /// Where the file is.
  public let path: String
  private let data: Data
  private let starts: [Int]

  /// Opens a file.
  /// - Throws: ``DataError`` where it is missing or not UTF-8.
  public init(path: String, encoding: FileEncoding = .utf8) throws(DataError) {
    let text = try TextFile.contents(of: path, encoding: encoding)
    var starts: [Int] = []
    text.withUnsafeBytes { bytes in
      var start = 0
      while start < bytes.count {
        starts.append(start)
        start = (bytes[start...].firstIndex(of: 0x0a) ?? bytes.count) + 1
      }
    }
    (self.path, data, self.starts) = (path, text, starts)
  }

  /// The number of lines.
  public var count: Int { starts.count }

  /// 0.
  public var startIndex: Int { 0 }
  /// The number of lines.
  public var endIndex: Int { starts.count }

  /// One line.
  public subscript(index: Int) -> String {
    let start = data.startIndex + starts[index]
    let end = index + 1 < starts.count ? data.startIndex + starts[index + 1] : data.endIndex
    let line = data[start..<end]
    return String(decoding: line.last == 0x0a ? line.dropLast() : line, as: UTF8.self)
  }

  /// The size and number of lines, for the shard plan.
  public var fingerprint: SourceFingerprint {
    SourceFingerprint(file: path, records: count)
  }
}
