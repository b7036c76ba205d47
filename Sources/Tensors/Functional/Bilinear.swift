extension F {
  /// x Wᵀ + b (`torch.nn.functional.linear`).
  ///
  /// `[..., inputs] → [..., outputs]` with a weight of `[outputs, inputs]` and a bias of `[outputs]`; a
  /// weight of `[inputs]`, whose bias is one number, gives `[...]`.
  public static func linear(_ x: Tensor, _ weight: Tensor, bias: Tensor? = nil) -> Tensor {
    if weight.rank == 1 {
      require(bias == nil || bias?.rank == 0, "linear", "a vector of weights wants a scalar bias")
      let product = x.matmul(weight)
      return bias.map { product + $0 } ?? product
    }
    return x.linear(weight, bias)
  }

  /// yₖ = x₁ᵀ Wₖ x₂ + bₖ (`torch.nn.functional.bilinear`).
  /// - Parameters:
  ///   - a: x₁, `[…, inputs₁]`.
  ///   - b: x₂, `[…, inputs₂]`.
  ///   - weight: `[outputs, inputs₁, inputs₂]`.
  ///   - bias: `[outputs]`.
  /// - Returns: `[…, outputs]`.
  public static func bilinear(
    _ a: Tensor, _ b: Tensor, _ weight: Tensor, bias: Tensor? = nil
  ) -> Tensor {
    let name = "bilinear"
    require(
      weight.rank == 3 && a.rank > 0 && b.rank == a.rank && a.shape.dropLast() == b.shape.dropLast()
        && a.shape.last == weight.shape[1] && b.shape.last == weight.shape[2], name,
      "inputs of \(a.shape) and \(b.shape) do not fit a weight of \(weight.shape)")
    let (outputs, m, n) = (weight.shape[0], weight.shape[1], weight.shape[2])
    let lead = Array(a.shape.dropLast())
    let rows = lead.reduce(1, *)
    let spread = a.reshaped([rows, m]).matmul(
      weight.permuted([1, 0, 2]).reshaped([m, outputs * n]))
    let y = spread.reshaped([rows, outputs, n]).matmul(b.reshaped([rows, n, 1]))
      .reshaped(lead + [outputs])
    return bias.map { y + $0 } ?? y
  }

  /// A 1 at each index, zeros elsewhere, int64: `[…] → […, classes]` (`one_hot`).
  /// - Parameters:
  ///   - indices: Integers from 0 on, `[…]`.
  ///   - classes: By default one more than the largest index.
  public static func oneHot(_ indices: Tensor, numClasses classes: Int? = nil) -> Tensor {
    let name = "one_hot"
    require(indices.dtype == .int64, name, "indices must be int64, not \(indices.dtype)")
    require(
      indices.count > 0 || classes != nil, name, "the classes of an empty tensor must be given")
    let index = indices.contiguous()
    let number = classes ?? (index.reshaped([-1]).max(dim: 0).values.item(Int.self) + 1)
    require(
      classes != nil || number > 0, name,
      "classes are counted from 0, and the largest here is \(number - 1)")
    return Tensor.record(OneHot(classes: number), [index])
  }
}

/// A 1 at each index.
private struct OneHot: ConstantOperation {
  let classes: Int
  var name: String { "one_hot" }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.oneHot(inputs[0], classes: classes)
  }
}
