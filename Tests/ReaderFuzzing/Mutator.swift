/// Damages bytes as disks, copies, editors and people do, the same way for the same seed.
struct Mutator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// A number below `bound` (SplitMix64).
  mutating func below(_ bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    z ^= z >> 31
    return Int(z % UInt64(max(bound, 1)))
  }

  /// One to four changes of the bytes.
  mutating func mutated(_ original: [UInt8], other: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0...below(4) { change(&bytes, other) }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8], _ other: [UInt8]) {
    guard !bytes.isEmpty else { return bytes = Array(other.prefix(below(other.count))) }
    let place = below(bytes.count)
    switch below(11) {
    case 0, 1: bytes[place] ^= 1 << UInt8(below(8))
    case 2: bytes[place] = UInt8(below(256))
    case 3: bytes.removeSubrange(place...)
    case 4: bytes.removeSubrange(place..<min(bytes.count, place + 1 + below(16)))
    case 5:
      let chunk = Array(bytes[place..<min(bytes.count, place + 1 + below(40))])
      for _ in 0...below(6) { bytes.insert(contentsOf: chunk, at: place) }
    case 6:
      let from = below(other.count)
      bytes.replaceSubrange(
        place..<min(bytes.count, place + below(24)), with: other[from...].prefix(below(24)))
    case 7, 8: putInteger(&bytes, place)
    default: putDigits(&bytes, place)
    }
  }

  /// A whole number at the end of some range, in 1 to 8 bytes of either order.
  private mutating func putInteger(_ bytes: inout [UInt8], _ place: Int) {
    let value = Self.integers[below(Self.integers.count)]
    let size = 1 << below(4)
    let isBig = below(2) == 0
    for index in 0..<size where place + index < bytes.count {
      let shift = UInt64(8 * (isBig ? size - 1 - index : index))
      bytes[place + index] = UInt8(truncatingIfNeeded: value >> shift)
    }
  }

  /// Digits, where a number stands after the place, become another number.
  private mutating func putDigits(_ bytes: inout [UInt8], _ place: Int) {
    func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    guard let start = bytes[place...].firstIndex(where: isDigit) else {
      return bytes[place] ^= 1
    }
    let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
    bytes.replaceSubrange(start..<end, with: Self.numbers[below(Self.numbers.count)].utf8)
  }

  private static let integers: [UInt64] = [
    0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
    1 << 40, 1 << 53, 1 << 62, .max >> 1, 1 << 63, .max - 55, .max - 1, .max,
  ]
  private static let numbers = [
    "0", "-1", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "18446744073709551615", "1e400", "1e18", "0.5", "1099511627776", "4611686018427387904",
    "4294967296", "65536", "nan", "", "[]", "{}", "null", "\"x\"", "00", "1 2",
    "99999999999999999999999999",
  ]
}
