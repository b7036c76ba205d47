import Foundation

/// One field of many records in bytes: where its numbers lie, and how wide they are.
///
/// Whole numbers are stored as what they lie above the least of them, in the fewest of 0, 1, 2 or 4 bytes
/// that hold all: a mask of ones takes none, and the ids of most vocabularies two each. Rows lie one after
/// another, and n + 1 offsets of eight bytes say where each begins. Fields with equal numbers or equal
/// offsets share their bytes.
struct FeatureColumn: Codable, Equatable, Sendable {
  /// What a record has of the field.
  enum Kind: String, Codable, Sendable {
    case int, double, ints, doubles
    var isRow: Bool { self == .ints || self == .doubles }
    var isWhole: Bool { self == .int || self == .ints }
  }

  var name: String
  var kind: Kind
  /// Bytes of a number.
  var width: Int
  /// The least whole number.
  var least: Int
  /// How many numbers there are.
  var count: Int
  /// Where the numbers begin, in bytes behind the header.
  var values: Int
  /// Where the offsets begin; 0 of numbers, which have none.
  var offsets: Int
}

/// Gathers a field of record after record.
struct FeatureColumnBuilder {
  let name: String
  let kind: FeatureColumn.Kind
  private(set) var whole: [Int32] = []
  private(set) var broken: [Double] = []
  private(set) var ends: [Int] = [0]

  init(_ name: String, like value: FeatureValue) throws(FeatureShardError) {
    self.name = name
    switch value {
    case .int: kind = .int
    case .double: kind = .double
    case .ints: kind = .ints
    case .doubles: kind = .doubles
    case .rows, .text: throw FeatureShardError("\(name) is neither a number nor numbers")
    }
  }

  mutating func add(_ value: FeatureValue) throws(FeatureShardError) {
    switch (kind, value) {
    case (.int, .int(let number)): try add(whole: [number])
    case (.double, .double(let number)): broken.append(number)
    case (.ints, .ints(let numbers)):
      try add(whole: numbers)
      ends.append(whole.count)
    case (.doubles, .doubles(let numbers)):
      broken += numbers
      ends.append(broken.count)
    default: throw FeatureShardError("\(name) is of another kind in some records")
    }
  }

  private mutating func add(whole numbers: [Int]) throws(FeatureShardError) {
    for number in numbers {
      guard let short = Int32(exactly: number) else {
        throw FeatureShardError("\(name) holds \(number), which has more than 32 bits")
      }
      whole.append(short)
    }
  }

  /// The numbers as bytes, with their width and the least of them.
  var packed: (bytes: [UInt8], width: Int, least: Int) {
    guard kind.isWhole else {
      return (broken.flatMap { Self.bytes(of: $0.bitPattern, 8) }, 8, 0)
    }
    let least = Int(whole.min() ?? 0)
    let range = Int(whole.max() ?? 0) - least
    let width = range == 0 ? 0 : range < 1 << 8 ? 1 : range < 1 << 16 ? 2 : 4
    var bytes: [UInt8] = []
    bytes.reserveCapacity(whole.count * width)
    for number in whole {
      var rest = UInt32(truncatingIfNeeded: Int(number) - least)
      for _ in 0..<width {
        bytes.append(UInt8(truncatingIfNeeded: rest))
        rest >>= 8
      }
    }
    return (bytes, width, least)
  }

  /// The offsets as bytes.
  var packedEnds: [UInt8] { ends.flatMap { Self.bytes(of: UInt64($0), 8) } }

  static func bytes(of number: UInt64, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
  }
}

/// What is wrong with records that are to be stored, or with bytes that should hold some.
public struct FeatureShardError: Error, Equatable, CustomStringConvertible {
  /// What is wrong.
  public let description: String

  init(_ description: String) { self.description = description }
}
