import Testing
import Tokenizers

/// Classes of characters as Oniguruma reads them in tokenizer files.
@Suite("Classes in patterns")
struct RegexClassTests {
  /// Which of some letters a pattern finds.
  private func found(_ pattern: String, in letters: String) throws -> String {
    let quoted = pattern.replacing("\\", with: "\\\\")
    let tokenizer = try SmallTokenizer.make(
      normalizer: #"{"type": "Replace", "pattern": {"Regex": "\#(quoted)"}, "content": "a"}"#,
      preTokenizer:
        #"{"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated", "invert": false}"#,
      model: SmallTokenizer.words)
    return try String(
      String.UnicodeScalarView(
        letters.unicodeScalars.filter { try tokenizer.ids(of: String($0)) == [1] }))
  }

  @Test(
    "POSIX classes and properties hold what tokenizers 0.23 finds",
    arguments: [
      ("[[:upper:]]", "AΣⅠⒶ"), ("[[:lower:]]", "zσςßªⅰ"), (#"\p{Uppercase}"#, "AΣⅠⒶ"),
      ("[[:graph:]]", "AzΣσςß²ªⅠⅰⒶ1!$"), ("[[:print:]]", "AzΣσςß²ªⅠⅰⒶ1!$ "), (#"\p{Punct}"#, "!"),
      ("[[:punct:]]", "Ⓐ!$"), (#"\w"#, "AzΣσςß²ªⅠⅰⒶ1"), (#"[\w]"#, "AzΣσςßªⅠⅰⒶ1"),
      ("[[:word:]]", "AzΣσςßªⅠⅰⒶ1"), (#"(?i)\p{Lu}"#, "AΣ"), (#"(?i)[\p{Lu}]"#, "AzΣσςß"),
      ("(?i)σ", "Σσς"), ("(?i)[^a-z]", "Σσςß²ªⅠⅰⒶ1!$ \t"),
    ])
  func classes(pattern: String, expected: String) throws {
    #expect(try found(pattern, in: "AzΣσςß²ªⅠⅰⒶ1!$ \t") == expected, "\(pattern)")
  }

  @Test(
    "Scripts and properties have their long and short names",
    arguments: [
      (#"\p{Emoji}"#, "1🙂👍"), (#"\p{Emoji_Presentation}"#, "🙂👍"), (#"\p{ExtPict}"#, "🙂👍"),
      (#"\p{Ideographic}"#, "東〇"), (#"\p{Math}"#, "+∑"), (#"\p{Grek}"#, "Ω"), (#"\p{greek}"#, "Ω"),
      (#"\p{Uppercase_Letter}"#, "ΩÉ"), (#"\p{Decimal Number}"#, "1"), (#"\p{^Assigned}"#, ""),
      (#"\p{Dash}"#, "—"), (#"[\p{Emoji}&&\P{N}]"#, "🙂👍"), (#"\p{QMark}"#, "“"),
    ])
  func properties(pattern: String, expected: String) throws {
    #expect(try found(pattern, in: "1🙂👍東〇+∑ΩÉ—“") == expected, "\(pattern)")
  }

  @Test("A pattern asks for a property that there is not")
  func unknownProperty() {
    #expect(throws: (any Error).self) { try found(#"\p{Nothing}"#, in: "a") }
  }

  /// Whether a text, with `-` in the place of a pattern's matches, is another.
  private func replaces(_ pattern: String, in text: String, giving expected: String) throws -> Bool
  {
    let tokenizer = try SmallTokenizer.make(
      normalizer: #"{"type": "Replace", "pattern": {"Regex": "\#(pattern)"}, "content": "-"}"#,
      model:
        #"{"type": "WordLevel", "vocab": {"<unk>": 0, "\#(expected)": 1}, "unk_token": "<unk>"}"#)
    return try tokenizer.ids(of: text) == [1]
  }

  @Test(
    "Where case does not matter, letters are also what folds to them",
    arguments: [
      ("(?i)ss", "ss ß ẞ sſ s", "- - - - s"), ("(?i)ß", "SS ß s", "- - s"),
      ("(?i)sss", "sß ßs", "sß -"), ("(?i)s(?:s)", "ß", "-"), ("(?i)s(s)", "ß ss", "ß -"),
      ("(?i)s+", "ß ss", "ß -"), ("(?i)[ß]t", "sst ßt t", "- - t"), ("(?i)[^ß]", "ßs", "ß-"),
      ("(?i)ffi", "ﬃ FFI ﬀi fﬁ", "- - ﬀi fﬁ"), ("(?i)(?<=ß)t", "sst ßt", "sst ß-"),
      ("(?i)ᾳ", "αι ᾼ", "- -"), ("(?i:ss)|ss", "ß", "-"), ("(?i)[a-zß]+", "ßas", "-"),
    ])
  func folding(pattern: String, text: String, expected: String) throws {
    #expect(try replaces(pattern, in: text, giving: expected), "\(pattern)")
  }
}
