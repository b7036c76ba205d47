import Tensors

/// Masks for attention scores, added before the softmax: 0 where a key is seen, −∞ where not.
public enum AttentionMask {
  /// The mask of padded keys, `[N, 1, 1, S]`; nil where every key counts.
  /// - Parameters:
  ///   - mask: `[N, S]`, 1 or true for keys that count; or `[N, T, S]` or `[N, heads, T, S]` of its
  ///     own making.
  ///   - dtype: The scores' type.
  public static func padding(_ mask: Tensor?, dtype: DType) -> Tensor? {
    guard let mask else { return nil }
    let seen = mask.dtype == .bool ? mask : mask.ne(0)
    if seen.all().item(Bool.self) { return nil }
    switch seen.rank {
    case 2: return additive(seen.unsqueezed(1).unsqueezed(1), dtype: dtype)
    case 3: return additive(seen.unsqueezed(1), dtype: dtype)
    default: return additive(seen, dtype: dtype)
    }
  }

  /// The mask of keys that come later than a query, `[1, 1, queries, past + queries]`.
  /// - Parameters:
  ///   - queries: The number of queries.
  ///   - past: How many keys came before the first query.
  ///   - dtype: The mask's type.
  public static func causal(queries: Int, past: Int, dtype: DType) -> Tensor {
    noGrad {
      let query = Tensor.arange(past, past + queries).unsqueezed(1)
      let seen = query.ge(Tensor.arange(past + queries).unsqueezed(0))
      return additive(seen.unsqueezed(0).unsqueezed(0), dtype: dtype)
    }
  }

  /// A mask of truth values as one to add.
  public static func additive(_ seen: Tensor, dtype: DType) -> Tensor {
    noGrad {
      Tensor.where(
        seen, Tensor.full([], 0.0, dtype: dtype), Tensor.full([], -Double.infinity, dtype: dtype))
    }
  }
}
