internal import CKernels

/// Numbers in blocks with a common scale, as GGUF files hold them.
extension Kernel {
  /// Writes the numbers of blocks of a format into a contiguous float32 tensor.
  /// - Parameters:
  ///   - format: The format's number in GGUF files.
  ///   - count: The number of blocks.
  package static func decodeBlocks(
    _ format: UInt32, _ blocks: UnsafeRawPointer, count: Int, into result: Tensor
  ) {
    let code = torus_blocks_decode(
      Int32(format), blocks.assumingMemoryBound(to: UInt8.self), Int64(count),
      result.pointer.assumingMemoryBound(to: Float.self))
    require(code == 0, "GGUF", "type \(format) is no block format")
  }

  /// Writes the numbers of a contiguous float32 tensor as blocks of a format.
  /// - Parameters:
  ///   - format: The format's number in GGUF files.
  ///   - count: The number of blocks.
  package static func encodeBlocks(
    _ format: UInt32, _ values: Tensor, count: Int, into blocks: UnsafeMutableRawPointer
  ) {
    let code = torus_blocks_encode(
      Int32(format), values.pointer.assumingMemoryBound(to: Float.self), Int64(count),
      blocks.assumingMemoryBound(to: UInt8.self))
    require(code == 0, "GGUF", "type \(format) is not written")
  }

  /// The bytes that numbers take in NormalFloat of 4 bits, a whole number of blocks of 64.
  package static func normalFloatBytes(_ count: Int) -> Int { Int(torus_nf4_bytes(Int64(count))) }

  /// Writes the numbers of NormalFloat blocks into a contiguous float32 tensor.
  package static func decodeNormalFloat(_ bytes: UnsafeRawPointer, into result: Tensor) {
    torus_nf4_decode(
      bytes.assumingMemoryBound(to: UInt8.self), Int64(result.count),
      result.pointer.assumingMemoryBound(to: Float.self))
  }

  /// Rounds the numbers of a contiguous float32 tensor to NormalFloat blocks.
  package static func encodeNormalFloat(_ values: Tensor, into bytes: UnsafeMutableRawPointer) {
    torus_nf4_encode(
      values.pointer.assumingMemoryBound(to: Float.self), Int64(values.count),
      bytes.assumingMemoryBound(to: UInt8.self))
  }
}
