import CKernels

/// A tensor with some part overwritten by another.
extension Tensor {
  /// This tensor, broadcast with the mask, with the source's elements in their order where the mask
  /// holds (`torch.masked_scatter`). Elements left over are not used.
  public func maskedScatter(_ mask: Tensor, source: Tensor) -> Tensor {
    require(mask.dtype == .bool, "masked_scatter", "the mask must be bool, not \(mask.dtype)")
    require(
      source.dtype == dtype, "masked_scatter",
      "a source of \(source.dtype) for a tensor of \(dtype)")
    let operands = Tensor.broadcast([self, mask]) + [source]
    return Tensor.apply("masked_scatter", operands, saving: .input(1)) { inputs in
      let (mask, values) = (inputs[1], inputs[2].bare.contiguous())
      let needed = mask.nonzeroCount
      require(
        needed <= values.count, "masked_scatter",
        "the mask holds at \(needed) elements, the source \(values.shape) has \(values.count)")
      let out = inputs[0].bare.copied()
      Kernel.check(
        withInts(out.shape, out.strides, mask.strides) {
          torus_masked_scatter(
            out.dtype.c, Int32(out.rank), $0, out.pointer, $1, mask.pointer, $2, values.pointer)
        }, "masked_scatter", out.dtype)
      return out
    } gradient: { g, node in
      let mask = node.input(1)
      var sent: Tensor?
      if node.needsGradient(2) {
        let picked = g.maskedSelect(mask)
        sent = picked.scattered(into: [node.shape(2).reduce(1, *)]) {
          $0.sliced(to: picked.count)
        }.reshaped(node.shape(2))
      }
      return [node.needsGradient(0) ? g.maskedFill(mask, 0) : nil, nil, sent]
    }
  }

  /// This tensor with another one at an index of a dimension (`torch.select_scatter`).
  public func selectScatter(_ source: Tensor, dim: Int, index: Int) -> Tensor {
    overwriting("select_scatter", with: source) { $0.select(dim: dim, index: index) }
  }

  /// This tensor with another one in a slice of a dimension (`torch.slice_scatter`).
  public func sliceScatter(
    _ source: Tensor, dim: Int = 0, from start: Int = 0, to end: Int = .max, step: Int = 1
  ) -> Tensor {
    overwriting("slice_scatter", with: source) {
      $0.sliced(dim: dim, from: start, to: end, step: step)
    }
  }

  /// This tensor with another one on a diagonal (`torch.diagonal_scatter`).
  public func diagonalScatter(
    _ source: Tensor, offset: Int = 0, dim1: Int = 0, dim2: Int = 1
  ) -> Tensor {
    overwriting("diagonal_scatter", with: source) {
      $0.diagonal(offset: offset, dim1: dim1, dim2: dim2)
    }
  }

  private func overwriting(
    _ name: String, with source: Tensor, part: @escaping (Tensor) -> Tensor
  ) -> Tensor {
    let target = noGrad { part(bare) }.shape
    require(
      source.shape == target, name, "a source of \(source.shape) for a part of \(target)")
    return overwritten(name, by: source, part: part)
  }

  /// A copy in which the part that a view picks is another tensor, broadcast and converted.
  func overwritten(
    _ name: String, by source: Tensor, part: @escaping (Tensor) -> Tensor
  ) -> Tensor {
    Tensor.apply(name, [self, source]) { inputs in
      let copy = inputs[0].bare.copied()
      Kernel.copy(inputs[1], into: noGrad { part(copy) })
      return copy
    } gradient: { g, node in
      let zero = Tensor.full([], 0, dtype: g.dtype)
      return [
        node.needsGradient(0) ? g.overwritten(name, by: zero, part: part) : nil,
        node.needsGradient(1) ? part(g) : nil,
      ]
    }
  }
}
