/// The division of text into words that GPT-2, cl100k, Llama 3, Qwen and o200k write as regular
/// expressions, as a scanner: every position of a text lies in exactly one match.
struct WordScanner: Sendable {
  /// Which of the expressions.
  private enum Style: Sendable {
    case gpt2, cl100k, o200k
  }

  private let style: Style
  /// The most digits that stand together.
  private let digits: Int
  /// What is kept in a class of `kinds` below.
  private static let letter: UInt8 = 1
  private static let number: UInt8 = 2
  private static let space: UInt8 = 4
  private static let newline: UInt8 = 8
  private static let kinds: [UInt8] = (0..<128).map { c in
    let point = CodePoint(UInt32(c))
    var kind: UInt8 = 0
    if point.isIn(CodePoint.letters) { kind = letter }
    if point.isIn(CodePoint.numbers) { kind = number }
    if point.has(CodePoint.whitespace) { kind = space }
    if c == 10 || c == 13 { kind = space | newline }
    return kind
  }

  private static let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"

  /// The scanner of an expression, or nil where it is none of these.
  init?(_ expression: String) {
    let cl100k = { (digits: String) in
      Self.contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
        + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }
    let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
    let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
    let lead = #"[^\r\n\p{L}\p{N}]?"#
    let o200k =
      "\(lead)\(upper)*\(lower)+\(Self.contractions)?|\(lead)\(upper)+\(lower)*"
      + Self.contractions
      + #"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    switch expression {
    case Self.gpt2: (style, digits) = (.gpt2, .max)
    case cl100k(#"\p{N}{1,3}"#): (style, digits) = (.cl100k, 3)
    case cl100k(#"\p{N}"#): (style, digits) = (.cl100k, 1)
    case o200k: (style, digits) = (.o200k, 3)
    default: return nil
    }
  }

  /// GPT-2's expression, which byte-level pre-tokenizers use.
  static let gpt2 =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  /// The scanner of GPT-2's expression.
  static let byteLevel = WordScanner(style: .gpt2, digits: .max)

  private init(style: Style, digits: Int) {
    self.style = style
    self.digits = digits
  }

  /// The end of the match that begins at `i`, which lies before `end`.
  @inline(__always)
  func end(of p: UnsafePointer<UInt8>, _ i: Int, _ end: Int) -> Int {
    Self.kinds.withUnsafeBufferPointer { kinds in
      switch style {
      case .gpt2: endGPT2(p, i, end, kinds)
      case .cl100k: endCL100K(p, i, end, kinds)
      case .o200k: endO200K(p, i, end, kinds)
      }
    }
  }

  private typealias Kinds = UnsafeBufferPointer<UInt8>

  @inline(__always)
  private func kind(
    _ p: UnsafePointer<UInt8>, _ i: Int, _ kinds: Kinds
  ) -> (kind: UInt8, length: Int) {
    if p[i] < 0x80 { return (kinds[Int(p[i])], 1) }
    return Self.wideKind(p, i)
  }

  @inline(never)
  private static func wideKind(_ p: UnsafePointer<UInt8>, _ i: Int) -> (kind: UInt8, length: Int) {
    let (value, length) = UTF8Reader.read(p, i)
    let point = CodePoint(value)
    if point.isIn(CodePoint.letters) { return (letter, length) }
    if point.isIn(CodePoint.numbers) { return (number, length) }
    return (point.has(CodePoint.whitespace) ? space : 0, length)
  }

  /// The end of a run of one kind; 0 is what is none of the others.
  @inline(__always)
  private func run(
    _ wanted: UInt8, _ p: UnsafePointer<UInt8>, _ from: Int, _ end: Int, _ kinds: Kinds
  ) -> Int {
    var i = from
    while i < end {
      let (kind, length) = kind(p, i, kinds)
      if kind != wanted { break }
      i += length
    }
    return i
  }

  /// The length of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` at a position, else 0.
  @inline(__always)
  private func contraction(
    _ p: UnsafePointer<UInt8>, _ i: Int, _ end: Int, ignoringCase: Bool
  ) -> Int {
    guard p[i] == 0x27, i + 1 < end else { return 0 }
    let fold: UInt8 = ignoringCase ? 0x20 : 0
    let a = p[i + 1] | fold
    switch a {
    case 0x73, 0x74, 0x6d, 0x64: return 2
    case 0x72, 0x76: return i + 2 < end && p[i + 2] | fold == 0x65 ? 3 : 0
    case 0x6c: return i + 2 < end && p[i + 2] | fold == 0x6c ? 3 : 0
    // ſ (U+017F) is an s where case does not matter.
    case 0xe5: return ignoringCase && p[i + 1] == 0xc5 && i + 2 < end && p[i + 2] == 0xbf ? 3 : 0
    default: return 0
    }
  }

  private func endGPT2(_ p: UnsafePointer<UInt8>, _ i: Int, _ end: Int, _ kinds: Kinds) -> Int {
    let short = contraction(p, i, end, ignoringCase: false)
    if short > 0 { return i + short }
    let (first, length) = kind(p, i, kinds)
    if first & Self.space == 0 { return run(first, p, i + length, end, kinds) }
    if p[i] == 0x20, i + 1 < end {
      let (second, size) = kind(p, i + 1, kinds)
      if second & Self.space == 0 { return run(second, p, i + 1 + size, end, kinds) }
    }
    return endOfBlanks(p, i, end, kinds)
  }

  /// `\s+(?!\S)|\s+`: all blanks, but the last one where something follows, unless it is alone.
  private func endOfBlanks(_ p: UnsafePointer<UInt8>, _ i: Int, _ end: Int, _ kinds: Kinds) -> Int {
    var j = i
    var last = i
    while j < end {
      let (kind, length) = kind(p, j, kinds)
      if kind & Self.space == 0 { break }
      last = j
      j += length
    }
    return j == end || last == i ? j : last
  }

  private func endCL100K(_ p: UnsafePointer<UInt8>, _ i: Int, _ end: Int, _ kinds: Kinds) -> Int {
    let short = contraction(p, i, end, ignoringCase: true)
    if short > 0 { return i + short }
    let (first, length) = kind(p, i, kinds)
    if first == Self.letter { return run(Self.letter, p, i + length, end, kinds) }
    if first & (Self.number | Self.newline) == 0, i + length < end {
      let (second, size) = kind(p, i + length, kinds)
      if second == Self.letter { return run(Self.letter, p, i + length + size, end, kinds) }
    }
    return endOfRest(p, i, end, kinds, first, length)
  }

  /// Digits, punctuation with the newlines behind it, and blanks, of cl100k and o200k.
  @inline(__always)
  private func endOfRest(
    _ p: UnsafePointer<UInt8>, _ i: Int, _ end: Int, _ kinds: Kinds, _ first: UInt8, _ length: Int
  ) -> Int {
    if first == Self.number {
      var j = i + length
      var count = 1
      while count < digits, j < end {
        let (kind, size) = kind(p, j, kinds)
        if kind != Self.number { break }
        j += size
        count += 1
      }
      return j
    }
    var mark = -1
    if first == 0 { mark = i + length }
    if p[i] == 0x20, i + 1 < end {
      let (second, size) = kind(p, i + 1, kinds)
      if second == 0 { mark = i + 1 + size }
    }
    if mark >= 0 {
      var j = run(0, p, mark, end, kinds)
      while j < end, p[j] == 10 || p[j] == 13 || style == .o200k && p[j] == 0x2f { j += 1 }
      return j
    }
    // `\s*[\r\n]+`: up to the last newline among the blanks.
    var j = i
    var last = i
    var newlines = -1
    while j < end {
      let (kind, size) = kind(p, j, kinds)
      if kind & Self.space == 0 { break }
      last = j
      j += size
      if kind & Self.newline != 0 { newlines = j }
    }
    if newlines >= 0 { return newlines }
    return j == end || last == i ? j : last
  }
}

/// o200k, whose words are upper case followed by lower case.
extension WordScanner {
  private static let upper: UInt32 = 1 | 1 << 2 | 1 << 3 | 1 << 4 | CodePoint.marks
  private static let lower: UInt32 = 1 << 1 | 1 << 3 | 1 << 4 | CodePoint.marks

