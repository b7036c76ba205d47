import CKernels

extension Kernel {
  /// Reduces over the dimensions in `dims` (already normalized) into a tensor of `outDType`.
  static func reduce(
    _ name: String, _ op: torus_reduce_op, _ a: Tensor, _ dims: [Int], keepDim: Bool,
    outDType: DType, _ p0: Double = 0
  ) -> Tensor {
    let kept = reducedShape(a.shape, dims)
    let out = Tensor.uninitialized(kept, outDType)
    check(
      withInts(a.shape, a.strides, out.strides) { shape, strides, outStrides in
        torus_reduce(
          op, a.dtype.c, Int32(a.rank), shape, a.pointer, strides, mask(dims), outDType.c,
          out.pointer, outStrides, p0)
      }, name, a.dtype)
    return keepDim ? out : dropped(out, dims)
  }

  /// The shape with 1 in place of every reduced dimension.
  static func reducedShape(_ shape: [Int], _ dims: [Int]) -> [Int] {
    var kept = shape
    for dim in dims { kept[dim] = 1 }
    return kept
  }

  static func mask(_ dims: [Int]) -> UInt64 { dims.reduce(0) { $0 | 1 << UInt64($1) } }

  /// A contiguous result without its reduced dimensions of size 1.
  static func dropped(_ out: Tensor, _ dims: [Int]) -> Tensor {
    let shape = out.shape.indices.filter { !dims.contains($0) }.map { out.shape[$0] }
    return out.restrided(shape: shape, strides: contiguousStrides(shape), offset: 0)
  }
}

extension Tensor {
  /// The sum over the given dimensions, or over all (`torch.sum`). Integers and bools add up in
  /// `int64`.
  public func sum(dims: [Int] = [], keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    let source = dtype.map { to($0) } ?? self
    let dims = normalizedDims(dims, rank: rank, "sum")
    let outDType = dtype ?? self.dtype.accumulated
    return Tensor.apply(
      "sum", [source], attributes: ["dims": .ints(dims), "keepDim": .bool(keepDim)]
    ) { inputs in
      Kernel.reduce(
        "sum", TORUS_REDUCE_SUM, inputs[0], dims, keepDim: keepDim, outDType: outDType)
    } gradient: { g, node in
      [g.restored(dims, keepDim: keepDim).expanded(node.shape(0))]
    }
  }

  /// The sum over one dimension.
  public func sum(dim: Int, keepDim: Bool = false) -> Tensor { sum(dims: [dim], keepDim: keepDim) }

  /// The mean over the given dimensions, or over all (`torch.mean`); floating point only.
  public func mean(dims: [Int] = [], keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    let source = dtype.map { to($0) } ?? self
    require(
      source.dtype.isFloatingPoint, "mean", "needs a floating-point tensor, not \(self.dtype)")
    let dims = normalizedDims(dims, rank: rank, "mean")
    return Tensor.apply(
      "mean", [source], attributes: ["dims": .ints(dims), "keepDim": .bool(keepDim)]
    ) { inputs in
      Kernel.reduce(
        "mean", TORUS_REDUCE_MEAN, inputs[0], dims, keepDim: keepDim, outDType: inputs[0].dtype)
    } gradient: { g, node in
      let shape = node.shape(0)
      let count = dims.reduce(1) { $0 * shape[$1] }
      return [(g / Double(count)).restored(dims, keepDim: keepDim).expanded(shape)]
    }
  }

  /// The mean over one dimension.
  public func mean(dim: Int, keepDim: Bool = false) -> Tensor {
    mean(dims: [dim], keepDim: keepDim)
  }

  /// Whether any element is non-zero, over the given dimensions or all (`torch.any`).
  public func any(dims: [Int] = [], keepDim: Bool = false) -> Tensor {
    predicate("any", TORUS_REDUCE_ANY, dims, keepDim)
  }

  /// Whether all elements are non-zero, over the given dimensions or all (`torch.all`).
  public func all(dims: [Int] = [], keepDim: Bool = false) -> Tensor {
    predicate("all", TORUS_REDUCE_ALL, dims, keepDim)
  }

