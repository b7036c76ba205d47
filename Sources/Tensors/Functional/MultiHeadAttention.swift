/// The learned parts of `F.multiHeadAttention`.
public struct MultiHeadAttentionWeights {
  /// `[3 · embed, embed]`: the projections of query, key and value one below the other; or nil with
  /// separate ones.
  public var inProjection: Tensor?
  /// `[embed, embed]`, `[embed, key size]`, `[embed, value size]`.
  public var queryProjection, keyProjection, valueProjection: Tensor?
  /// `[3 · embed]`.
  public var inBias: Tensor?
  /// `[1, 1, embed]` each: one more key and value that are learned.
  public var keyBias, valueBias: Tensor?
  /// `[embed, embed]`.
  public var outProjection: Tensor
  /// `[embed]`.
  public var outBias: Tensor?

  /// Weights with one projection for all three, or separate ones.
  public init(
    inProjection: Tensor? = nil, queryProjection: Tensor? = nil, keyProjection: Tensor? = nil,
    valueProjection: Tensor? = nil, inBias: Tensor? = nil, keyBias: Tensor? = nil,
    valueBias: Tensor? = nil, outProjection: Tensor, outBias: Tensor? = nil
  ) {
    self.inProjection = inProjection
    (self.queryProjection, self.keyProjection) = (queryProjection, keyProjection)
    (self.valueProjection, self.inBias) = (valueProjection, inBias)
    (self.keyBias, self.valueBias) = (keyBias, valueBias)
    (self.outProjection, self.outBias) = (outProjection, outBias)
  }
}

