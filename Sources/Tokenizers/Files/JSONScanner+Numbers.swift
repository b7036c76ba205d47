import Base

extension JSONScanner {
  private static let powers: [Double] = (0...308).compactMap { Double("1e\($0)") }

  /// A real number, rounded as the reference rounds it.
  ///
  /// The reference reads scores with serde_json, which multiplies or divides the digits by a power of
  /// ten: up to one unit in the last place beside the nearest number. Where two divisions of a word
  /// have equal scores, that unit decides.
  mutating func double() throws(JSONParser.Fault) -> Double {
    let isNegative = take(0x2d)
    var digits: UInt64 = 0
    var exponent = 0
    // Digits beyond 64 bits are dropped; those before the point still count as places.
    var isFull = false
    let whole = try digitRun { digit in
      if !isFull, let more = Self.appended(digits, digit) { digits = more } else { isFull = true }
      if isFull { exponent += 1 }
    }
    if whole.count > 1, whole.startsWithZero { throw fault("a number begins with 0") }
    if takeNext(0x2e) {
      _ = try digitRun { digit in
        guard !isFull, let more = Self.appended(digits, digit) else { return isFull = true }
        digits = more
        exponent -= 1
      }
    }
    if takeNext(0x65) || takeNext(0x45) {
      let isDivided = takeNext(0x2d)
      if !isDivided { _ = takeNext(0x2b) }
      var power = 0
      _ = try digitRun { power = min(power * 10 + Int($0), 1 << 32) }
      exponent += isDivided ? -power : power
    }
    guard let value = Self.scaled(Double(digits), exponent) else {
      throw fault("a number is beyond the range of 64-bit floating point")
    }
    return isNegative ? -value : value
  }

  private static func appended(_ digits: UInt64, _ digit: UInt64) -> UInt64? {
    let (product, isTooLarge) = digits.multipliedReportingOverflow(by: 10)
    let (sum, overflows) = product.addingReportingOverflow(digit)
    return isTooLarge || overflows ? nil : sum
  }

  /// `value` · 10^`exponent`, or nil where that is too large.
  private static func scaled(_ value: Double, _ exponent: Int) -> Double? {
    if value == 0 { return 0 }
    if exponent >= 0 {
      guard exponent < powers.count else { return nil }
      let product = value * powers[exponent]
      return product.isFinite ? product : nil
    }
    var (quotient, left) = (value, -exponent)
    while left >= powers.count, quotient != 0 {
      quotient /= powers[308]
      left -= 308
    }
    return quotient == 0 ? 0 : quotient / powers[left]
  }
}
