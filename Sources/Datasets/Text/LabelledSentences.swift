import Base
import Foundation

/// The words of a sentence with its class.
public struct LabelledWords: Sendable, Equatable {
  /// Each word's UTF-8 bytes.
  public var words: [[UInt8]]
  /// The class, counted from 0.
  public var label: Int
}

/// The numbers of a sentence's words with its class.
public struct LabelledSentence: Sendable, Equatable {
  /// The words' numbers in a ``Vocabulary``; never empty.
  public var tokens: [Int]
  /// The class, counted from 0.
  public var label: Int

  /// A sentence with its class.
  public init(tokens: [Int], label: Int) {
    self.tokens = tokens
    self.label = label
  }
}

/// Sentences with labels, one `label text` a line, as SST-2 and TREC are distributed.
///
/// Opening the file checks every line and notes where it is; the words of a line are read when it
/// is asked for. Empty lines are skipped. Lines may end with LF, CR LF or CR, and a byte order mark is
/// no part of the first label.
public struct LabelledSentences: Dataset, Sendable {
  /// Where the file is.
  public let path: String
  /// The number of classes.
  public let classCount: Int
  /// The number of words in each sentence.
  public let lengths: [Int]
  private let data: Data
  private let lines: [Line]

  /// The largest class: a model has at least a weight for each.
  public static let maximumClass = 1 << 24

  private struct Line: Sendable {
    /// Where the text is in the file.
    var range: Range<Int>
    var label: Int
  }

  /// Opens a file of sentences, gzip or plain.
  /// - Parameters:
  ///   - path: The file.
  ///   - classCount: The number of classes; one more than the largest label where nil.
  /// - Throws: ``DataError`` that names the line: a label that is no number or out of range, no
  ///   words, malformed UTF-8; or a file without records.
  public init(path: String, classCount: Int? = nil) throws(DataError) {
    data = try TextFile.contents(of: path)
    self.path = path
    var lines: [Line] = []
    var lengths: [Int] = []
    var fault: DataError?
    data.withUnsafeBytes { bytes in
      var start = 0
      var number = 0
      while start < bytes.count, fault == nil {
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        number += 1
        do throws(DataError) {
          let place = (path: path, line: number)
          if let line = try Self.parse(bytes, start..<end, at: place, classCount: classCount) {
            lines.append(line.line)
            lengths.append(line.length)
          }
        } catch {
          fault = error
        }
        start = end + 1
      }
    }
    if let fault { throw fault }
    guard !lines.isEmpty else {
      throw DataError(
        .empty, path: path, "there are no sentences", remedy: "A line holds a label and a text")
    }
    self.lines = lines
    self.lengths = lengths
    self.classCount = classCount ?? (lines.lazy.map(\.label).max() ?? 0) + 1
  }

  /// The number of sentences.
  public var count: Int { lines.count }

  /// The words and the label of one sentence.
  public subscript(index: Int) -> LabelledWords {
    let line = lines[index]
    let text = Array(data.dropFirst(line.range.lowerBound).prefix(line.range.count))
    return LabelledWords(words: splitWords(text).map(Array.init), label: line.label)
  }

  /// The size and number of records, for the shard plan.
  public var fingerprint: SourceFingerprint {
    SourceFingerprint(file: path, records: count)
  }

  /// How often each word occurs in some of the sentences: a rank's part of the training set.
  public func countWords(in records: [Range<Int>]) -> TokenCounts {
    var counts = TokenCounts()
    for index in records.joined() {
      for word in self[index].words { counts.add(word) }
    }
    return counts
  }

  /// The sentences with their words as numbers.
  public func encoded(
    by vocabulary: Vocabulary
  ) -> MappedDataset<LabelledSentences, LabelledSentence> {
    mapped { sentence in
      LabelledSentence(
        tokens: sentence.words.map { vocabulary.number(of: $0) }, label: sentence.label)
    }
  }

  private static func parse(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, at place: (path: String, line: Int),
    classCount: Int?
  ) throws(DataError) -> (line: Line, length: Int)? {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }
    func reject(_ problem: DataError.Problem, _ message: String) -> DataError {
      DataError(
        problem, path: place.path, at: "line \(place.line)", message,
        remedy: "A line holds a class from 0 to \(classCount.map { "\($0 - 1)" } ?? "N"), a blank "
          + "and the words")
    }
    guard let first = bytes[range].firstIndex(where: { !isBlank($0) }) else { return nil }
    let stop = bytes[first..<range.upperBound].firstIndex(where: isBlank) ?? range.upperBound
    let field = String(decoding: bytes[first..<stop], as: UTF8.self)
    let number = NumberText.int(field)
    if number ?? 0 > maximumClass || number == nil && NumberText.isWhole(field) {
      throw reject(.outOfRange, "the label \(field) is beyond \(maximumClass)")
    }
    guard let label = number, label >= 0 else {
      throw reject(.malformed, "“\(field)” is no class")
    }
    if let classCount, label >= classCount {
      throw reject(.outOfRange, "the label \(label) is not below the \(classCount) classes")
    }
    var length = 0
    var previousBlank = true
    for byte in bytes[stop..<range.upperBound] {
      if previousBlank, !isBlank(byte) { length += 1 }
      previousBlank = isBlank(byte)
    }
    guard length > 0 else { throw reject(.malformed, "no words follow the label") }
    return (Line(range: stop..<range.upperBound, label: label), length)
  }
}
