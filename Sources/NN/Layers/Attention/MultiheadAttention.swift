import Tensors

/// Attention of several heads (`torch.nn.MultiheadAttention`; Vaswani et al. 2017).
public final class MultiheadAttention: Module, Hookable {
  /// `[3 · embed, embed]`, or nil where keys or values have sizes of their own.
  public let inProjWeight: Parameter?
  /// `[embed, embed]`, `[embed, key size]`, `[embed, value size]`, or nil.
  public let qProjWeight, kProjWeight, vProjWeight: Parameter?
  /// `[3 · embed]`, or nil.
  public let inProjBias: Parameter?
  /// `[1, 1, embed]` each, or nil.
  public let biasK, biasV: Parameter?
  /// The last projection.
  public let outProj: Linear
  private let heads: Int
  private let dropout: Double
  private let addZeroAttention, batchFirst: Bool

  /// A layer with PyTorch's initial values.
  /// - Parameters:
  ///   - embed: The width of queries and outputs.
  ///   - heads: The number of heads, which divides the width.
  ///   - dropout: The probability with which an attention weight is dropped while training.
  ///   - bias: Whether the projections have biases.
  ///   - addBiasKV: One more key and value that are learned.
  ///   - addZeroAttention: One more key and value of zeros.
  ///   - keySize: The width of keys; by default that of the embedding.
  ///   - valueSize: The width of values; by default that of the embedding.
  ///   - batchFirst: Inputs and outputs are `[B, T, embed]`.
  ///   - dtype: The parameters' element type.
  public init(
    _ embed: Int, _ heads: Int, dropout: Double = 0, bias: Bool = true, addBiasKV: Bool = false,
    addZeroAttn addZeroAttention: Bool = false, kdim keySize: Int? = nil,
    vdim valueSize: Int? = nil,
    batchFirst: Bool = false, dtype: DType = .float32
  ) {
    require(
      embed > 0 && heads > 0 && embed % heads == 0, "MultiheadAttention",
      "\(heads) heads do not divide a width of \(embed)")
    func make(_ shape: [Int]) -> Parameter { Parameter(.empty(shape, dtype: dtype)) }
    let joint = (keySize ?? embed) == embed && (valueSize ?? embed) == embed
    inProjWeight = joint ? make([3 * embed, embed]) : nil
    qProjWeight = joint ? nil : make([embed, embed])
    kProjWeight = joint ? nil : make([embed, keySize ?? embed])
    vProjWeight = joint ? nil : make([embed, valueSize ?? embed])
    inProjBias = bias ? Parameter(.zeros([3 * embed], dtype: dtype)) : nil
    outProj = Linear(embed, embed, bias: bias, dtype: dtype)
    biasK = addBiasKV ? make([1, 1, embed]) : nil
    biasV = addBiasKV ? make([1, 1, embed]) : nil
    (self.heads, self.dropout) = (heads, dropout)
    (self.addZeroAttention, self.batchFirst) = (addZeroAttention, batchFirst)
    for weight in [inProjWeight, qProjWeight, kProjWeight, vProjWeight] {
      if let weight { Init.xavierUniform(weight) }
    }
    if let bias = outProj.bias { Init.zeros(bias) }
    for bias in [biasK, biasV] { if let bias { Init.xavierNormal(bias) } }
  }

  /// The attended values and, on request, the weights.
  /// - Parameters:
  ///   - query: `[T, B, embed]`, or `[B, T, embed]` with `batchFirst`, or without B.
  ///   - key: `[S, B, …]`, likewise.
  ///   - value: `[S, B, …]`, likewise.
  ///   - keyPaddingMask: `[B, S]`: bool (true hides) or float (added).
  ///   - needWeights: Return the weights, `[B, T, S]`, or `[B, heads, T, S]` without averaging.
  ///   - mask: `[T, S]` or `[B · heads, T, S]`, likewise.
  ///   - averageWeights: Whether the weights are the mean over all heads.
  ///   - isCausal: Says that the mask is the causal one.
  public func callAsFunction(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, keyPaddingMask: Tensor? = nil,
    needWeights: Bool = true, attnMask mask: Tensor? = nil,
    averageAttnWeights averageWeights: Bool = true, isCausal: Bool = false
  ) -> (output: Tensor, weights: Tensor?) {
    withHooks(query, key, value) { query, key, value in
      let swaps = batchFirst && query.rank == 3
      func ordered(_ x: Tensor) -> Tensor { swaps ? x.transposed(0, 1) : x }
      let result = F.multiHeadAttention(
        ordered(query), ordered(key), ordered(value), numHeads: heads,
        weights: MultiHeadAttentionWeights(
          inProjection: inProjWeight?.value, queryProjection: qProjWeight?.value,
          keyProjection: kProjWeight?.value, valueProjection: vProjWeight?.value,
          inBias: inProjBias?.value, keyBias: biasK?.value, valueBias: biasV?.value,
          outProjection: outProj.weight.value, outBias: outProj.bias?.value), attnMask: mask,
        keyPaddingMask: keyPaddingMask, dropoutP: dropout, addZeroAttn: addZeroAttention,
        needWeights: needWeights, averageAttnWeights: averageWeights, isCausal: isCausal,
        training: isTraining)
      return (ordered(result.output), result.weights)
    }
  }
}
