/// Numbers as text from outside the program gives them: what Python's `int()` and `float()` take,
/// but for underscores, and nothing else. White space around a number is none of it; a blank or any
/// other character inside it makes it none.
package enum NumberText {
  /// A whole number that `Int` holds: an optional sign and decimal digits; nil otherwise.
  package static func int(_ text: some StringProtocol) -> Int? {
    if let plain = Plain(text), plain.decimals == nil {
      return plain.isNegative ? -plain.digits : plain.digits
    }
    guard let bytes = trimmed(text), isWhole(bytes[...]) else { return nil }
    return Int(String(decoding: bytes, as: UTF8.self))
  }

  /// A real number, `nan` and `inf` among them; nil otherwise. What lies beyond `Double`'s range
  /// becomes infinite, as in Python.
  package static func double(_ text: some StringProtocol) -> Double? {
    if let plain = Plain(text) { return plain.value }
    guard let bytes = trimmed(text) else { return nil }
    let word = String(decoding: bytes, as: UTF8.self)
    if let value = named(word.lowercased()) { return value }
    guard isReal(bytes[...]) else { return nil }
    return Double(word)
  }

  /// A number as most are written: at most 15 ASCII digits, perhaps with a sign and a point. Its digits and the
  /// power of ten below them are exact, so that their quotient is the nearest `Double`.
  private struct Plain {
    var digits = 0
    /// How many digits stand behind the point; nil without one.
    var decimals: Int?
    var isNegative = false

    private static let powers: [Double] = [
      1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]

    var value: Double {
      let value = decimals.map { Double(digits) / Self.powers[$0] } ?? Double(digits)
      return isNegative ? -value : value
    }

    init?(_ text: some StringProtocol) {
      let isOne = text.utf8.withContiguousStorageIfAvailable { read($0) } ?? false
      if !isOne { return nil }
    }

    private mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
      // A sign, a point and 15 digits.
      guard bytes.count <= 17 else { return false }
      var (index, count) = (0, 0)
      if let first = bytes.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
        isNegative = first == UInt8(ascii: "-")
        index = 1
      }
      while index < bytes.count {
        let byte = bytes[index]
        index += 1
        if byte == UInt8(ascii: "."), decimals == nil {
          decimals = 0
        } else if NumberText.isDigit(byte) {
          digits = digits * 10 + Int(byte - UInt8(ascii: "0"))
          count += 1
          decimals = decimals.map { $0 + 1 }
        } else {
          return false
        }
      }
      return (1...15).contains(count)
    }
  }

  /// Whether the text has the form of a whole number, be it beyond `Int`.
  package static func isWhole(_ text: some StringProtocol) -> Bool {
    trimmed(text).map { isWhole($0[...]) } ?? false
  }

  private static func named(_ word: String) -> Double? {
    let isNegative = word.hasPrefix("-")
    switch isNegative || word.hasPrefix("+") ? String(word.dropFirst()) : word {
    case "inf", "infinity": return isNegative ? -.infinity : .infinity
    case "nan": return .nan
    default: return nil
    }
  }

  /// The text without white space around it, other scripts' decimal digits turned into ASCII's; nil
  /// where it holds anything beyond ASCII besides.
  private static func trimmed(_ text: some StringProtocol) -> [UInt8]? {
    var scalars = Array(text.unicodeScalars)[...]
    while let first = scalars.first, isSpace(first) { scalars.removeFirst() }
    while let last = scalars.last, isSpace(last) { scalars.removeLast() }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(scalars.count)
    for scalar in scalars {
      if scalar.isASCII {
        bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      } else if scalar.properties.numericType == .decimal,
        let digit = scalar.properties.numericValue.flatMap({ UInt8(exactly: $0) })
      {
        bytes.append(UInt8(ascii: "0") + digit)
      } else {
        return nil
      }
    }
    return bytes
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || (0x1c...0x1f).contains(scalar.value)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func unsigned(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let hasSign = bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+")
    return hasSign ? bytes.dropFirst() : bytes
  }

  private static func isWhole(_ bytes: ArraySlice<UInt8>) -> Bool {
    let digits = unsigned(bytes)
    return !digits.isEmpty && digits.allSatisfy(isDigit)
  }

  /// `[sign] (digits [. [digits]] | . digits) [e [sign] digits]`.
  private static func isReal(_ bytes: ArraySlice<UInt8>) -> Bool {
    var rest = unsigned(bytes)
    let whole = rest.prefix(while: isDigit)
    rest = rest.dropFirst(whole.count)
    var fraction: ArraySlice<UInt8> = []
    if rest.first == UInt8(ascii: ".") {
      fraction = rest.dropFirst().prefix(while: isDigit)
      rest = rest.dropFirst(1 + fraction.count)
    }
    guard !whole.isEmpty || !fraction.isEmpty else { return false }
    guard let mark = rest.first else { return true }
    return (mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E")) && isWhole(rest.dropFirst())
  }
}
