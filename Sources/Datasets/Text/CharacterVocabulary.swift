import Foundation

/// The characters (Unicode scalars) that a model knows, numbered in order of their code points.
public struct CharacterVocabulary: Sendable, Equatable {
  /// The characters in order of their numbers.
  public let scalars: [Unicode.Scalar]
  private let numbers: [UInt32: Int32]

  /// All characters that were counted.
  public init(counts: TokenCounts) {
    // The order of UTF-8 bytes is the order of code points.
    self.init(
      scalars: counts.counts.keys.flatMap { String(decoding: $0, as: UTF8.self).unicodeScalars })
  }

  /// The given characters, each once.
  public init(scalars: some Sequence<Unicode.Scalar>) {
    let ordered = Set(scalars).sorted()
    self.scalars = ordered
    numbers = Dictionary(
      uniqueKeysWithValues: zip(ordered.map(\.value), (0..<Int32(ordered.count))))
  }

  /// The number of characters.
  public var count: Int { scalars.count }

  /// The numbers of a text's characters.
  /// - Throws: ``DataError`` that names the first character that the vocabulary lacks.
  public func encode(_ text: String, path: String = "") throws(DataError) -> [Int32] {
    var result: [Int32] = []
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      guard let number = numbers[scalar.value] else {
        throw DataError(
          .outOfRange, path: path,
          "the character “\(scalar)” (U+\(String(scalar.value, radix: 16, uppercase: true))) is "
            + "not in the vocabulary of \(count)",
          remedy: "Use characters that the training text has")
      }
      result.append(number)
    }
    return result
  }

  /// The text of some characters' numbers.
  /// - Precondition: Every number is below ``count``.
  public func decode(_ numbers: some Sequence<some BinaryInteger>) -> String {
    var text = String.UnicodeScalarView()
    for number in numbers { text.append(scalars[Int(number)]) }
    return String(text)
  }
}

extension CharacterVocabulary: Codable {
  /// Writes the code points.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(scalars.map(\.value))
  }

  /// Reads a list of code points.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let values = try container.decode([UInt32].self)
    let scalars = values.compactMap(Unicode.Scalar.init)
    self.init(scalars: scalars)
    guard self.scalars.map(\.value) == values else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "a character vocabulary is an ascending list of code points")
    }
  }
}
