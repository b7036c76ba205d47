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
}
