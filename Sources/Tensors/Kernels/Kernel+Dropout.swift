internal import CKernels

extension Kernel {
  /// Elements dropped with probability p, the others scaled by 1/(1 - p), and which stay. Drawn in the
  /// order of memory, as PyTorch draws.
  static func dropout(_ x: Tensor, _ p: Double, _ draw: Draw) -> (y: Tensor, mask: Tensor) {
    let x = withoutGaps(x)
    let y = Tensor.uninitialized(like: x, dtype: x.dtype)
    let mask = Tensor.uninitialized(like: x, dtype: .bool)
    let status = draw {
      torus_random_dropout(
        &$0, x.dtype.c, x.pointer, y.pointer, mask.pointer.assumingMemoryBound(to: UInt8.self),
        Int64(x.count), p)
    }
    checkLayer(status, "dropout", x.dtype)
    return (y, mask)
  }

  /// What dropout makes of values by a mask that it has drawn.
  static func masked(_ x: Tensor, _ mask: Tensor, _ p: Double) -> Tensor {
    var x = x
    if x.strides != mask.strides {
      let copy = Tensor.uninitialized(like: mask, dtype: x.dtype)
      Kernel.copy(x, into: copy)
      x = copy
    }
    let y = Tensor.uninitialized(like: mask, dtype: x.dtype)
    let status = torus_mask_dropped(
      x.dtype.c, x.pointer, mask.pointer.assumingMemoryBound(to: UInt8.self), y.pointer,
      Int64(x.count), p)
    checkLayer(status, "dropout", x.dtype)
    return y
  }

  /// The same values in their order in memory, with nothing between them.
  private static func withoutGaps(_ x: Tensor) -> Tensor {
    if x.isContiguous || denseStrides(like: x) == x.strides { return x }
    let copy = Tensor.uninitialized(like: x, dtype: x.dtype)
    Kernel.copy(x, into: copy)
    return copy
  }
}
