/// A tensor with some part overwritten by another.
extension Tensor {
  /// This tensor, broadcast with the mask, with the source's elements in their order where the mask
  /// holds (`torch.masked_scatter`). Elements left over are not used.
  public func maskedScatter(_ mask: Tensor, source: Tensor) -> Tensor {
    require(mask.dtype == .bool, "masked_scatter", "the mask must be bool, not \(mask.dtype)")

    let operands = Tensor.broadcast([self, mask]) + [source]
    return Tensor.record(MaskedScatter(), operands)
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
    _ name: String, with source: Tensor, part: (Tensor) -> Tensor
  ) -> Tensor {
    let (picked, views) = views(part)
    require(
      source.shape == picked.shape, name,
      "a source of \(source.shape) for a part of \(picked.shape)")
    return overwritten(name, by: source, part: views)
  }

  /// A copy in which the part that views pick is another tensor, broadcast and converted.
  func overwritten(_ name: String, by source: Tensor, part: [any ViewOperation]) -> Tensor {
    Tensor.record(Overwrite(name: name, part: part), [self, source])
  }
}

/// A copy in which a part is another tensor.
private struct Overwrite: TensorOperation {
  let name: String
  let part: [any ViewOperation]

  func forward(_ inputs: [Tensor]) -> Tensor {
    let copy = inputs[0].bare.copied()
    Kernel.copy(inputs[1], into: part.bare(of: copy))
    return copy
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let zero = Tensor.full([], 0, dtype: g.dtype)
    return [
      node.needsGradient(0) ? g.overwritten(name, by: zero, part: part) : nil,
      node.needsGradient(1) ? part.recorded(of: g) : nil,
    ]
  }
}

/// The source's elements in their order where a mask holds.
private struct MaskedScatter: TensorOperation {
  var name: String { "masked_scatter" }
  var saving: Saving { .input(1) }

  func forward(_ inputs: [Tensor]) -> Tensor {
    require(
      inputs[2].dtype == inputs[0].dtype, name,
      "a source of \(inputs[2].dtype) for a tensor of \(inputs[0].dtype)")
    let (mask, values) = (inputs[1], inputs[2])
    let needed = mask.nonzeroCount
    require(
      needed <= values.count, "masked_scatter",
      "the mask holds at \(needed) elements, the source \(values.shape) has \(values.count)")
    return Kernel.maskedScatter(inputs[0], mask, values)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let mask = node.input(1)
    var sent: Tensor?
    if node.needsGradient(2) {
      let picked = g.maskedSelect(mask)
      let taken = Slice(dim: 0, start: 0, end: picked.count, step: 1)
      sent = picked.scattered(into: [node.shape(2).reduce(1, *)], at: [taken])
        .reshaped(node.shape(2))
    }
    return [node.needsGradient(0) ? g.maskedFill(mask, 0) : nil, nil, sent]
  }
}
