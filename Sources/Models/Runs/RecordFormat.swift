/// What a data source's records are, as far as a model must know it to be made: sizes, numbers of
/// classes. A source says it, and a model names the type that it takes.
///
/// A run saves it as `records.json`, from which the model can be made again without the data.
public protocol RecordFormat: Codable, Equatable, Sendable {
  /// What messages call such records: `images`.
  static var name: String { get }
}

/// Images of one size with labels. A batch is `[N, channels, height, width]`, then labels `[N]`.
public struct ImageRecords: RecordFormat {
  /// `images`
  public static let name = "images"
  /// Channels, height and width.
  public let shape: [Int]
  /// The number of labels.
  public let classes: Int

  /// Images of `[channels, height, width]`.
  public init(shape: [Int], classes: Int) {
    (self.shape, self.classes) = (shape, classes)
  }
}

/// Windows of a text. A batch is numbers of characters `[N, context]`, then of those that follow each
/// of them `[N, context]`.
public struct CharacterRecords: RecordFormat {
  /// `characters`
  public static let name = "characters"
  /// The number of different characters.
  public let vocabulary: Int
  /// Characters in a window.
  public let context: Int

  /// Windows of `context` characters out of so many different ones.
  public init(vocabulary: Int, context: Int) {
    (self.vocabulary, self.context) = (vocabulary, context)
  }
}

/// Sentences with labels. A batch is word numbers `[N, T]` padded with 0, lengths `[N]`, then labels
/// `[N]`.
public struct SentenceRecords: RecordFormat {
  /// `sentences`
  public static let name = "sentences"
  /// The number of different words, padding and unknown included.
  public let vocabulary: Int
  /// The number of labels.
  public let classes: Int

  /// Sentences of so many different words.
  public init(vocabulary: Int, classes: Int) {
    (self.vocabulary, self.classes) = (vocabulary, classes)
  }
}