  private func predicate(
    _ name: String, _ op: torus_reduce_op, _ dims: [Int], _ keepDim: Bool
  ) -> Tensor {
    let dims = normalizedDims(dims, rank: rank, name)
    return Tensor.applyConstant(name, [self]) {
      Kernel.reduce(name, op, $0[0], dims, keepDim: keepDim, outDType: dtype == .uint8 ? .bool : .bool)
    }
  }

  /// The index of the largest element along a dimension, the first of equals; over the flattened
  /// tensor where no dimension is given (`torch.argmax`).
  public func argmax(dim: Int? = nil, keepDim: Bool = false) -> Tensor {
    extremum("argmax", smallest: false, dim, keepDim).indices
  }

  /// The index of the smallest element along a dimension, the first of equals (`torch.argmin`).
  public func argmin(dim: Int? = nil, keepDim: Bool = false) -> Tensor {
    extremum("argmin", smallest: true, dim, keepDim).indices
  }

  /// The largest elements along a dimension and where they are (`torch.max`).
  public func max(dim: Int, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
    extremum("max", smallest: false, dim, keepDim)
  }

  /// The smallest elements along a dimension and where they are (`torch.min`).
  public func min(dim: Int, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
    extremum("min", smallest: true, dim, keepDim)
  }

  private func extremum(
    _ name: String, smallest: Bool, _ dim: Int?, _ keepDim: Bool
  ) -> (values: Tensor, indices: Tensor) {
    let source = dim == nil ? flattened() : self
    let axis = source.normalized(dim: dim ?? 0, name)
    let kept = Kernel.reducedShape(source.shape, source.rank == 0 ? [] : [axis])
    require(
      source.rank == 0 || source.shape[axis] > 0, name, "dimension \(axis) is empty: \(shape)")
    let results = Tensor.applyMany(
      name, [source], attributes: ["dim": .int(axis), "keepDim": .bool(keepDim)],
      saving: .output(1)
    ) { inputs in
      let a = inputs[0].rank == 0 ? inputs[0].reshaped([1]) : inputs[0]
      let shape = a.rank == source.rank ? kept : [1]
      let values = Tensor.uninitialized(shape, a.dtype)
      let indices = Tensor.uninitialized(shape, .int64)
      Kernel.check(
        withInts(a.shape, a.strides, values.strides, indices.strides) {
          torus_arg_reduce(
            smallest, a.dtype.c, Int32(a.rank), $0, Int32(axis), a.pointer, $1, values.pointer, $2,
            indices.pointer.assumingMemoryBound(to: Int64.self), $3)
        }, name, a.dtype)
      let drop = !keepDim || source.rank == 0
      return drop ? [Kernel.dropped(values, [axis]), Kernel.dropped(indices, [axis])] : [values, indices]
    } gradient: { gradients, node in
      guard let g = gradients[0] else { return [nil] }
      let shape = node.shape(0)
      if shape.isEmpty { return [g] }
      let indices = node.output(1).restored([axis], keepDim: keepDim)
      return [
        Tensor.zeros(shape, dtype: g.dtype)
          .scatter(dim: axis, index: indices, source: g.restored([axis], keepDim: keepDim))
      ]
    }
    if dim == nil && keepDim {
      let ones = [Int](repeating: 1, count: rank)
      return (results[0].reshaped(ones), results[1].reshaped(ones))
    }
    return (results[0], results[1])
  }

  /// A reduced result with its dimensions of size 1 put back.
  func restored(_ dims: [Int], keepDim: Bool) -> Tensor {
    if keepDim { return self }
    var result = self
    for dim in dims.sorted() { result = result.unsqueezed(dim) }
    return result
  }

  /// The sum over whatever dimensions a shape was broadcast along: a broadcast operand's gradient.
  func sum(toShape target: [Int]) -> Tensor {
    if shape == target { return self }
    let lead = rank - target.count
    let dims = (0..<rank).filter { $0 < lead || (target[$0 - lead] == 1 && shape[$0] != 1) }
    let summed = dims.isEmpty ? self : sum(dims: dims, keepDim: true)
    return summed.reshaped(target)
  }
}
