import Foundation

/// The words that a model knows, each with a number. Keyed by UTF-8 bytes.
public struct Vocabulary: Sendable, Equatable {
  /// The number of the padding token: 0.
  public static let padding = 0
  /// The number of the token for all unknown words: 1.
  public static let unknown = 1

  /// All words in order of their numbers; the first two are `<pad>` and `<unk>`.
  public let words: [String]
  private let numbers: [[UInt8]: Int]

  /// The most frequent words of a text.
  ///
  /// Words are numbered by falling count, and by their bytes where counts are equal, so every rank
  /// that has the same sums builds the same vocabulary.
  /// - Parameters:
  ///   - counts: The words' counts over all ranks.
  ///   - minimumCount: Rarer words are unknown.
  ///   - maximumSize: The most entries, `<pad>` and `<unk>` among them.
  public init(counts: TokenCounts, minimumCount: Int = 1, maximumSize: Int = .max) {
    let kept = counts.counts.filter { $0.value >= minimumCount }.sorted {
      $0.value != $1.value ? $0.value > $1.value : $0.key.lexicographicallyPrecedes($1.key)
    }
    let special = ["<pad>", "<unk>"]
    let reserved = Set(special.map { Array($0.utf8) })
    let words = kept.lazy.filter { !reserved.contains($0.key) }
      .prefix(max(0, maximumSize - special.count)).map { String(decoding: $0.key, as: UTF8.self) }
    self.init(ordered: special + words)
  }

  private init(ordered words: [String]) {
    self.words = words
    numbers = Dictionary(
      zip(words.map { Array($0.utf8) }, words.indices), uniquingKeysWith: { first, _ in first })
  }

  /// The number of entries, `<pad>` and `<unk>` among them.
  public var count: Int { words.count }

  /// The number of a word, or ``unknown``.
  public func number(of word: some Sequence<UInt8>) -> Int {
    numbers[Array(word)] ?? Self.unknown
  }

  /// The numbers of the words of a text that blanks separate.
  public func encode(_ text: String) -> [Int] {
    splitWords(Array(text.utf8)).map { number(of: $0) }
  }

  /// Two vocabularies are equal where their words are the same bytes in the same order.
  public static func == (a: Vocabulary, b: Vocabulary) -> Bool {
    a.words.elementsEqual(b.words) { $0.utf8.elementsEqual($1.utf8) }
  }
}

extension Vocabulary: Codable {
  /// Writes the list of words.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(words)
  }

  /// Reads a list of words that begins with `<pad>` and `<unk>` and names none twice.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    self.init(ordered: try container.decode([String].self))
    guard words.starts(with: ["<pad>", "<unk>"]), numbers.count == words.count else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "a vocabulary begins with <pad> and <unk> and names no word twice")
    }
  }
}

/// The words of a line, which blanks and tabs separate.
func splitWords(_ line: [UInt8]) -> [ArraySlice<UInt8>] {
  line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
}
