/// What Split and Replace look for: a text, or a regular expression.
struct TextPattern: Sendable {
  enum Form: Sendable {
    case text([UInt8])
    case expression(RegexMatcher)
    case words(WordScanner)
  }

  let form: Form

  init(text: String) { form = .text(Array(text.utf8)) }

  /// A regular expression; those of well-known tokenizers have scanners of their own.
  init(expression: String) throws(RegexError) {
    if let scanner = WordScanner(expression) {
      form = .words(scanner)
    } else {
      form = .expression(try RegexMatcher(expression))
    }
  }

  /// Gives the matches' borders in a part of a text, one after the other.
  func matches(_ p: UnsafePointer<UInt8>, _ range: Range<Int>, _ body: (Int, Int) -> Void) {
    switch form {
    case .expression(let matcher): matcher.matches(p, range, body)
    case .words(let scanner):
      var i = range.lowerBound
      while i < range.upperBound {
        let end = scanner.end(of: p, i, range.upperBound)
        body(i, end)
        i = end
      }
    case .text(let wanted):
      guard let first = wanted.first else { return }
      var i = range.lowerBound
      let last = range.upperBound - wanted.count
      while i <= last {
        if p[i] == first, (1..<wanted.count).allSatisfy({ p[i + $0] == wanted[$0] }) {
          body(i, i + wanted.count)
          i += wanted.count
        } else {
          i += 1
        }
      }
    }
  }

  /// The matches in a whole text.
  func matches(in bytes: [UInt8]) -> [Range<Int>] {
    var result: [Range<Int>] = []
    bytes.withUnsafeBufferPointer { buffer in
      guard let p = buffer.baseAddress else { return }
      matches(p, 0..<buffer.count) { result.append($0..<$1) }
    }
    return result
  }
}
