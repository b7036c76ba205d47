import CUnicode

/// What the reference knows about a code point, from its frozen tables: its general category, in the
/// lowest five bits, and properties above.
struct CodePoint {
  let record: UInt32

  @inline(__always)
  init(_ value: UInt32) { record = torus_unicode_record(value) }

  /// An index into ``categories``.
  @inline(__always) var category: UInt32 { record & 31 }

  @inline(__always)
  func has(_ property: UInt32) -> Bool { record & property != 0 }

  /// `\w` of Oniguruma, which reads the patterns of tokenizer files.
  static let wordInPattern: UInt32 = 1 << 5
  /// `\w` of the reference's own rules (Whitespace, whole added words).
  static let word: UInt32 = 1 << 6
  static let punctuation: UInt32 = 1 << 7
  static let numeric: UInt32 = 1 << 8
  static let whitespace: UInt32 = 1 << 9
  /// Non-spacing marks of Unicode 8, which BertNormalizer drops as accents.
  static let accent: UInt32 = 1 << 10
  /// Marks that StripAccents drops.
  static let mark: UInt32 = 1 << 11
  /// What BertNormalizer's cleaning drops, and what it makes a space.
  static let unclean: UInt32 = 1 << 12
  static let spaceWhenClean: UInt32 = 1 << 13
  static let chinese: UInt32 = 1 << 14
  static let alphabetic: UInt32 = 1 << 15
  static let hasLowercase: UInt32 = 1 << 16
  static let hasCanonical: UInt32 = 1 << 17
  static let hasCompatible: UInt32 = 1 << 18
  static let combining: UInt32 = 1 << 19
  /// May compose with what stands before it.
  static let composesBackward: UInt32 = 1 << 20
  /// Composing what it decomposes into gives something else.
  static let changesInNFC: UInt32 = 1 << 21
  static let changesInNFKC: UInt32 = 1 << 22

  /// The general categories by index.
  static let categories = [
    "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi",
    "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cs", "Cn",
  ]
  /// Letters, marks and so on as sets of categories.
  static let letters: UInt32 = 0x1f
  static let marks: UInt32 = 7 << 5
  static let numbers: UInt32 = 7 << 8

  /// Whether the category is in a set, bit by bit.
  @inline(__always)
  func isIn(_ set: UInt32) -> Bool { set >> category & 1 != 0 }
}

/// Reads code points from UTF-8 that is known to be valid.
enum UTF8Reader {
  /// The code point at a position and its length in bytes.
  @inline(__always)
  static func read(_ p: UnsafePointer<UInt8>, _ i: Int) -> (value: UInt32, length: Int) {
    let a = UInt32(p[i])
    if a < 0x80 { return (a, 1) }
    let b = UInt32(p[i + 1]) & 0x3f
    if a < 0xe0 { return ((a & 0x1f) << 6 | b, 2) }
    let c = UInt32(p[i + 2]) & 0x3f
    if a < 0xf0 { return ((a & 0xf) << 12 | b << 6 | c, 3) }
    return ((a & 7) << 18 | b << 12 | c << 6 | UInt32(p[i + 3]) & 0x3f, 4)
  }

  /// The code point that ends before a position, and its length.
  @inline(__always)
  static func readBackward(_ p: UnsafePointer<UInt8>, _ end: Int) -> (value: UInt32, length: Int) {
    var i = end - 1
    while p[i] & 0xc0 == 0x80 { i -= 1 }
    return read(p, i)
  }

  /// The length in bytes of the code point that begins with a byte.
  @inline(__always)
  static func length(_ lead: UInt8) -> Int {
    lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  }
}

extension [UInt8] {
  /// Appends a code point in UTF-8.
  @inline(__always)
  mutating func append(codePoint c: UInt32) {
    if c < 0x80 {
      append(UInt8(truncatingIfNeeded: c))
    } else if c < 0x800 {
      append(UInt8(truncatingIfNeeded: 0xc0 | c >> 6))
      append(UInt8(truncatingIfNeeded: 0x80 | c & 0x3f))
    } else if c < 0x10000 {
      append(UInt8(truncatingIfNeeded: 0xe0 | c >> 12))
      append(UInt8(truncatingIfNeeded: 0x80 | c >> 6 & 0x3f))
      append(UInt8(truncatingIfNeeded: 0x80 | c & 0x3f))
    } else {
      append(UInt8(truncatingIfNeeded: 0xf0 | c >> 18))
      append(UInt8(truncatingIfNeeded: 0x80 | c >> 12 & 0x3f))
      append(UInt8(truncatingIfNeeded: 0x80 | c >> 6 & 0x3f))
      append(UInt8(truncatingIfNeeded: 0x80 | c & 0x3f))
    }
  }
}
