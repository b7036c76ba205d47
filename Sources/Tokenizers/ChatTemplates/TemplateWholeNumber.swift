/// A whole number of any size, for what Python computes beyond 64 bits: a sign, and limbs of nine
/// decimal digits.
struct TemplateWholeNumber {
  private static let base: UInt64 = 1_000_000_000
  /// The most digits that Python prints.
  static let maximumDigits = 4300

  private let isNegative: Bool
  /// The smallest first, the last of them not 0; none of 0.
  private let limbs: [UInt64]

  private init(_ isNegative: Bool, _ limbs: [UInt64]) {
    let count = (limbs.lastIndex { $0 != 0 } ?? -1) + 1
    self.limbs = Array(limbs.prefix(count))
    self.isNegative = isNegative && count > 0
  }

  /// The number of decimal digits, behind a minus where it is negative.
  init(digits text: String) {
    let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }.map { UInt64($0 - 0x30) }
    let limbs = stride(from: digits.count, to: 0, by: -9).map { end in
      digits[max(end - 9, 0)..<end].reduce(0) { $0 * 10 + $1 }
    }
    self.init(text.hasPrefix("-"), limbs)
  }

  /// Decimal digits, behind a minus where the number is negative.
  var digits: String {
    guard let last = limbs.last else { return "0" }
    let rest = limbs.dropLast().reversed().map { limb in
      let text = String(limb)
      return String(repeating: "0", count: 9 - text.utf8.count) + text
    }
    return (isNegative ? "-" : "") + String(last) + rest.joined()
  }

  private var magnitude: TemplateWholeNumber { TemplateWholeNumber(false, limbs) }
  private var negated: TemplateWholeNumber { TemplateWholeNumber(!isNegative, limbs) }

  /// What Python's operator makes of two whole numbers.
  static func combined(
    _ operation: TemplateExpression.Arithmetic, _ a: String, _ b: String
  ) throws -> TemplateValue {
    let (x, y) = (TemplateWholeNumber(digits: a), TemplateWholeNumber(digits: b))
    func check(_ digits: Double) throws {
      guard digits <= Double(maximumDigits) else {
        throw ChatTemplateError(
          .limit, "a whole number of more than \(maximumDigits) digits is too large")
      }
    }
    let isDivision = [.divide, .floorDivide, .remainder].contains(operation)
    guard !isDivision || !y.limbs.isEmpty else {
      throw ChatTemplateError(.value, "division by zero")
    }
    let result: TemplateWholeNumber
    switch operation {
    case .add: result = x.adding(y)
    case .subtract: result = x.adding(y.negated)
    case .multiply:
      try check(Double(a.utf8.count + b.utf8.count - 3))
      result = x.multiplied(by: y)
    case .divide: return .double(try x.ratio(to: y))
    case .floorDivide, .remainder:
      let parts = x.divided(by: y)
      let isBelow = !parts.remainder.limbs.isEmpty && x.isNegative != y.isNegative
      if operation == .remainder {
        result = isBelow ? parts.remainder.adding(y) : parts.remainder
      } else {
        let one = TemplateWholeNumber(true, [1])
        result = isBelow ? parts.quotient.adding(one) : parts.quotient
      }
    case .power:
      guard let exponent = Int(b), !y.isNegative, a != "0", x.limbs != [1] else {
        throw ChatTemplateError(.limit, "\(a) ** \(b) is too large or too small")
      }
      try check(Double(a.utf8.count - 2) * Double(exponent))
      result = x.raised(to: exponent)
    }
    try check(Double(result.limbs.count - 1) * 9)
    return .whole(result.digits)
  }

  private func isMagnitudeLess(than other: TemplateWholeNumber) -> Bool {
    limbs.count != other.limbs.count
      ? limbs.count < other.limbs.count
      : limbs.reversed().lexicographicallyPrecedes(other.limbs.reversed())
  }

  private func adding(_ other: TemplateWholeNumber) -> TemplateWholeNumber {
    if isNegative != other.isNegative {
      let isLess = isMagnitudeLess(than: other)
      let (large, small) = isLess ? (other, self) : (self, other)
      var (result, borrow) = (large.limbs, UInt64(0))
      for place in result.indices {
        let taken = (place < small.limbs.count ? small.limbs[place] : 0) + borrow
        borrow = result[place] < taken ? 1 : 0
        result[place] = result[place] + borrow * Self.base - taken
      }
      return TemplateWholeNumber(large.isNegative, result)
    }
    var (result, carry) = ([UInt64](), UInt64(0))
    for place in 0..<max(limbs.count, other.limbs.count) {
      carry += place < limbs.count ? limbs[place] : 0
      carry += place < other.limbs.count ? other.limbs[place] : 0
      result.append(carry % Self.base)
      carry /= Self.base
    }
    return TemplateWholeNumber(isNegative, result + [carry])
  }

  private func multiplied(by other: TemplateWholeNumber) -> TemplateWholeNumber {
    var result = [UInt64](repeating: 0, count: limbs.count + other.limbs.count)
    for (i, a) in limbs.enumerated() {
      var carry: UInt64 = 0
      for (j, b) in other.limbs.enumerated() {
        carry += a * b + result[i + j]
        result[i + j] = carry % Self.base
        carry /= Self.base
      }
      result[i + other.limbs.count] = carry
    }
    return TemplateWholeNumber(isNegative != other.isNegative, result)
  }

  private func raised(to exponent: Int) -> TemplateWholeNumber {
    var (result, square, left) = (TemplateWholeNumber(false, [1]), self, exponent)
    while left > 0 {
      if left % 2 == 1 { result = result.multiplied(by: square) }
      left /= 2
      if left > 0 { square = square.multiplied(by: square) }
    }
    return result
  }

  /// The quotient towards zero, and what remains with this number's sign; by limbs, from the largest on
  /// (Knuth, The Art of Computer Programming, 4.3.1 D).
  private func divided(
    by other: TemplateWholeNumber
  ) -> (quotient: TemplateWholeNumber, remainder: TemplateWholeNumber) {
    guard !isMagnitudeLess(than: other), let last = other.limbs.last else {
      return (TemplateWholeNumber(false, []), self)
    }
    let scale = Self.base / (last + 1)
    let scaling = TemplateWholeNumber(false, [scale])
    let divisor = other.magnitude.multiplied(by: scaling).limbs
    let dividend = magnitude.multiplied(by: scaling).limbs
    let top = divisor[divisor.count - 1]
    var (quotient, rest) = ([UInt64](), TemplateWholeNumber(false, []))
    let whole = TemplateWholeNumber(false, divisor)
    for limb in dividend.reversed() {
      rest = TemplateWholeNumber(false, [limb] + rest.limbs)
      let count = divisor.count
      let high = rest.limbs.count > count ? rest.limbs[count] : 0
      let low = rest.limbs.count >= count ? rest.limbs[count - 1] : 0
      // At most two too many, because the divisor's top is at least half of the base.
      var digit = min((high * Self.base + low) / top, Self.base - 1)
      var product = whole.multiplied(by: TemplateWholeNumber(false, [digit]))
      while rest.isMagnitudeLess(than: product) {
        digit -= 1
        product = product.adding(whole.negated)
      }
      rest = rest.adding(product.negated)
      quotient.append(digit)
    }
    // The remainder is scaled as well, by a single limb.
    var (remainder, carry) = (rest.limbs, UInt64(0))
    for place in remainder.indices.reversed() {
      carry = carry * Self.base + remainder[place]
      remainder[place] = carry / scale
      carry %= scale
    }
    return (
      TemplateWholeNumber(isNegative != other.isNegative, quotient.reversed()),
      TemplateWholeNumber(isNegative, remainder)
    )
  }

  /// The real number nearest to a quotient.
  private func ratio(to other: TemplateWholeNumber) throws -> Double {
    // Scaled so that the quotient has more bits than a real number.
    let bits = (other.limbs.count - limbs.count + 1) * 30 + 70
    let shift = max(bits, 0)
    let scaled = multiplied(by: TemplateWholeNumber(false, [2]).raised(to: shift))
    let parts = scaled.divided(by: other)
    let text = parts.quotient.digits + (parts.remainder.limbs.isEmpty ? "" : ".1")
    let scale = Double(sign: .plus, exponent: -shift / 2, significand: 1)
    let rest = Double(sign: .plus, exponent: -(shift - shift / 2), significand: 1)
    let result = (Double(text) ?? .infinity) * scale * rest
    guard result.isFinite else {
      throw ChatTemplateError(.value, "integer division result too large for a float")
    }
    return result
  }
}
