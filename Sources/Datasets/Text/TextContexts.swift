import Foundation
import Synchronization
import Tensors

/// A piece of text with, for each character, the one that follows.
public struct TextContext: Sendable, Equatable {
  /// The characters' numbers.
  public var inputs: [Int]
  /// The numbers of the characters that follow them.
  public var targets: [Int]

  /// A piece of text.
  public init(inputs: [Int], targets: [Int]) {
    self.inputs = inputs
    self.targets = targets
  }
}

/// All contexts of one length in a part of a ``TextCorpus``.
///
/// The corpus is divided by position: the texts one after another, the first 90 % of the characters
/// to train on and the rest to validate with. Contexts stay within one text, so texts can be dealt
/// to ranks; a text is read when its first context is asked for.
public struct TextContexts: Dataset, Sendable {
  /// Which part of the corpus.
  public enum Part: Sendable {
    /// The characters before the boundary; every position starts a context.
    case training
    /// The characters after it; contexts follow one another without overlap.
    case validation
  }

  /// The number of characters in a context.
  public let contextLength: Int
  /// The number of contexts.
  public let count: Int
  /// What the source looks like, one file for each text, for the shard plan.
  public let fingerprint: SourceFingerprint
  private let stride: Int
  private let pieces: [Piece]
  private let store: TextStore

  /// The part of one text that belongs to this part of the corpus.
  private struct Piece: Sendable {
    var file: Int
    var start: Int
    /// How many contexts come before this piece's first.
    var firstContext: Int
  }

  /// The contexts of one part.
  /// - Parameters:
  ///   - corpus: The scanned texts.
  ///   - part: Which part of them.
  ///   - contextLength: The number of characters in a context.
  ///   - trainingShare: Where the boundary is, as a share of all characters.
  ///   - vocabulary: The numbers of the characters.
  /// - Throws: ``DataError`` where no text of the part is longer than a context.
  public init(
    _ corpus: TextCorpus, _ part: Part, contextLength: Int, trainingShare: Double = 0.9,
    vocabulary: CharacterVocabulary
  ) throws(DataError) {
    require(contextLength > 0, "TextContexts", "the context length is \(contextLength)")
    let total = corpus.characterCount
    let boundary = Int(Double(total) * trainingShare)
    let range = part == .training ? 0..<boundary : boundary..<total
    stride = part == .training ? 1 : contextLength

    var pieces: [Piece] = []
    var files: [SourceFingerprint.File] = []
    var position = 0
    var contexts = 0
    var longest = 0
    for (index, file) in corpus.files.enumerated() {
      let inside = (position..<position + file.characters).clamped(to: range)
      longest = max(longest, inside.count)
      let here =
        inside.count > contextLength ? (inside.count - contextLength - 1) / stride + 1 : 0
      pieces.append(
        Piece(file: index, start: inside.lowerBound - position, firstContext: contexts))
      files.append(SourceFingerprint.File(name: file.name, bytes: file.bytes, records: here))
      contexts += here
      position += file.characters
    }
    guard contexts > 0 else {
      throw DataError(
        .tooSmall, path: corpus.files.count == 1 ? corpus.path(of: corpus.files[0]) : corpus.folder,
        "the longest text to \(part == .training ? "train on" : "validate with") has \(longest) "
          + "characters; a context of \(contextLength) needs \(contextLength + 1)",
        remedy: "Use a longer text or a shorter context")
    }
    self.contextLength = contextLength
    self.pieces = pieces
    count = contexts
    fingerprint = SourceFingerprint(records: contexts, files: files)
    store = TextStore(corpus, vocabulary)
  }

  /// The context at `index`.
  public subscript(index: Int) -> TextContext {
    get throws {
      require(index >= 0 && index < count, "TextContexts", "index \(index) of \(count) contexts")
      var low = 0
      var high = pieces.count
      while high - low > 1 {
        let middle = (low + high) / 2
        if pieces[middle].firstContext <= index { low = middle } else { high = middle }
      }
      let piece = pieces[low]
      let start = piece.start + (index - piece.firstContext) * stride
      let tokens = try store.tokens(of: piece.file)
      guard start + contextLength < tokens.count else { throw store.changed(piece.file) }
      let window = tokens[start...(start + contextLength)]
      return TextContext(
        inputs: window.dropLast().map(Int.init), targets: window.dropFirst().map(Int.init))
    }
  }
}

/// The texts of a corpus as numbers, each read once when it is first needed.
private final class TextStore: Sendable {
  private let corpus: TextCorpus
  private let vocabulary: CharacterVocabulary
  private let texts = Mutex<[Int: [Int32]]>([:])

  init(_ corpus: TextCorpus, _ vocabulary: CharacterVocabulary) {
    self.corpus = corpus
    self.vocabulary = vocabulary
  }

  func tokens(of file: Int) throws -> [Int32] {
    try texts.withLock { texts in
      if let known = texts[file] { return known }
      let path = corpus.path(of: corpus.files[file])
      let tokens = try vocabulary.encode(corpus.read(file), path: path)
      guard tokens.count == corpus.files[file].characters else { throw changed(file) }
      texts[file] = tokens
      return tokens
    }
  }

  func changed(_ file: Int) -> DataError {
    DataError(
      .mismatch, path: corpus.path(of: corpus.files[file]),
      "the text has changed since the shard plan was made",
      remedy: "Restore it, or start a new run, which makes a new plan")
  }
}