extension F {
  /// Attention of several heads with its projections (`multi_head_attention_forward`; Vaswani et
  /// al. 2017).
  ///
  /// A query whose keys are all hidden gets zeros, weights and output alike, before the output's
  /// projection.
  /// - Parameters:
  ///   - query: `[T, B, embed]`, or without B.
  ///   - key: `[S, B, …]`, or without B.
  ///   - value: `[S, B, …]`, or without B.
  ///   - heads: The number of heads, which divides the width.
  ///   - weights: The projections.
  ///   - mask: `[T, S]` or `[B · heads, T, S]`: bool (true hides) or float (added to the scores).
  ///   - keyPaddingMask: `[B, S]` or `[S]`, likewise.
  ///   - dropout: The probability with which an attention weight is dropped while training.
  ///   - addZeroAttention: One more key and value of zeros.
  ///   - needWeights: Return the weights too, which the fused kernel does not compute.
  ///   - averageWeights: Their mean over heads.
  ///   - isCausal: Says that the mask is the causal one, so that the kernel may apply it by itself.
  ///   - training: Whether weights are dropped.
  ///   - generator: What dropout draws from.
  /// - Returns: `[T, B, embed]`, and `[B, T, S]`, or `[B, heads, T, S]` of each head.
  public static func multiHeadAttention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, numHeads heads: Int,
    weights: MultiHeadAttentionWeights, attnMask mask: Tensor? = nil,
    keyPaddingMask: Tensor? = nil, dropoutP dropout: Double = 0,
    addZeroAttn addZeroAttention: Bool = false,
    needWeights: Bool = true, averageAttnWeights averageWeights: Bool = true,
    isCausal: Bool = false, training: Bool = true,
    generator: Generator? = nil
  ) -> (output: Tensor, weights: Tensor?) {
    let name = "multi_head_attention"
    require(
      (2...3).contains(query.rank) && key.rank == query.rank && value.rank == query.rank, name,
      "[T, B, embed] three times is expected, not \(query.shape), \(key.shape), \(value.shape)")
    if query.rank == 2 {
      let result = multiHeadAttention(
        query.unsqueezed(1), key.unsqueezed(1), value.unsqueezed(1), numHeads: heads,
        weights: weights, attnMask: mask, keyPaddingMask: keyPaddingMask?.unsqueezed(0),
        dropoutP: dropout, addZeroAttn: addZeroAttention, needWeights: needWeights,
        averageAttnWeights: averageWeights, isCausal: isCausal, training: training,
        generator: generator)
      return (result.output.squeezed(1), result.weights?.squeezed(0))
    }
    let (steps, batch, embed) = (query.shape[0], query.shape[1], query.shape[2])
    require(
      heads > 0 && embed % heads == 0, name, "\(heads) heads do not divide a width of \(embed)")
    require(
      key.shape[0] == value.shape[0] && key.shape[1] == batch && value.shape[1] == batch, name,
      "key \(key.shape) and value \(value.shape) do not fit query \(query.shape)")
    require(
      !isCausal || mask != nil, name, "isCausal says what the mask is; give the mask")
    require(
      keyPaddingMask == nil || keyPaddingMask?.shape == [batch, key.shape[0]], name,
      "a key padding mask of [\(batch), \(key.shape[0])] is expected, not \(keyPaddingMask?.shape ?? [])"
    )
    var (q, k, v) = project(query, key, value, weights, embed)
    var causal = isCausal && keyPaddingMask == nil && !needWeights
    var added = mask.map { additive($0, q.dtype) }
    if let own = added, own.rank == 2 { added = own.unsqueezed(0) }
    var hidden = keyPaddingMask.map { additive($0, q.dtype) }
    if let keyBias = weights.keyBias, let valueBias = weights.valueBias {
      k = Tensor.cat([k, keyBias.expanded([1, batch, embed])])
      v = Tensor.cat([v, valueBias.expanded([1, batch, embed])])
      (added, hidden) = (added.map { pad($0, [0, 1]) }, hidden.map { pad($0, [0, 1]) })
      causal = false
    }
    let width = embed / heads
    func split(_ x: Tensor) -> Tensor {
      x.reshaped([x.shape[0], batch, heads, width]).permuted([1, 2, 0, 3])
    }
    (q, k, v) = (split(q), split(k), split(v))
    if addZeroAttention {
      let zero = Tensor.zeros([batch, heads, 1, width], dtype: q.dtype)
      (k, v) = (Tensor.cat([k, zero], dim: 2), Tensor.cat([v, zero], dim: 2))
      (added, hidden) = (added.map { pad($0, [0, 1]) }, hidden.map { pad($0, [0, 1]) })
      causal = false
    }
    let keys = k.shape[2]
    var total = added.map {
      $0.shape[0] == 1 ? $0.unsqueezed(0) : $0.reshaped([batch, heads, steps, keys])
    }
    if let hidden {
      let own = hidden.reshaped([batch, 1, 1, keys])
      total = total.map { $0 + own } ?? own
    }
    let p = training ? dropout : 0
    let output: Tensor
    var attention: Tensor?
    if needWeights {
      // Product and mask are rounded once, as one operation (`baddbmm`) would.
      let wide = q.dtype.wide
      let scaled = (q * (1 / Double(width)).squareRoot()).to(wide)
      let scores = scaled.matmul(k.to(wide).transposed())
      let all = F.dropout(
        maskedSoftmax(scores, total?.to(wide), dtype: q.dtype), p: p, training: training,
        generator: generator)
      output = all.matmul(v)
      attention = averageWeights ? all.mean(dim: 1) : all
    } else {
      output = scaledDotProductAttention(
        q, k, v, attnMask: causal ? nil : total, dropoutP: p, isCausal: causal, generator: generator
      )
    }
    let merged = output.permuted([2, 0, 1, 3]).reshaped([steps * batch, embed])
    return (
      merged.linear(weights.outProjection, weights.outBias).reshaped(
        [steps, batch, weights.outProjection.shape[0]]), attention
    )
  }

  /// A bool mask, where true hides, as zeros and -∞.
  private static func additive(_ mask: Tensor, _ dtype: DType) -> Tensor {
    guard mask.dtype == .bool else { return mask.to(dtype) }
    return Tensor.zeros(mask.shape, dtype: dtype).maskedFill(mask, -Double.infinity)
  }

  private static func project(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ weights: MultiHeadAttentionWeights,
    _ embed: Int
  ) -> (Tensor, Tensor, Tensor) {
    let biases = weights.inBias?.split([embed, embed, embed])
    if let joint = weights.inProjection {
      require(
        joint.shape == [3 * embed, embed], "multi_head_attention",
        "a projection of [\(3 * embed), \(embed)] is expected, not \(joint.shape)")
      if query.body === key.body && key.body === value.body {
        let parts = query.linear(joint, weights.inBias).split([embed, embed, embed], dim: -1)
        return (parts[0], parts[1], parts[2])
      }
      let parts = joint.split([embed, embed, embed])
      return (
        query.linear(parts[0], biases?[0]), key.linear(parts[1], biases?[1]),
        value.linear(parts[2], biases?[2])
      )
    }
    guard let q = weights.queryProjection, let k = weights.keyProjection,
      let v = weights.valueProjection
    else { fail("multi_head_attention", "a joint projection or all three are needed") }
    return (query.linear(q, biases?[0]), key.linear(k, biases?[1]), value.linear(v, biases?[2]))
  }
}
