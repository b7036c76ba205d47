/// A step that divides the normalized text into words.
protocol PreTokenizer: Sendable {
  func preTokenize(_ text: inout PreTokenized)
}

/// Several pre-tokenizers, one after the other.
struct PreTokenizerSequence: PreTokenizer {
  let parts: [any PreTokenizer]

  func preTokenize(_ text: inout PreTokenized) {
    for part in parts { part.preTokenize(&text) }
  }
}

/// Words between white space.
struct WhitespaceSplitPreTokenizer: PreTokenizer {
  func preTokenize(_ text: inout PreTokenized) {
    text.divide { p, range, keep in
      var start = range.lowerBound
      var i = start
      while i < range.upperBound {
        let (isSpace, length) = ASCIITable.space.test(p, i, CodePoint.whitespace)
        if isSpace {
          keep(start, i)
          start = i + length
        }
        i += length
      }
      keep(start, range.upperBound)
    }
  }
}

/// Words and runs of punctuation between white space: `\w+|[^\w\s]+`.
struct WhitespacePreTokenizer: PreTokenizer {
  func preTokenize(_ text: inout PreTokenized) {
    text.divide { p, range, keep in
      var start = range.lowerBound
      var previous = 0
      var i = start
      while i < range.upperBound {
        let (isSpace, length) = ASCIITable.space.test(p, i, CodePoint.whitespace)
        let kind = isSpace ? 0 : ASCIITable.word.test(p, i, CodePoint.word).0 ? 1 : 2
        if kind != previous {
          if previous != 0 { keep(start, i) }
          start = i
          previous = kind
        }
        i += length
      }
      if previous != 0 { keep(start, range.upperBound) }
    }
  }
}

/// Words between white space, and every punctuation mark alone.
struct BertPreTokenizer: PreTokenizer {
  func preTokenize(_ text: inout PreTokenized) {
    text.divide { p, range, keep in
      var start = range.lowerBound
      var i = start
      while i < range.upperBound {
        let (isBorder, length) = ASCIITable.bert.test(
          p, i, CodePoint.whitespace | CodePoint.punctuation)
        if isBorder {
          keep(start, i)
          let isSpace = ASCIITable.space.test(p, i, CodePoint.whitespace).0
          if !isSpace { keep(i, i + length) }
          start = i + length
        }
        i += length
      }
      keep(start, range.upperBound)
    }
  }
}

/// Divides at characters with a property.
struct PropertyPreTokenizer: PreTokenizer {
  let property: UInt32
  let table: ASCIITable
  let behavior: SplitBehavior

  static func punctuation(_ behavior: SplitBehavior) -> PropertyPreTokenizer {
    PropertyPreTokenizer(
      property: CodePoint.punctuation, table: .punctuation, behavior: behavior)
  }

  /// Digits each alone, or together.
  static func digits(individually: Bool) -> PropertyPreTokenizer {
    PropertyPreTokenizer(
      property: CodePoint.numeric, table: .numeric,
      behavior: individually ? .isolated : .contiguous)
  }

  func preTokenize(_ text: inout PreTokenized) {
    text.divide { p, range, keep in
      var matches: [(start: Int, end: Int)] = []
      var i = range.lowerBound
      while i < range.upperBound {
        let (isMatch, length) = table.test(p, i, property)
        if isMatch { matches.append((i, i + length)) }
        i += length
      }
      behavior.divide(range, isInverted: false, at: matches, keep)
    }
  }
}

/// Divides at what a pattern matches, or leaves.
struct SplitPreTokenizer: PreTokenizer {
  let pattern: TextPattern
  let behavior: SplitBehavior
  let isInverted: Bool

  func preTokenize(_ text: inout PreTokenized) {
    text.divide { p, range, keep in
      if behavior == .isolated {
        var done = range.lowerBound
        pattern.matches(p, range) { start, end in
          if start > done { keep(done, start) }
          keep(start, end)
          done = end
        }
        return keep(done, range.upperBound)
      }
      var matches: [(start: Int, end: Int)] = []
      pattern.matches(p, range) { matches.append(($0, $1)) }
      behavior.divide(range, isInverted: isInverted, at: matches, keep)
    }
  }
}

/// Cuts between scripts; what belongs to any script goes with what stands before it.
struct UnicodeScriptsPreTokenizer: PreTokenizer {
  func preTokenize(_ text: inout PreTokenized) {
    text.divide { p, range, keep in
      var start = range.lowerBound
      var last: UInt32?
      var i = start
      while i < range.upperBound {
        let (value, length) = UTF8Reader.read(p, i)
        let script = UnicodeLookup.scriptRun(value)
        if script != 0 {
          if last != script {
            // What stands before the first script is cut off, and lost, as in the reference.
            if last != nil { keep(start, i) }
            start = i
          }
          last = script
        }
        i += length
      }
      if last != nil { keep(start, range.upperBound) }
    }
  }
}

/// Pieces of a number of code points.
struct FixedLengthPreTokenizer: PreTokenizer {
  let length: Int

  func preTokenize(_ text: inout PreTokenized) {
    text.divide { p, range, keep in
      var start = range.lowerBound
      var i = start
      var count = 0
      while i < range.upperBound {
        i += UTF8Reader.length(p[i])
        count += 1
        if count == length {
          keep(start, i)
          start = i
          count = 0
        }
      }
      keep(start, range.upperBound)
    }
  }
}

/// A property of ``CodePoint`` for each ASCII character.
struct ASCIITable: Sendable {
  private let low: UInt64
  private let high: UInt64

  init(_ property: UInt32) {
    var bits: (UInt64, UInt64) = (0, 0)
    for c: UInt32 in 0..<128 where CodePoint(c).has(property) {
      if c < 64 { bits.0 |= 1 << UInt64(c) } else { bits.1 |= 1 << UInt64(c - 64) }
    }
    (low, high) = bits
  }

  static let space = ASCIITable(CodePoint.whitespace)
  static let word = ASCIITable(CodePoint.word)
  static let punctuation = ASCIITable(CodePoint.punctuation)
  static let numeric = ASCIITable(CodePoint.numeric)
  static let bert = ASCIITable(CodePoint.whitespace | CodePoint.punctuation)

  /// Whether the code point at a position has the property, and its length.
  @inline(__always)
  func test(_ p: UnsafePointer<UInt8>, _ i: Int, _ property: UInt32) -> (Bool, Int) {
    let byte = p[i]
    if byte < 0x80 { return ((byte < 64 ? low : high) >> UInt64(byte & 63) & 1 != 0, 1) }
    let (value, length) = UTF8Reader.read(p, i)
    return (CodePoint(value).has(property), length)
  }
}
