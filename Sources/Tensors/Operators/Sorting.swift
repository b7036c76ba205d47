import CKernels

/// Sorting along a dimension; NaN counts as the largest. Values are differentiable; gradients go back
/// by index.
extension Tensor {
  /// The elements of a dimension in order and where they were (`torch.sort`).
  /// - Parameter stable: Equal elements keep their order. Else they take the one that PyTorch's sort
  ///   gives them, and the work takes longer.
  public func sorted(
    dim: Int = -1, descending: Bool = false, stable: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    // PyTorch has a stable sort of its own for long vectors of integers.
    let isRadix = rank == 1 && !descending && dtype.isInteger && count >= 32768
    return picked("sort", dim, size: nil) { a, axis, values, indices in
      withInts(a.shape, a.strides, values.strides, indices.strides) {
        torus_sort(
          descending, stable || isRadix, a.dtype.c, Int32(a.rank), $0, Int32(axis), a.pointer, $1,
          values.pointer, $2, indices.pointer.assumingMemoryBound(to: Int64.self), $3)
      }
    }
  }

  /// Where the elements of a dimension are in order (`torch.argsort`).
  public func argsort(dim: Int = -1, descending: Bool = false, stable: Bool = false) -> Tensor {
    sorted(dim: dim, descending: descending, stable: stable).indices
  }

  /// The k largest, or smallest, elements of a dimension and where they were (`torch.topk`).
  /// - Parameter sorted: Whether they come in order.
  public func topK(
    _ k: Int, dim: Int = -1, largest: Bool = true, sorted: Bool = true
  ) -> (values: Tensor, indices: Tensor) {
    let axis = normalized(dim: dim, "topk")
    let size = rank == 0 ? 1 : shape[axis]
    require(k >= 0 && k <= size, "topk", "\(k) elements of a dimension of \(size)")
    return picked("topk", dim, size: k) { a, axis, values, indices in
      withInts(a.shape, a.strides, values.strides, indices.strides) {
        torus_topk(
          Int64(k), largest, sorted, a.dtype.c, Int32(a.rank), $0, Int32(axis), a.pointer, $1,
          values.pointer, $2, indices.pointer.assumingMemoryBound(to: Int64.self), $3)
      }
    }
  }

  /// The k-th smallest element of a dimension, counted from 1, and where it was (`torch.kthvalue`).
  public func kthValue(
    _ k: Int, dim: Int = -1, keepDim: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    let size = rank == 0 ? 1 : shape[normalized(dim: dim, "kthvalue")]
    require(k >= 1 && k <= size, "kthvalue", "number \(k) of a dimension of \(size)")
    return picked("kthvalue", dim: dim, keepDim: keepDim) { a, dim in
      let kept = Kernel.reducedShape(a.shape, [dim])
      let (values, indices) = (
        Tensor.uninitialized(kept, a.dtype), Tensor.uninitialized(kept, .int64)
      )
      Kernel.check(
        withInts(a.shape, a.strides, values.strides, indices.strides) {
          torus_kth_value(
            Int64(k), a.dtype.c, Int32(a.rank), $0, Int32(dim), a.pointer, $1, values.pointer, $2,
            indices.pointer.assumingMemoryBound(to: Int64.self), $3)
        }, "kthvalue", a.dtype)
      return (values, indices)
    }
  }

  private func picked(
    _ name: String, _ dim: Int, size: Int?,
    _ kernel:
      @escaping (_ a: Tensor, _ axis: Int, _ values: Tensor, _ indices: Tensor)
      -> torus_status
  ) -> (values: Tensor, indices: Tensor) {
    if rank == 0 {
      let one = reshaped([1]).picked(name, 0, size: size, kernel)
      let shape = size == 0 ? [0] : [Int]()
      return (one.values.reshaped(shape), one.indices.reshaped(shape))
    }
    let axis = normalized(dim: dim, name)
    var outShape = shape
    outShape[axis] = size ?? shape[axis]
    let results = Tensor.applyMany(
      name, [self], attributes: ["dim": .int(axis)], saving: .output(1)
    ) { inputs in
      let values = Tensor.uninitialized(outShape, inputs[0].dtype)
      let indices = Tensor.uninitialized(outShape, .int64)
      Kernel.check(kernel(inputs[0], axis, values, indices), name, inputs[0].dtype)
      return [values, indices]
    } gradient: { gradients, node in
      guard let g = gradients[0] else { return [nil] }
      return [
        Tensor.zeros(node.shape(0), dtype: g.dtype)
          .scatter(dim: axis, index: node.output(1), source: g)
      ]
    }
    return (results[0], results[1])
  }
}
