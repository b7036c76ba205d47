import CCollectives

/// Checksums by which ranks compare memory without sending it.
package enum Checksum {
  /// A 64-bit checksum of the bytes: alike for equal bytes, and different for others but for one case
  /// in 2⁶⁴ or so. Not meant against somebody who wants two to be alike.
  package static func of(_ memory: UnsafeRawPointer, bytes: Int) -> UInt64 {
    torus_checksum(memory, bytes)
  }

  /// The same of a buffer.
  package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    torus_checksum(bytes.baseAddress, bytes.count)
  }
}
