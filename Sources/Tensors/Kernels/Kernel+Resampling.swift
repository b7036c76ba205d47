internal import CKernels

extension Kernel {
  /// Weighted sums along a dimension, from `size` elements to `output`, or the adjoint, which goes the
  /// other way.
  /// - Parameter taps: The weights of the elements that each output reads, and their `int64` places.
  static func resample(
    _ x: Tensor, dim: Int, _ size: Int, to output: Int, _ taps: (weights: Tensor, places: Tensor),
    isAdjoint: Bool
  ) -> Tensor {
    let (outer, _, inner) = x.split(around: dim)
    var shape = x.shape
    shape[dim] = isAdjoint ? size : output
    let out = Tensor.uninitialized(shape, x.dtype)
    if out.count == 0 { return out }
    let (x, weights, places) = (x.contiguous(), taps.weights.to(x.dtype), taps.places)
    let kernel = isAdjoint ? torus_resample_backward : torus_resample
    checkLayer(
      kernel(
        x.dtype.c, outer, Int64(size), Int64(output), inner, Int64(places.count / output),
        places.int64s, weights.pointer, x.pointer, out.pointer), "interpolate", x.dtype)
    return out
  }
}
