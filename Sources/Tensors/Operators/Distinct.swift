import CKernels

/// Distinct elements, or slices of a dimension. Outside the graph.
extension Tensor {
  /// What ``unique(dim:)`` finds.
  public typealias Distinct = (values: Tensor, inverse: Tensor, counts: Tensor)

  /// The distinct elements in ascending order, or the distinct slices of a dimension, ordered by
  /// their first elements that differ (`torch.unique`).
  ///
  /// `inverse` says where among them each element, or slice, is, and `counts` how often each occurs,
  /// both `int64`. NaN equals nothing, not even NaN.
  public func unique(dim: Int? = nil) -> Distinct {
    distinct("unique", consecutive: false, dim)
  }

  /// As ``unique(dim:)``, in the order of their occurrence, where only equal neighbours fall together
  /// (`torch.unique_consecutive`).
  public func uniqueConsecutive(dim: Int? = nil) -> Distinct {
    distinct("unique_consecutive", consecutive: true, dim)
  }

  private func distinct(_ name: String, consecutive: Bool, _ dim: Int?) -> Distinct {
    if let dim, rank > 0 {
      return distinctSlices(name, consecutive: consecutive, normalized(dim: dim, name))
    }
    let elements = bare.contiguous()
    let values = Tensor.uninitialized([count], dtype)
    let inverse = Tensor.uninitialized(shape, .int64)
    let counts = Tensor.uninitialized([count], .int64)
    let found = torus_unique(
      consecutive, dtype.c, Int64(count), elements.pointer, values.pointer,
      inverse.pointer.assumingMemoryBound(to: Int64.self),
      counts.pointer.assumingMemoryBound(to: Int64.self))
    return (values.sliced(to: Int(found)), inverse, counts.sliced(to: Int(found)))
  }

  private func distinctSlices(_ name: String, consecutive: Bool, _ dim: Int) -> Distinct {
    require(
      shape.indices.allSatisfy { $0 == dim || shape[$0] > 0 }, name,
      "slices of \(shape) along dimension \(dim) are empty")
    let size = shape[dim]
    let slices = bare.movedim([dim], [0]).contiguous()
    let first = Tensor.uninitialized([size], .int64)
    let (inverse, counts) = (
      Tensor.uninitialized([size], .int64), Tensor.uninitialized([size], .int64)
    )
    let found = torus_unique_rows(
      consecutive, dtype.c, Int64(size), Int64(size == 0 ? 0 : count / size), slices.pointer,
      first.pointer.assumingMemoryBound(to: Int64.self),
      inverse.pointer.assumingMemoryBound(to: Int64.self),
      counts.pointer.assumingMemoryBound(to: Int64.self))
    let places = first.sliced(to: Int(found))
    return (
      bare.indexSelect(dim: dim, index: places), inverse, counts.sliced(to: Int(found))
    )
  }
}
