/// How elements that are scattered to one place become one (`reduce` of `torch.scatter_reduce`).
public enum ScatterReduction: String, Sendable {
  /// Their sum.
  case sum
  /// Their product.
  case prod
  /// Their mean, of integers rounded down.
  case mean
  /// The largest.
  case amax
  /// The smallest.
  case amin
}

/// Writing elements along a dimension to the places that an index tensor names.
///
/// The index, `int64` or `int32`, and the source have as many dimensions as the tensor. The index is
/// nowhere larger than the source, nor, but along `dim`, than the tensor; what it does not reach of
/// the source is left out. Half precision is added up in `float32` and rounded once.
extension Tensor {
  /// This tensor with the source's elements written along a dimension (`torch.scatter`):
  /// `out[index[i][j]][j] = source[i][j]` for dimension 0. Where indices repeat, the last stays, but
  /// all of them get the place's gradient, as in PyTorch.
  public func scatter(dim: Int, index: Tensor, src source: Tensor) -> Tensor {
    scattering("scatter", dim, index, source) { Tensor.record(Scatter(dim: $0), $1) }
  }

  /// This tensor with a number written along a dimension (`torch.scatter` with `value`).
  public func scatter(dim: Int, index: Tensor, value: some ScalarConvertible) -> Tensor {
    scatter(
      dim: dim, index: index,
      src: Tensor.full([], value, dtype: dtype).expanded(index.shape))
  }

  /// This tensor with the source's elements added along a dimension (`torch.scatter_add`).
  public func scatterAdd(dim: Int, index: Tensor, src source: Tensor) -> Tensor {
    scattering("scatter_add", dim, index, source) { Tensor.record(ScatterAdd(dim: $0), $1) }
  }

  /// This tensor with the source's elements combined along a dimension (`torch.scatter_reduce`):
  /// each place with all that the index sends there.
  ///
  /// Equal extrema share the gradient evenly. The second derivative of a product is not defined where
  /// several zeros go to one place.
  /// - Parameters:
  ///   - dim: The dimension that the index is of.
  ///   - index: int64: the place along `dim` that each of the source's elements goes to.
  ///   - source: What is combined; of at least the index's shape.
  ///   - reduction: How elements that meet are combined.
  ///   - includeSelf: Whether the tensor's own element takes part at places that are reached; the
  ///     others keep theirs.
  public func scatterReduce(
    dim: Int, index: Tensor, src source: Tensor, reduce reduction: ScatterReduction,
    includeSelf: Bool = true
  ) -> Tensor {
    /// The tensor with the neutral element where something is written.
    func start(_ neutral: Int) -> Tensor {
      includeSelf ? self : scatter(dim: dim, index: index, value: neutral)
    }
    switch reduction {
    case .sum: return start(0).scatterAdd(dim: dim, index: index, src: source)
    case .mean:
      require(dtype != .bool, "scatter_reduce", "there is no mean of bool tensors")
      let sum = start(0).scatterAdd(dim: dim, index: index, src: source)
      let ones = Tensor.full([], 1, dtype: dtype).expanded(index.shape)
      let own = Tensor.full(like: self, includeSelf ? 1 : 0)
      let counts = own.scatterAdd(dim: dim, index: index, src: ones).clamp(min: 1)
      return dtype.isFloatingPoint ? sum / counts : sum.floorDivide(counts)
    case .prod: return start(1).scatterProduct(dim: dim, index: index, source: source)
    case .amax, .amin:
      return scattering("scatter_reduce", dim, index, source) {
        let operation = ScatterExtremum(
          dim: $0, isLargest: reduction == .amax, includeSelf: includeSelf)
        return Tensor.record(operation, $1)
      }
    }
  }

  fileprivate func scatterProduct(dim: Int, index: Tensor, source: Tensor) -> Tensor {
    scattering("scatter_reduce", dim, index, source) { Tensor.record(ScatterProduct(dim: $0), $1) }
  }

  /// The gradient of the factors that were scattered into `target`: the product divided by the
  /// factor, or, for the only zero at a place, the product of the others.
  fileprivate func productGradient(
    _ g: Tensor, _ product: Tensor, of target: Tensor, dim: Int, index: Tensor
  ) -> Tensor {
    let isZero = eq(0)
    let zeros = Tensor.zeros(target.shape, dtype: .int64)
      .scatterAdd(dim: dim, index: index, src: isZero.to(.int64))
      .gather(dim: dim, index: index)
    let isOnlyZero = isZero.logicalAnd(zeros.eq(1))
    let others = target.scatterProduct(
      dim: dim, index: index, source: maskedFill(isOnlyZero, 1))
    let divided = (g * product).gather(dim: dim, index: index) / maskedFill(isZero, 1)
    let result = Tensor.where(isOnlyZero, (g * others).gather(dim: dim, index: index), divided)
    guard isGradEnabled, zeros.gt(1).any().item(Bool.self) else { return result }
    return Tensor.record(WithoutDerivative(), [result])
  }

