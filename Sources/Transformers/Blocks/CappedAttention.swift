import NN
import Tensors

extension Attention {
  /// Attention whose scores are brought within ±cap before the mask: c·tanh(s/c) (Gemma 2).
  ///
  /// Query heads that share a key meet it in one product; no key is repeated.
  /// - Parameters:
  ///   - query: `[N, heads, T, d]`.
  ///   - key, value: `[N, kv heads, S, d]`.
  ///   - mask: Added to the scores, broadcast to `[N, 1, T, S]`.
  /// - Returns: `[N, T, heads · d]`.
  static func capped(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, cap: Double, mask: Tensor?, isCausal: Bool,
    dropout: Double, scale: Double, weights: AttentionWeights?
  ) -> Tensor {
    let (n, heads, t, size) = (query.shape[0], query.shape[1], query.shape[2], query.shape[3])
    let (shared, keys) = (key.shape[1], key.shape[2])
    let groups = heads / shared
    let grouped = query.reshaped([n, shared, groups * t, size])
    var scores = grouped.matmul(key.transposed()) * scale
    scores = ((scores / cap).tanh() * cap).reshaped([n, heads, t, keys])
    if isCausal {
      let seen = Tensor.arange(t).unsqueezed(1).ge(Tensor.arange(keys).unsqueezed(0))
      scores = scores + AttentionMask.additive(seen, dtype: scores.dtype)
    }
    // Hidden keys are the least finite number here, as in transformers, which has no other form of
    // this attention: padding that sees nothing then sees everything alike, and is no NaN.
    if let mask { scores = scores + mask.nanToNum() }
    let probabilities = scores.softmax(dim: -1)
    weights?.append(probabilities)
    let dropped = dropout > 0 ? F.dropout(probabilities, p: dropout) : probabilities
    let states = dropped.reshaped([n, shared, groups * t, keys]).matmul(value)
    return states.reshaped([n, heads, t, value.shape[3]]).transposed(1, 2)
      .reshaped([n, t, heads * value.shape[3]])
  }
}
