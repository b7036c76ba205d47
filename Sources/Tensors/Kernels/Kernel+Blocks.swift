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

  /// x Wᵀ, or x W of a transposed one, of a contiguous float32 matrix of few rows and W in blocks, which is
  /// read as it lies; nil where that is not done.
  package static func product(
    _ x: Tensor, _ format: UInt32, _ blocks: UnsafeRawPointer, outputs: Int, isTransposed: Bool
  ) -> Tensor? {
    let (rows, inputs) = (x.shape[0], x.shape[1])
    let result = Tensor.empty([rows, outputs], dtype: .float32)
    let status = torus_blocks_product(
      Int32(truncatingIfNeeded: format), isTransposed, Int64(rows), Int64(outputs), Int64(inputs),
      x.pointer.assumingMemoryBound(to: Float.self), blocks.assumingMemoryBound(to: UInt8.self),
      result.pointer.assumingMemoryBound(to: Float.self))
    return status == TORUS_OK ? result : nil
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