  private func endO200K(_ p: UnsafePointer<UInt8>, _ i: Int, _ end: Int, _ kinds: Kinds) -> Int {
    let (first, length) = kind(p, i, kinds)
    // The optional lead is taken first, then left out: a mark may be a lead and a letter.
    if first & (Self.letter | Self.number | Self.newline) == 0,
      let wordEnd = endOfWord(p, i + length, end, needsLower: true)
    {
      return wordEnd
    }
    if let wordEnd = endOfWord(p, i, end, needsLower: true) { return wordEnd }
    if first & (Self.letter | Self.number | Self.newline) == 0,
      let wordEnd = endOfWord(p, i + length, end, needsLower: false)
    {
      return wordEnd
    }
    if let wordEnd = endOfWord(p, i, end, needsLower: false) { return wordEnd }
    return endOfRest(p, i, end, kinds, first, length)
  }

  /// `upper* lower+` or `upper+ lower*`, and a contraction behind it.
  private func endOfWord(
    _ p: UnsafePointer<UInt8>, _ from: Int, _ end: Int, needsLower: Bool
  ) -> Int? {
    var i = from
    // The last place up to which only upper case stands and from which a lower case one begins.
    var lastBoth = -1
    while i < end {
      let (value, length) = UTF8Reader.read(p, i)
      let point = CodePoint(value)
      guard point.isIn(Self.upper) else { break }
      if point.isIn(Self.lower) { lastBoth = i + length }
      i += length
    }
    let capitals = i
    while i < end {
      let (value, length) = UTF8Reader.read(p, i)
      guard CodePoint(value).isIn(Self.lower) else { break }
      i += length
    }
    if needsLower {
      if i == capitals {
        // The upper case run gives back its last letter that is lower case, too.
        guard lastBoth >= 0 else { return nil }
        i = lastBoth
      }
    } else if capitals == from {
      return nil
    }
    if i < end { i += contraction(p, i, end, ignoringCase: true) }
    return i
  }
}
