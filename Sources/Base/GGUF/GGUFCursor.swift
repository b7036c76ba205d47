import Foundation

/// Reads the numbers, texts and values of a GGUF file one after the other.
///
/// What a hostile file claims is bounded by its size before memory is taken.
package struct GGUFCursor {
  /// What is wrong with a file.
  package struct Fault: Error, Equatable {
    /// What kind of fault it is.
    package enum Kind: Sendable { case truncated, damaged, unsupported }

    /// The kind of fault.
    package let kind: Kind
    /// What is wrong, as a clause.
    package let message: String
  }

  /// How deep arrays may lie in arrays.
  private static let maximumDepth = 4

  /// The bytes that one element of an array takes at least, by the number of its type.
  private static let widths: [UInt64: Int] = [
    0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 8: 8, 9: 12, 10: 8, 11: 8, 12: 8,
  ]

  private let contents: Data
  /// How many bytes were read.
  package private(set) var position = 0

  /// Begins at the first of a file's bytes.
  package init(_ contents: Data) {
    self.contents = contents.startIndex == 0 ? contents : Data(contents)
  }

  /// A fault of a file that holds what no file may hold.
  package func damaged(_ message: String) -> Fault { Fault(kind: .damaged, message: message) }

  private mutating func take(_ count: Int) throws(Fault) -> Data {
    guard count >= 0, count <= contents.count - position else {
      throw Fault(
        kind: .truncated,
        message: "the file ends at \(contents.count), within what begins at \(position)")
    }
    defer { position += count }
    return contents[position..<(position + count)]
  }

  /// The number that the next bytes make.
  package mutating func number(_ bytes: Int) throws(Fault) -> UInt64 {
    let end = position + bytes
    guard end <= contents.count else {
      throw Fault(
        kind: .truncated,
        message: "the file ends at \(contents.count), within what begins at \(position)")
    }
    var value: UInt64 = 0
    for index in (position..<end).reversed() { value = value << 8 | UInt64(contents[index]) }
    position = end
    return value
  }

  /// A number of things, each of which takes some bytes of the file.
  private mutating func count(of what: String, bytes: Int) throws(Fault) -> Int {
    let value = try number(8)
    guard value <= UInt64((contents.count - position) / bytes) else {
      throw damaged("\(value) \(what) do not fit into the file's \(contents.count) bytes")
    }
    return Int(value)
  }

  /// The numbers of tensors and of pairs of keys and values.
  package mutating func header() throws(Fault) -> (tensors: Int, pairs: Int) {
    guard contents.prefix(4).elementsEqual("GGUF".utf8) else {
      throw damaged("it does not begin with GGUF")
    }
    position = 4
    let version = try number(4)
    guard version == 2 || version == 3 else {
      throw Fault(
        kind: .unsupported,
        message: version == 3 << 24 || version == 2 << 24
          ? "its numbers are big-endian" : "version \(version) is not read here")
    }
    let tensors = try count(of: "tensors", bytes: 24)
    return (tensors, try count(of: "pairs", bytes: 13))
  }

  /// A text behind its length.
  package mutating func string() throws(Fault) -> String {
    let length = try count(of: "bytes of text", bytes: 1)
    return String(decoding: try take(length), as: UTF8.self)
  }

  /// A value behind its type.
  package mutating func value() throws(Fault) -> GGUFValue { try value(of: number(4), depth: 0) }

  private mutating func value(of type: UInt64, depth: Int) throws(Fault) -> GGUFValue {
    switch type {
    case 0: return .unsigned(try number(1))
    case 1: return .signed(Int64(Int8(truncatingIfNeeded: try number(1))))
    case 2: return .unsigned(try number(2))
    case 3: return .signed(Int64(Int16(truncatingIfNeeded: try number(2))))
    case 4: return .unsigned(try number(4))
    case 5: return .signed(Int64(Int32(truncatingIfNeeded: try number(4))))
    case 6: return .float(Float(bitPattern: UInt32(try number(4))))
    case 7: return .bool(try number(1) != 0)
    case 8: return .string(try string())
    case 9:
      guard depth < Self.maximumDepth else { throw damaged("arrays lie too deep in arrays") }
      let inner = try number(4)
      guard let width = Self.widths[inner] else {
        throw damaged("values of type \(inner) are not known")
      }
      let count = try count(of: "elements", bytes: width)
      var values: [GGUFValue] = []
      // A value takes more room here than in the file, whose count may be damaged.
      values.reserveCapacity(min(count, 1 << 20))
      for _ in 0..<count { values.append(try value(of: inner, depth: depth + 1)) }
      return .array(values)
    case 10: return .unsigned(try number(8))
    case 11: return .signed(Int64(bitPattern: try number(8)))
    case 12: return .double(Double(bitPattern: try number(8)))
    default: throw damaged("values of type \(type) are not known")
    }
  }
}
