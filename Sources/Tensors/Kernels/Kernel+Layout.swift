internal import CKernels

/// Elements in other places, and memory that is filled.
extension Kernel {
  /// Dimensions in reverse.
  static func flip(_ a: Tensor, _ dims: [Int]) -> Tensor {
    let out = Tensor.uninitialized(a.shape, a.dtype)
    check(
      withInts(a.shape, a.strides, out.strides) {
        torus_flip(a.dtype.c, Int32(a.rank), $0, a.pointer, $1, mask(dims), out.pointer, $2)
      }, "flip", a.dtype)
    return out
  }

  /// Elements moved along each dimension, round the end.
  static func roll(_ a: Tensor, _ shifts: [Int]) -> Tensor {
    let out = Tensor.uninitialized(a.shape, a.dtype)
    check(
      withInts(a.shape, a.strides, shifts, out.strides) {
        torus_roll(a.dtype.c, Int32(a.rank), $0, a.pointer, $1, $2, out.pointer, $3)
      }, "roll", a.dtype)
    return out
  }

  /// One triangle of the last two dimensions, from a diagonal on, with zeros elsewhere.
  static func triangle(_ a: Tensor, upper: Bool, diagonal: Int = 0) -> Tensor {
    let out = Tensor.uninitialized(a.shape, a.dtype)
    check(
      withInts(a.shape, a.strides, out.strides) {
        torus_triangle(
          upper, Int64(diagonal), a.dtype.c, Int32(a.rank), $0, a.pointer, $1, out.pointer, $2)
      }, upper ? "triu" : "tril", a.dtype)
    return out
  }

  /// `count` numbers from `first` on, `width` apart.
  static func range(_ count: Int, from first: Double, by width: Double, _ dtype: DType) -> Tensor {
    let out = Tensor.uninitialized([count], dtype)
    check(torus_arange(dtype.c, Int64(count), out.pointer, first, width), "arange", dtype)
    return out
  }

  /// Writes a number, as an element of its dtype, everywhere into a tensor's memory.
  static func fill<Number: TensorElement>(_ target: Tensor, with number: Number) {
    check(
      withInts(target.shape, target.strides) { shape, strides in
        withUnsafeBytes(of: number) { number in
          torus_fill(
            target.dtype.c, Int32(target.rank), shape, target.pointer, strides, Number.dtype.c,
            number.baseAddress)
        }
      }, "fill", target.dtype)
  }

  /// Adds a tensor that broadcasts to another's shape, and is of its dtype, into its memory.
  static func add(_ other: Tensor, into target: Tensor) {
    let strides = other.broadcastStrides(to: target.shape)
    check(
      withInts(target.shape, target.strides, strides) { shape, mine, theirs in
        torus_binary(
          .add, target.dtype.c, Int32(target.rank), shape, target.pointer, mine,
          target.pointer, mine, other.pointer, theirs, 1, 0)
      }, "addInPlace", target.dtype)
  }
}

/// The caching allocator's memory, aligned to 64 bytes.
extension Kernel {
  /// Nil where there is not so much.
  @inline(__always)
  static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    torus_alloc_or_null(byteCount)
  }

  @inline(__always)
  static func free(_ memory: UnsafeMutableRawPointer, _ byteCount: Int) {
    torus_free(memory, byteCount)
  }

  /// What the allocator has handed out, what it keeps, and the most that was in use at once.
  static var memory: (inUse: Int, cached: Int, peak: Int) {
    let statistics = torus_alloc_statistics()
    return (Int(statistics.in_use), Int(statistics.cached), Int(statistics.peak))
  }

  static func resetPeakMemory() { torus_alloc_reset_peak() }

  static func trimMemory() { torus_alloc_trim() }
}
