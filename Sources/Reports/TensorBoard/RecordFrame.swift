/// TensorFlow's record format, in which event files are kept: each record stands between its length and
/// its checksum, and so does the length.
///
/// ```
/// uint64 length, uint32 masked CRC-32C of the length, the record, uint32 masked CRC-32C of it
/// ```
///
/// All numbers are little-endian.
enum RecordFrame {
  /// A record with its frame.
  static func framed(_ record: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(record.count))
    var bytes: [UInt8] = []
    bytes.reserveCapacity(record.count + 16)
    bytes += length
    bytes += littleEndian(masked(CRC32C.checksum(length)))
    bytes += record
    bytes += littleEndian(masked(CRC32C.checksum(record)))
    return bytes
  }

  /// A checksum that may itself stand in checksummed data: rotated right by 15 bits, plus a constant.
  static func masked(_ checksum: UInt32) -> UInt32 {
    (checksum >> 15 | checksum << 17) &+ 0xa282_ead8
  }

  private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}

/// Castagnoli's CRC-32 (polynomial 0x82F63B78, reflected), as in iSCSI (RFC 3720, appendix B.4).
enum CRC32C {
  /// The checksum of each byte that the register can be left with.
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in
      value & 1 == 0 ? value >> 1 : value >> 1 ^ 0x82f6_3b78
    }
  }

  /// The checksum of the bytes.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    table.withUnsafeBufferPointer { table in
      ~bytes.reduce(~UInt32(0)) { crc, byte in
        table[Int(truncatingIfNeeded: (crc ^ UInt32(byte)) & 0xff)] ^ crc >> 8
      }
    }
  }
}
