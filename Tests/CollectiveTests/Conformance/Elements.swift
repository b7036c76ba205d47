import Collectives
import Foundation

/// Elements as small whole numbers, exact in every type, so that every algorithm must give the same
/// bits as this plain reference.
enum Elements {
  /// Values repeat with this period of `residue`.
  static let period = 6

  static func residue(_ index: Int) -> Int { (index &* 7 &+ (index >> 4)) % period }

  /// Rank r's element at a residue: 1 to 3, or 1 to 2 where they are multiplied.
  static func value(rank: Int, residue: Int, op: ReduceOp, type: DType) -> Double {
    let mixed = residue &+ rank &* 5 &+ rank / 2
    if type == .bool { return Double(mixed % 3 == 0 ? 1 : 0) }
    let magnitude = Double(mixed % (op == .product ? 2 : 3) + 1)
    // Of signed integers some are negative, where bits are not looked at.
    let isSigned = [.int64, .int32, .int16, .int8].contains(type)
    let looksAtBits = [.bitAnd, .bitOr, .bitXor].contains(op)
    return isSigned && !looksAtBits && (mixed / 2) % 2 == 1 ? -magnitude : magnitude
  }

  /// The bits of a value.
  static func bits(_ value: Double, _ type: DType) -> UInt64 {
    switch type {
    case .float64: value.bitPattern
    case .float32: UInt64(Float(value).bitPattern)
    case .float16: UInt64(half(Float(value)))
    case .bfloat16: UInt64(brain(Float(value)))
    case .int64, .int32, .int16, .int8, .uint8, .bool: UInt64(bitPattern: Int64(value))
    }
  }

  /// The bits of rank r's elements, by residue.
  static func palette(rank: Int, op: ReduceOp, type: DType) -> [UInt64] {
    (0..<period).map { bits(value(rank: rank, residue: $0, op: op, type: type), type) }
  }

  /// The bits of all ranks' elements reduced, by residue.
  static func reducedPalette(ranks: Int, op: ReduceOp, type: DType) -> [UInt64] {
    (0..<period).map { residue in
      let values = (0..<ranks).map { value(rank: $0, residue: residue, op: op, type: type) }
      return bits(reduced(values, op, type), type)
    }
  }

  /// What a reduction over all ranks gives.
  static func reduced(_ values: [Double], _ op: ReduceOp, _ type: DType) -> Double {
    let start = values[0], rest = values.dropFirst()
    if type == .bool {
      let bits = values.map { Int($0) }
      return switch op {
      case .sum, .maximum, .bitOr: Double(bits.reduce(0, |))
      case .product, .minimum, .bitAnd: Double(bits.reduce(1, &))
      case .bitXor: Double(bits.reduce(0, ^))
      case .average: .nan
      }
    }
    return switch op {
    case .sum: rest.reduce(start, +)
    case .average: rest.reduce(start, +) / Double(values.count)
    case .product: rest.reduce(start, *)
    case .minimum: rest.reduce(start, min)
    case .maximum: rest.reduce(start, max)
    case .bitAnd: Double(rest.reduce(Int(start)) { $0 & Int($1) })
    case .bitOr: Double(rest.reduce(Int(start)) { $0 | Int($1) })
    case .bitXor: Double(rest.reduce(Int(start)) { $0 ^ Int($1) })
    }
  }

  /// bfloat16 bits, rounded to nearest even.
  static func brain(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16)
  }

  /// IEEE half bits of a value that is normal in half precision, rounded to nearest even.
  static func half(_ value: Float) -> UInt16 {
    if value == 0 { return 0 }
    let bits = value.bitPattern & 0x7fff_ffff
    let rounded = (bits &+ 0xfff &+ ((bits >> 13) & 1) &- 0x3800_0000) >> 13
    return UInt16(truncatingIfNeeded: rounded) | (value < 0 ? 0x8000 : 0)
  }
}

/// A buffer of the tests' own, or one in a shared window.
final class TestBuffer {
  let pointer: UnsafeMutableRawPointer
  private let shared: SharedBuffer?

  init(bytes: Int, sharedIn group: ProcessGroup?) throws {
    shared = try group?.allocateBuffer(max(bytes, 1))
    pointer =
      shared?.pointer ?? .allocate(byteCount: max(bytes, 1), alignment: 64)
  }

  func free() throws {
    if let shared { try shared.free() } else { pointer.deallocate() }
  }

  /// Writes elements first, first + 1, … of a palette at `offset`.
  func fill(
    _ palette: [UInt64], _ type: DType, count: Int, from first: Int = 0, at offset: Int = 0
  ) {
    switch type.size {
    case 1: write(palette.map { UInt8(truncatingIfNeeded: $0) }, count, first, offset)
    case 2: write(palette.map { UInt16(truncatingIfNeeded: $0) }, count, first, offset)
    case 4: write(palette.map { UInt32(truncatingIfNeeded: $0) }, count, first, offset)
    default: write(palette, count, first, offset)
    }
  }

  private func write<Bits>(_ palette: [Bits], _ count: Int, _ first: Int, _ offset: Int) {
    let elements = pointer.assumingMemoryBound(to: Bits.self)
    palette.withUnsafeBufferPointer { bits in
      for i in 0..<count { elements[offset + i] = bits[Elements.residue(first + i)] }
    }
  }

  func matches(_ other: TestBuffer, bytes: Int) -> Bool {
    memcmp(pointer, other.pointer, bytes) == 0
  }
}
