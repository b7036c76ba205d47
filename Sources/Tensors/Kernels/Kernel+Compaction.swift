internal import CKernels

/// What optimizers remember, in fewer bits: numbers of contiguous float32 tensors to and from a part of a
/// compact one.
extension Kernel {
  /// The numbers that share a scale in 8 bits.
  package static let compactBlock = Int(TORUS_COMPACT_BLOCK)

  /// How numbers go to one of their two neighbours: to the nearer one, or by a draw that depends on a key and
  /// on the number's index.
  package struct CompactRounding {
    let c: torus_compact_rounding

    /// To the nearer one.
    package static let nearest = CompactRounding(c: .init(draws: false, key: 0, first: 0))

    /// To each the likelier the nearer it is.
    /// - Parameter first: The index of the first number.
    package static func draws(key: UInt64, first: Int) -> CompactRounding {
      CompactRounding(c: .init(draws: true, key: key, first: Int64(first)))
    }
  }

  /// Writes numbers as codes of 8 bits and scales.
  /// - Parameter start: Where they begin, at a block's border.
  package static func compact(
    _ numbers: Tensor, codes: Tensor, scales: Tensor, from start: Int, squares: Bool,
    _ rounding: CompactRounding
  ) {
    var how = rounding.c
    torus_compact_write8(
      numbers.pointer.assumingMemoryBound(to: Float.self), Int64(numbers.count), squares,
      codes.pointer.assumingMemoryBound(to: UInt8.self) + start,
      scales.pointer.assumingMemoryBound(to: Float.self) + start / compactBlock, &how)
  }

  /// Reads numbers from codes of 8 bits and scales.
  package static func expand(
    codes: Tensor, scales: Tensor, from start: Int, squares: Bool, into numbers: Tensor
  ) {
    torus_compact_read8(
      codes.pointer.assumingMemoryBound(to: UInt8.self) + start,
      scales.pointer.assumingMemoryBound(to: Float.self) + start / compactBlock,
      Int64(numbers.count), squares, numbers.pointer.assumingMemoryBound(to: Float.self))
  }

  /// Writes numbers as bfloat16.
  package static func compact(
    _ numbers: Tensor, halves: Tensor, from start: Int, _ rounding: CompactRounding
  ) {
    var how = rounding.c
    torus_compact_write16(
      numbers.pointer.assumingMemoryBound(to: Float.self), Int64(numbers.count),
      halves.pointer.assumingMemoryBound(to: UInt16.self) + start, &how)
  }

  /// Reads numbers from bfloat16.
  package static func expand(halves: Tensor, from start: Int, into numbers: Tensor) {
    torus_compact_read16(
      halves.pointer.assumingMemoryBound(to: UInt16.self) + start, Int64(numbers.count),
      numbers.pointer.assumingMemoryBound(to: Float.self))
  }
}
