/// A token beside the model's vocabulary, found in the text before anything else.
public struct AddedToken: Hashable, Sendable {
  /// The text that it matches.
  public var content: String
  /// Whether it matches whole words only.
  public var singleWord: Bool
  /// Whether it takes the white space before it.
  public var lstrip: Bool
  /// Whether it takes the white space behind it.
  public var rstrip: Bool
  /// Whether it is looked for in the normalized text.
  public var normalized: Bool
  /// Whether decoding may leave it out.
  public var special: Bool

  /// A token with its rules; `normalized` is the opposite of `special` where it is not given.
  public init(
    _ content: String, singleWord: Bool = false, lstrip: Bool = false, rstrip: Bool = false,
    normalized: Bool? = nil, special: Bool = false
  ) {
    self.content = content
    self.singleWord = singleWord
    self.lstrip = lstrip
    self.rstrip = rstrip
    self.normalized = normalized ?? !special
    self.special = special
  }

  /// Tokens are equal where their text's bytes are.
  public static func == (a: AddedToken, b: AddedToken) -> Bool {
    a.content.utf8.elementsEqual(b.content.utf8) && a.singleWord == b.singleWord
      && a.lstrip == b.lstrip && a.rstrip == b.rstrip && a.normalized == b.normalized
      && a.special == b.special
  }

  /// Feeds the text's bytes.
  public func hash(into hasher: inout Hasher) {
    for byte in content.utf8 { hasher.combine(byte) }
  }
}
