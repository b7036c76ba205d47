import CKernels

/// Sorting along a dimension. Values are differentiable; gradients go back by index.
extension Tensor {
  /// The elements of a dimension in order and where they were (`torch.sort`). Equal elements keep
  /// their order; NaN counts as the largest.
  public func sorted(
    dim: Int = -1, descending: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    picked("sort", dim, size: nil) { a, axis, values, indices in
      withInts(a.shape, a.strides, values.strides, indices.strides) {
        torus_sort(
          descending, a.dtype.c, Int32(a.rank), $0, Int32(axis), a.pointer, $1, values.pointer, $2,
          indices.pointer.assumingMemoryBound(to: Int64.self), $3)
      }
    }
  }

  /// Where the elements of a dimension are in order (`torch.argsort`).
  public func argsort(dim: Int = -1, descending: Bool = false) -> Tensor {
    sorted(dim: dim, descending: descending).indices
  }

  /// The k largest, or smallest, elements of a dimension in order and where they were
  /// (`torch.topk`).
  public func topK(
    _ k: Int, dim: Int = -1, largest: Bool = true
  ) -> (values: Tensor, indices: Tensor) {
    let axis = normalized(dim: dim, "topk")
    let size = rank == 0 ? 1 : shape[axis]
    require(k >= 0 && k <= size, "topk", "\(k) elements of a dimension of \(size)")
    return picked("topk", dim, size: k) { a, axis, values, indices in
      withInts(a.shape, a.strides, values.strides, indices.strides) {
        torus_topk(
          Int64(k), largest, a.dtype.c, Int32(a.rank), $0, Int32(axis), a.pointer, $1,
          values.pointer, $2, indices.pointer.assumingMemoryBound(to: Int64.self), $3)
      }
    }
  }

  private func picked(
    _ name: String, _ dim: Int, size: Int?,
    _ kernel: (_ a: Tensor, _ axis: Int, _ values: Tensor, _ indices: Tensor) -> torus_status
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
