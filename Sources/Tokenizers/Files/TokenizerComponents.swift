import Base
import Synchronization

/// Parts of pipelines that a program adds to those of tokenizer.json, each under the `type` by which the
/// file calls it (`PreTokenizer.custom` and its like in the tokenizers library, but saved and loaded as
/// any other).
///
/// A part is made of its JSON object, whose members are its settings, and used by many threads at once.
/// Parts that are there already keep their types.
///
/// ```swift
/// // "pre_tokenizer": {"type": "Halves", "least": 4}
/// TokenizerComponents.register(preTokenizer: "Halves") { settings in
///   let least = settings.count("least") ?? 2
///   return { text in
///     guard text.count >= least else { return [text.startIndex..<text.endIndex] }
///     let middle = text.index(text.startIndex, offsetBy: text.count / 2)
///     return [text.startIndex..<middle, middle..<text.endIndex]
///   }
/// }
/// ```
public enum TokenizerComponents {
  /// The words of a text, in order and without overlaps; what lies between them falls away.
  public typealias PreTokenizing = @Sendable (_ text: String) -> [Range<String.Index>]
  /// What takes a code point's place: nothing, or one or more that stand for the same of the original.
  public typealias Normalizing = @Sendable (_ scalar: Unicode.Scalar) -> String
  /// The texts that tokens become, which are put together without spaces.
  public typealias Decoding = @Sendable (_ tokens: [String]) -> [String]

  private struct Makers {
    var preTokenizers: [String: @Sendable (ComponentSettings) throws -> PreTokenizing] = [:]
    var normalizers: [String: @Sendable (ComponentSettings) throws -> Normalizing] = [:]
    var decoders: [String: @Sendable (ComponentSettings) throws -> Decoding] = [:]
  }

  private static let makers = Mutex(Makers())

  /// Adds a part that divides texts into words.
  /// - Parameters:
  ///   - type: What the file calls it.
  ///   - make: Makes it of its settings; what it throws is the file's error.
  public static func register(
    preTokenizer type: String, make: @escaping @Sendable (ComponentSettings) throws -> PreTokenizing
  ) {
    makers.withLock { $0.preTokenizers[type] = make }
  }

  /// Adds a part that changes a text before it is divided, code point by code point.
  /// - Parameters:
  ///   - type: What the file calls it.
  ///   - make: Makes it of its settings; what it throws is the file's error.
  public static func register(
    normalizer type: String, make: @escaping @Sendable (ComponentSettings) throws -> Normalizing
  ) {
    makers.withLock { $0.normalizers[type] = make }
  }

  /// Adds a part that makes tokens text again.
  /// - Parameters:
  ///   - type: What the file calls it.
  ///   - make: Makes it of its settings; what it throws is the file's error.
  public static func register(
    decoder type: String, make: @escaping @Sendable (ComponentSettings) throws -> Decoding
  ) {
    makers.withLock { $0.decoders[type] = make }
  }

  static func preTokenizer(_ type: String, _ settings: JSONValue) throws -> (any PreTokenizer)? {
    try makers.withLock { $0.preTokenizers[type] }.map {
      RegisteredPreTokenizer(words: try $0(ComponentSettings(settings)))
    }
  }

  static func normalizer(_ type: String, _ settings: JSONValue) throws -> (any Normalizer)? {
    try makers.withLock { $0.normalizers[type] }.map {
      RegisteredNormalizer(change: try $0(ComponentSettings(settings)))
    }
  }

  static func decoder(_ type: String, _ settings: JSONValue) throws -> (any TokenDecoder)? {
    try makers.withLock { $0.decoders[type] }.map {
      RegisteredDecoder(texts: try $0(ComponentSettings(settings)))
    }
  }
}

/// The settings of a component: the members of its object in tokenizer.json.
public struct ComponentSettings: Sendable {
  private let object: JSONValue

  init(_ object: JSONValue) { self.object = object }

  /// A text; nil where there is none of that name.
  public func string(_ name: String) -> String? { object[name]?.string }
  /// A whole number that is not negative; nil where there is none of that name.
  public func count(_ name: String) -> Int? { object[name]?.count }
  /// A number; nil where there is none of that name.
  public func double(_ name: String) -> Double? { object[name]?.double }
  /// Whether something holds; nil where that is not said.
  public func bool(_ name: String) -> Bool? { object[name]?.bool }
  /// A list of texts; nil where there is none of that name, or one that holds something else.
  public func strings(_ name: String) -> [String]? {
    guard let array = object[name]?.array else { return nil }
    let texts = array.compactMap(\.string)
    return texts.count == array.count ? texts : nil
  }
}

private struct RegisteredPreTokenizer: PreTokenizer {
  let words: TokenizerComponents.PreTokenizing

  func preTokenize(_ text: inout PreTokenized) {
    text.divide { p, range, keep in
      let bytes = UnsafeBufferPointer(start: p + range.lowerBound, count: range.count)
      let piece = String(decoding: bytes, as: UTF8.self)
      var done = 0
      for word in words(piece) {
        let start = piece.utf8.distance(from: piece.startIndex, to: word.lowerBound)
        let end = piece.utf8.distance(from: piece.startIndex, to: word.upperBound)
        // Words that overlap begin where the one before them ends.
        keep(range.lowerBound + max(start, done), range.lowerBound + min(end, range.count))
        done = max(done, end)
      }
    }
  }
}

private struct RegisteredNormalizer: Normalizer {
  let change: TokenizerComponents.Normalizing

  func normalize(_ text: inout AlignedText) {
    text.rewrite(plain: { _ in false }) { value, out in
      guard let scalar = Unicode.Scalar(value) else { return out.put(value) }
      for new in change(scalar).unicodeScalars { out.put(new.value) }
    }
  }
}

private struct RegisteredDecoder: TokenDecoder {
  let texts: TokenizerComponents.Decoding

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    texts(tokens.map { String(decoding: $0, as: UTF8.self) }).map { Array($0.utf8) }
  }
}
