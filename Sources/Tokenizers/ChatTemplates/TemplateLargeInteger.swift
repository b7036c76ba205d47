/// A whole number beyond 64 bits: its digits, which ``TemplateWholeNumber`` computes with.
final class TemplateLargeInteger: TemplateObject, @unchecked Sendable {
  /// Decimal digits without zeros before them, behind a minus where the number is negative.
  let digits: String

  fileprivate init(_ digits: String) { self.digits = digits }

  override var representation: String { digits }

  var negated: TemplateValue {
    .whole(digits.hasPrefix("-") ? String(digits.dropFirst()) : "-" + digits)
  }

  var magnitude: TemplateValue { digits.hasPrefix("-") ? negated : .object(self) }

  /// Whether a whole number comes before another, where one of them is large; nil of other values.
  static func isLess(_ a: TemplateValue, _ b: TemplateValue) -> Bool? {
    guard let a = a.wholeDigits, let b = b.wholeDigits else { return nil }
    let (isNegative, other) = (a.hasPrefix("-"), b.hasPrefix("-"))
    guard isNegative == other else { return isNegative }
    let (first, second) = isNegative ? (b, a) : (a, b)
    return first.utf8.count != second.utf8.count
      ? first.utf8.count < second.utf8.count
      : first.utf8.lexicographicallyPrecedes(second.utf8)
  }
}

extension TemplateValue {
  /// The number of decimal digits, perhaps with a sign; nil of other texts.
  init?(wholeNumber text: String) {
    if let whole = Int(text) {
      self = .int(whole)
      return
    }
    let isNegative = text.hasPrefix("-")
    let digits = text.drop { $0 == "-" || $0 == "+" }
    guard text.utf8.count - digits.utf8.count <= 1, !digits.isEmpty, digits.utf8.count <= 4300,
      digits.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    self = .whole((isNegative ? "-" : "") + digits.drop { $0 == "0" })
  }

  /// The whole part of a real number; nil where it has none.
  init?(truncating real: Double) {
    if let whole = Int(exactly: real.rounded(.towardZero)) {
      self = .int(whole)
      return
    }
    guard real.isFinite else { return nil }
    // Beyond 64 bits a real number is a whole one, of a significand and a power of two.
    var digits = String(UInt64(real.magnitude.significandBitPattern | 1 << 52)).utf8.reversed()
      .map { Int($0) - 0x30 }
    for _ in 0..<(Int(real.exponent) - 52) {
      var carry = 0
      for place in digits.indices {
        carry += digits[place] * 2
        digits[place] = carry % 10
        carry /= 10
      }
      if carry > 0 { digits.append(carry) }
    }
    self = .whole((real < 0 ? "-" : "") + digits.reversed().map(String.init).joined())
  }

  /// The number of canonical digits.
  static func whole(_ digits: String) -> TemplateValue {
    Int(digits).map { .int($0) } ?? .object(TemplateLargeInteger(digits))
  }

  /// The whole number beyond 64 bits, or nil where this is none.
  var largeInteger: TemplateLargeInteger? {
    if case .object(let object) = self { object as? TemplateLargeInteger } else { nil }
  }

  /// The digits of a whole number or truth value.
  var wholeDigits: String? { largeInteger?.digits ?? integer.map { String($0) } }
}