  /// Checks the operands of a scatter and hands them on, target, index in `int64` and source: at
  /// least one dimension each, and the source cut to the index's shape.
  private func scattering(
    _ name: String, _ dim: Int, _ index: Tensor, _ source: Tensor,
    _ body: (_ dim: Int, _ operands: [Tensor]) -> Tensor
  ) -> Tensor {
    let dim = normalized(dim: dim, name)
    if index.count == 0 { return self }
    let index = index.positions(name)
    if rank == 0 || index.rank == 0 || source.rank == 0 {
      requireScalars(name, [self, index, source])
      let (index, source) = (index.atLeast(rank: 1), source.atLeast(rank: 1))
      return atLeast(rank: 1).scattering(name, dim, index, source, body).reshaped(shape)
    }
    requireWithin(name, dim, index)
    require(
      source.rank == rank && zip(index.shape, source.shape).allSatisfy { $0 <= $1 }, name,
      "the index \(index.shape) reaches beyond the source \(source.shape)")
    let reached =
      source.shape == index.shape
      ? source
      : index.shape.indices.reduce(source) {
        $0.narrowed(dim: $1, start: 0, length: index.shape[$1])
      }
    return body(dim, [self, index, reached])
  }
}

/// The source's elements written over a copy: operands are the target, the index and the source.
private struct Scatter: TensorOperation {
  let dim: Int
  var name: String { "scatter" }
  var saving: Saving { .input(1) }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.scatter(name, [.set], inputs[0], dim, inputs[1], inputs[2])
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let index = node.input(1)
    return [
      node.needsGradient(0) ? g.scatter(dim: dim, index: index, value: 0) : nil, nil,
      node.needsGradient(2) ? g.gather(dim: dim, index: index) : nil,
    ]
  }
}

/// The source's elements added to a copy: operands are the target, the index and the source.
private struct ScatterAdd: TensorOperation {
  let dim: Int
  var precision: PrecisionClass { .widest }
  var name: String { "scatter_add" }
  var saving: Saving { .input(1) }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.scatter(name, [.add], inputs[0], dim, inputs[1], inputs[2])
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    [g, nil, node.needsGradient(2) ? g.gather(dim: dim, index: node.input(1)) : nil]
  }
}

/// A copy multiplied by the source's elements: operands are the target, the index and the source.
private struct ScatterProduct: TensorOperation {
  let dim: Int
  var name: String { "scatter_reduce" }
  var attributes: [String: Attribute] { ["dim": .int(dim), "reduce": .string("prod")] }
  var saving: Saving { [.inputs, .output] }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.scatter(name, [.mul], inputs[0], dim, inputs[1], inputs[2])
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let (x, index, source) = (node.input(0), node.input(1), node.input(2))
    return [
      node.needsGradient(0)
        ? g * Tensor.ones(like: x).scatterProduct(dim: dim, index: index, source: source) : nil,
      nil,
      node.needsGradient(2)
        ? source.productGradient(g, node.output(), of: x, dim: dim, index: index) : nil,
    ]
  }
}

/// The largest or smallest of what goes to each place: operands are the target, the index and the
/// source.
private struct ScatterExtremum: TensorOperation {
  let dim: Int
  let isLargest: Bool
  let includeSelf: Bool
  var name: String { "scatter_reduce" }
  var saving: Saving { [.inputs, .output] }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let op: WriteKernel = isLargest ? .max : .min
    // Any one of the elements that go to a place may stand for its own.
    return Kernel.scatter(
      name, includeSelf ? [op] : [.set, op], inputs[0], dim, inputs[1], inputs[2])
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let (index, result) = (node.input(1), node.output())
    var own = node.input(0).eq(result)
    if !includeSelf { own = own.scatter(dim: dim, index: index, value: false) }
    let sent = node.input(2).eq(result.gather(dim: dim, index: index)).to(g.dtype)
    let holders = own.to(g.dtype).scatterAdd(dim: dim, index: index, src: sent)
    let share = g / holders
    return [own.to(g.dtype) * share, nil, sent * share.gather(dim: dim, index: index)]
  }
}

/// A derivative of a product that has none of its own.
private struct WithoutDerivative: TensorOperation {
  var name: String { "scatter_reduce" }
  func forward(_ inputs: [Tensor]) -> Tensor { inputs[0].bare }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    fail(name, "a product has no second derivative where several zeros go to one place")
  }
}
