extension F {
  /// softmax(Q Kᵀ · scale + mask) V (`torch.nn.functional.scaled_dot_product_attention`;
  /// Vaswani et al. 2017).
  ///
  /// A query that the mask lets see no key gets zeros, and so do the gradients through it.
  /// - Parameters:
  ///   - query: `[..., heads, T, D]`.
  ///   - key: `[..., kv heads, S, D]`.
  ///   - value: `[..., kv heads, S, E]`.
  ///   - mask: Bool (true takes part) or float (added to the scores), broadcast to `[..., T, S]`.
  ///   - dropout: The probability with which an attention weight is dropped.
  ///   - isCausal: Query i sees keys 0 … i; excludes a mask.
  ///   - scale: By default 1/√D.
  ///   - enableGQA: Let several query heads share a key and value head.
  ///   - generator: What dropout draws from.
  /// - Returns: `[..., heads, T, E]`.
  public static func scaledDotProductAttention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, attnMask mask: Tensor? = nil,
    dropoutP dropout: Double = 0, isCausal: Bool = false, scale: Double? = nil,
    enableGQA: Bool = false,
    generator: Generator? = nil
  ) -> Tensor {
    let name = "scaled_dot_product_attention"
    let operands = [query, key, value]
    require(
      operands.allSatisfy { $0.rank >= 2 && $0.dtype.isFloatingPoint }, name,
      "query, key and value need two dimensions or more and a floating dtype")
    require(
      query.shape[query.rank - 1] == key.shape[key.rank - 1]
        && key.shape[key.rank - 2] == value.shape[value.rank - 2], name,
      "shapes do not fit: query \(query.shape), key \(key.shape), value \(value.shape)")
    require(!(isCausal && mask != nil), name, "give a mask or isCausal, not both")
    let factor = scale ?? 1 / Double(query.shape[query.rank - 1]).squareRoot()
    let additive = mask.map { additiveMask($0, query.dtype) }
    let shared =
      enableGQA && query.rank == 4 && key.shape[1] > 0 && query.shape[1] % key.shape[1] == 0
    let fused =
      dropout == 0 && query.rank == 4 && key.rank == 4 && value.rank == 4
      && query.count > 0 && key.count > 0 && value.count > 0
      && query.shape[0] == key.shape[0] && key.shape[0] == value.shape[0]
      && key.shape[1] == value.shape[1] && (query.shape[1] == key.shape[1] || shared)
      && (additive == nil || !(additive?.requiresGrad ?? false))
    if fused { return fusedAttention(query, key, value, additive?.bare, isCausal, factor) }
    return composedAttention(
      query, key, value, additive, dropout: dropout, isCausal: isCausal, scale: factor,
      enableGQA: enableGQA, generator: generator)
  }

  /// A bool mask as zeros and -∞.
  private static func additiveMask(_ mask: Tensor, _ dtype: DType) -> Tensor {
    guard mask.dtype == .bool else { return mask.to(dtype) }
    return Tensor.where(
      mask, Tensor.full([], 0.0, dtype: dtype), Tensor.full([], -Double.infinity, dtype: dtype))
  }

  /// The definition, one operation after the other: whatever the shapes, with dropout, and for
  /// gradients that are themselves recorded.
  private static func composedAttention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ mask: Tensor?, dropout: Double,
    isCausal: Bool, scale: Double, enableGQA: Bool, generator: Generator?
  ) -> Tensor {
    requireOneDType([query, key, value])
    // Half types are computed in float32: scores that were rounded would choose other keys.
    let wide = query.dtype.wide
    var (key, value) = (key.to(wide), value.to(wide))
    if enableGQA {
      let times = query.shape[query.rank - 3] / key.shape[key.rank - 3]
      key = repeatedHeads(key, times)
      value = repeatedHeads(value, times)
    }
    let weights = attentionWeights(
      query.to(wide), key, mask?.to(wide), isCausal: isCausal, scale: scale)
    let kept = F.dropout(weights, p: dropout, training: dropout > 0, generator: generator)
    return kept.matmul(value).to(query.dtype)
  }

  /// softmax(Q Kᵀ · scale + mask), with as many key heads as query heads.
  private static func attentionWeights(
    _ query: Tensor, _ key: Tensor, _ mask: Tensor?, isCausal: Bool, scale: Double
  ) -> Tensor {
    var scores = query.matmul(key.transposed()) * scale
    if isCausal {
      let (rows, columns) = (query.shape[query.rank - 2], key.shape[key.rank - 2])
      let seen = Tensor.arange(rows).unsqueezed(1).ge(Tensor.arange(columns).unsqueezed(0))
      scores = scores + additiveMask(seen, query.dtype)
    }
    return maskedSoftmax(scores, mask)
  }

  /// softmax(scores + mask) over keys, zeros for a query whose keys the mask hides all: in dtype of
  /// the scores, or in another one to which the sum is rounded first.
  static func maskedSoftmax(_ scores: Tensor, _ mask: Tensor?, dtype: DType? = nil) -> Tensor {
    let dtype = dtype ?? scores.dtype
    guard let mask else { return scores.to(dtype).softmax(dim: -1) }
    let blind = noGrad { mask.eq(-Double.infinity).all(dims: [-1], keepDim: true) }
    // What is captured must hold for other masks; where no row is blind both ways have the same bits.
    guard Capture.isOn || blind.any().item(Bool.self) else {
      return (scores + mask).to(dtype).softmax(dim: -1)
    }
    // Such a row is seen whole and its weights are taken away again: its gradients are zeros, too.
    let seen = scores + mask.maskedFill(blind, 0.0)
    return seen.to(dtype).softmax(dim: -1).maskedFill(blind, 0.0)
  }

  /// The gradients of attention in operations that have gradients themselves. With P the weights:
  /// dV = Pᵀ g, dS = P ∘ (g Vᵀ - Σ g Vᵀ ∘ P), dQ = dS K · scale, dK = dSᵀ Q · scale.
  private static func attentionFormula(
    _ g: Tensor, _ query: Tensor, _ key: Tensor, _ value: Tensor, _ mask: Tensor?, isCausal: Bool,
    scale: Double
  ) -> [Tensor?] {
    let times = query.shape[1] / key.shape[1]
    let (wideKey, wideValue) = (repeatedHeads(key, times), repeatedHeads(value, times))
    let weights = attentionWeights(query, wideKey, mask, isCausal: isCausal, scale: scale)
    let slope = g.matmul(wideValue.transposed())
    let scores = weights * (slope - (slope * weights).sum(dim: -1, keepDim: true)) * scale
    func shared(_ gradient: Tensor) -> Tensor {
      guard times > 1 else { return gradient }
      let shape = gradient.shape
      return gradient.reshaped([shape[0], shape[1] / times, times] + shape[2...]).sum(dim: 2)
    }
    return [
      scores.matmul(wideKey), shared(scores.transposed().matmul(query)),
      shared(weights.transposed().matmul(g)),
    ]
  }

  /// Every key or value head as often as query heads share it.
  private static func repeatedHeads(_ x: Tensor, _ times: Int) -> Tensor {
    if times == 1 { return x }
    let dim = x.rank - 3
    var wide = x.shape
    wide.insert(times, at: dim + 1)
    return x.unsqueezed(dim + 1).expanded(wide).flattened(from: dim, to: dim + 1)
  }

  /// One pass over blocks of keys, without the matrix of weights.
  private static func fusedAttention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ mask: Tensor?, _ isCausal: Bool,
    _ scale: Double
  ) -> Tensor {
    let operation = FusedAttention(isCausal: isCausal, scale: scale)
    return Tensor.record(operation, [query, key, value] + [mask].compactMap { $0 })[0]
  }

  private static func requireOneDType(_ operands: [Tensor]) {
    require(
      operands.allSatisfy { $0.dtype == operands[0].dtype }, "scaled_dot_product_attention",
      "query, key and value differ in dtype: "
        + operands.map { "\($0.dtype)" }.joined(separator: ", "))
  }

  /// Attention in one pass: operands are queries, keys, values and, where there is one, the mask;
  /// results are the output and the logarithms of the weights' sums.
  private struct FusedAttention: TensorsOperation {
    let isCausal: Bool
    let scale: Double
    var precision: PrecisionClass { .reduced }
    var name: String { "scaled_dot_product_attention" }
    var saving: Saving { [.inputs, .output(0, 1)] }

    func forward(_ inputs: [Tensor]) -> [Tensor] {
      requireOneDType(Array(inputs.prefix(3)))
      let (q, k, v) = (inputs[0], inputs[1], inputs[2])
      let (out, lse) = Kernel.attention(
        q, k, v, inputs.count > 3 ? wideMask(inputs[3], q, k) : nil, isCausal: isCausal,
        scale: scale)
      return [out, lse]
    }

    func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
      let hasMask = node.inputCount > 3
      guard let g = gradients[0] else { return [nil, nil, nil] + (hasMask ? [nil] : []) }
      let (query, key, value) = (node.input(0), node.input(1), node.input(2))
      let mask = hasMask ? wideMask(node.input(3), query, key) : nil
      if isGradEnabled {
        return attentionFormula(g, query, key, value, mask, isCausal: isCausal, scale: scale)
          + (hasMask ? [nil] : [])
      }
      let (dq, dk, dv) = Kernel.attentionGradient(
        g, (query, key, value), mask, out: node.output(0), lse: node.output(1),
        isCausal: isCausal, scale: scale)
      return [dq, dk, dv] + (hasMask ? [nil] : [])
    }
  }

  /// A mask as the kernels read it: for every score, in the wide type.
  private static func wideMask(_ mask: Tensor, _ query: Tensor, _ key: Tensor) -> Tensor {
    let scores = [query.shape[0], query.shape[1], query.shape[2], key.shape[2]]
    return noGrad { mask.bare.to(query.dtype.wide).expanded(scores) }
  }
}
