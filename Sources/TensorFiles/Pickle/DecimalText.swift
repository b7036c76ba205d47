/// Whole numbers beyond 64 bits, between the bytes of a pickle and decimal digits.
enum DecimalText {
  /// The longest number that is turned into digits: that takes time by the square of its length.
  static let maximumBytes = 1024

  /// The digits of a little-endian number in two's complement.
  static func of(twosComplement bytes: [UInt8]) -> String {
    let isNegative = bytes.last.map { $0 >= 0x80 } ?? false
    var limbs = magnitude(bytes, isNegative: isNegative)
    var chunks: [String] = []
    while !limbs.isEmpty {
      var remainder: UInt64 = 0
      for index in limbs.indices.reversed() {
        let value = remainder << 32 | UInt64(limbs[index])
        limbs[index] = UInt32(value / 1_000_000_000)
        remainder = value % 1_000_000_000
      }
      while limbs.last == 0 { limbs.removeLast() }
      let digits = String(remainder)
      chunks.append(
        limbs.isEmpty ? digits : String(repeating: "0", count: 9 - digits.count) + digits)
    }
    return (isNegative ? "-" : "") + (chunks.isEmpty ? "0" : chunks.reversed().joined())
  }

  /// The little-endian bytes in two's complement of a number in decimal digits, no more than needed, of
  /// which there is one at least; nil where it is none or too long.
  static func twosComplement(of text: String) -> [UInt8]? {
    let isNegative = text.hasPrefix("-")
    let digits = Array(text.utf8.dropFirst(isNegative ? 1 : 0))
    guard !digits.isEmpty, digits.count <= maximumBytes * 2,
      digits.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    var bytes: [UInt8] = []
    for digit in digits {
      var carry = Int(digit) - 0x30
      for index in bytes.indices {
        carry += Int(bytes[index]) * 10
        bytes[index] = UInt8(carry & 0xff)
        carry >>= 8
      }
      if carry > 0 { bytes.append(UInt8(carry)) }
    }
    bytes.append(0)
    if isNegative { bytes = negated(bytes) }
    // A last byte that only repeats the sign says nothing.
    while bytes.count > 1, let last = bytes.last,
      last == (bytes[bytes.count - 2] >= 0x80 ? 0xff : 0)
    {
      bytes.removeLast()
    }
    return bytes
  }

  private static func magnitude(_ bytes: [UInt8], isNegative: Bool) -> [UInt32] {
    var bytes = isNegative ? negated(bytes) : bytes
    bytes += [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
    var limbs = stride(from: 0, to: bytes.count, by: 4).map { start in
      bytes[start..<start + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
    while limbs.last == 0 { limbs.removeLast() }
    return limbs
  }

  private static func negated(_ bytes: [UInt8]) -> [UInt8] {
    var carry = 1
    return bytes.map { byte in
      carry += Int(~byte)
      defer { carry >>= 8 }
      return UInt8(carry & 0xff)
    }
  }
}
