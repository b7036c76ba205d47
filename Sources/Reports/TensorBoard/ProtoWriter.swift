/// Lays out protocol buffers' wire format: a message is its fields, each a number with a wire type and a
/// value.
///
/// As in proto3, scalar fields that hold their default are left out by those who call this.
struct ProtoWriter {
  /// The message so far.
  private(set) var bytes: [UInt8] = []

  /// What follows a field's number.
  private enum Wire: UInt64 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case fixed32 = 5
  }

  /// The bytes of a message that `body` fills.
  static func message(_ body: (inout ProtoWriter) -> Void) -> [UInt8] {
    var writer = ProtoWriter()
    body(&writer)
    return writer.bytes
  }

  private mutating func begin(_ field: Int, _ wire: Wire) {
    append(UInt64(field) << 3 | wire.rawValue)
  }

  /// Seven bits a byte, the lowest first; all but the last have their highest bit set.
  private mutating func append(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// An `int32`, `int64` or enumeration; negative numbers take ten bytes.
  mutating func integer(_ field: Int, _ value: Int) {
    begin(field, .varint)
    append(UInt64(bitPattern: Int64(value)))
  }

  /// A `bool`.
  mutating func flag(_ field: Int, _ value: Bool) { integer(field, value ? 1 : 0) }

  /// A `double`.
  mutating func double(_ field: Int, _ value: Double) {
    begin(field, .fixed64)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  /// A `float`.
  mutating func float(_ field: Int, _ value: Float) {
    begin(field, .fixed32)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  /// A `string`.
  mutating func string(_ field: Int, _ value: String) { data(field, Array(value.utf8)) }

  /// A `bytes` field, or a message that is laid out already.
  mutating func data(_ field: Int, _ value: [UInt8]) {
    begin(field, .lengthDelimited)
    append(UInt64(value.count))
    bytes += value
  }

  /// A message.
  mutating func message(_ field: Int, _ body: (inout ProtoWriter) -> Void) {
    data(field, Self.message(body))
  }

  /// A packed `repeated double`; nothing where there are none.
  mutating func doubles(_ field: Int, _ values: [Double]) {
    guard !values.isEmpty else { return }
    var content: [UInt8] = []
    content.reserveCapacity(values.count * 8)
    for value in values {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { content += $0 }
    }
    data(field, content)
  }

  /// The content of a packed `repeated int64`.
  static func varints(_ values: [Int]) -> [UInt8] {
    var writer = ProtoWriter()
    for value in values { writer.append(UInt64(bitPattern: Int64(value))) }
    return writer.bytes
  }

  /// A packed `repeated float`; nothing where there are none.
  mutating func floats(_ field: Int, _ values: [Float]) {
    guard !values.isEmpty else { return }
    var content: [UInt8] = []
    content.reserveCapacity(values.count * 4)
    for value in values {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { content += $0 }
    }
    data(field, content)
  }
}
