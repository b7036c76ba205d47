import Tensors

/// The attention that every family computes: heads split, scores, mask, softmax, heads merged.
public enum Attention {
  /// A projection `[N, T, heads · d]` as `[N, heads, T, d]`, without copying.
  public static func heads(_ x: Tensor, _ heads: Int) -> Tensor {
    let width = x.shape[2] / heads
    return x.reshaped([x.shape[0], x.shape[1], heads, width]).transposed(1, 2)
  }

  /// Attention of queries `[N, heads, T, d]` to keys and values `[N, kv heads, S, d]`, merged into
  /// `[N, T, heads · d]`.
  /// - Parameters:
  ///   - query: Queries, `[N, heads, T, d]`.
  ///   - key: Keys, `[N, kv heads, S, d]`, where the number of heads is a multiple of `kv heads`.
  ///   - value: Values, `[N, kv heads, S, d]`.
  ///   - mask: Added to the scores, broadcast to `[N, heads, T, S]`.
  ///   - isCausal: Whether a query sees only the keys up to its own place.
  ///   - dropout: The probability with which a weight is dropped; 0 outside training.
  ///   - scale: By default 1/√d.
  ///   - weights: Takes the attention weights, where they are asked for: they are then computed one
  ///     by one.
  public static func merged(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor? = nil, isCausal: Bool = false,
    dropout: Double = 0, scale: Double? = nil, weights: AttentionWeights? = nil
  ) -> Tensor {
    let (n, heads, t) = (query.shape[0], query.shape[1], query.shape[2])
    let isShared = key.shape[1] != heads
    if let weights {
      weights.append(query, key, mask: mask, isCausal: isCausal, scale: scale)
    }
    let states = F.scaledDotProductAttention(
      query, key, value, attnMask: mask, dropoutP: dropout, isCausal: isCausal, scale: scale,
      enableGQA: isShared)
    return states.transposed(1, 2).reshaped([n, t, heads * value.shape[3]])
  }
}

/// Gathers the attention weights of a pass, layer by layer (`output_attentions`).
public final class AttentionWeights {
  /// Each layer's weights, `[N, heads, T, S]`, before dropout.
  public private(set) var layers: [Tensor] = []

  /// An empty list.
  public init() {}

  /// Adds a layer's weights that were computed one by one.
  func append(_ weights: Tensor) { layers.append(weights) }

  func append(_ query: Tensor, _ key: Tensor, mask: Tensor?, isCausal: Bool, scale: Double?) {
    let (heads, length, keys) = (query.shape[1], query.shape[2], key.shape[2])
    let times = heads / key.shape[1]
    let key = times == 1 ? key : key.repeatInterleave(times, dim: 1)
    var scores = query.matmul(key.transposed()) * (scale ?? 1 / Double(query.shape[3]).squareRoot())
    if isCausal {
      let seen = Tensor.arange(length).unsqueezed(1).ge(Tensor.arange(keys).unsqueezed(0))
      scores = scores + AttentionMask.additive(seen, dtype: scores.dtype)
    }
    if let mask { scores = scores + mask }
    layers.append(scores.softmax(dim: -1, dtype: scores.dtype))
  }
}
