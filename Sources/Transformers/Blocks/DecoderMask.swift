import Tensors

/// What the tokens of a pass may see: themselves and what comes before them, within a window, without
/// padding, each in its own text where texts are packed into one row. Padding that sees nothing gets
/// zeros from attention.
struct DecoderMask {
  /// Added to scores, broadcast to `[N, heads, T, S]`; nil where the causal order says it all.
  let additive: Tensor?
  /// Whether query i sees keys 0 … i.
  let isCausal: Bool

  /// The mask of a pass of `queries` tokens.
  /// - Parameters:
  ///   - past: How many tokens came before.
  ///   - held: How many of their keys a layer still holds.
  ///   - window: How many keys a token sees, itself included; nil for all.
  ///   - padding: `[N, past + queries]`, 1 or true for tokens that count; nil where all do.
  ///   - isBidirectional: Whether tokens also see those behind them.
  ///   - texts: `[N, queries]`, the number of the text that a token belongs to in a packed row.
  init(
    queries: Int, past: Int, held: Int, window: Int?, padding: Tensor?, texts: Tensor? = nil,
    isBidirectional: Bool = false, dtype: DType
  ) {
    let keys = held + queries
    let isWhole = window.map { keys <= $0 } ?? true
    if padding == nil, texts == nil, queries == 1 || (held == 0 && isWhole) {
      (additive, isCausal) = (nil, queries > 1 && !isBidirectional)
      return
    }
    additive = noGrad {
      let query = Tensor.arange(held, keys).unsqueezed(1)
      let key = Tensor.arange(keys).unsqueezed(0)
      var seen = isBidirectional ? key.ge(query - keys) : key.le(query)
      if let window {
        seen = seen.logicalAnd(key.gt(query - window))
        if isBidirectional { seen = seen.logicalAnd(key.lt(query + window)) }
      }
      seen = seen.unsqueezed(0).unsqueezed(0)
      if let padding {
        let counts = padding.dtype == .bool ? padding : padding.ne(0)
        let own = counts.sliced(dim: 1, from: past - held).unsqueezed(1).unsqueezed(1)
        seen = seen.logicalAnd(own)
      }
      if let texts {
        seen = seen.logicalAnd(texts.unsqueezed(2).eq(texts.unsqueezed(1)).unsqueezed(1))
      }
      return AttentionMask.additive(seen, dtype: dtype)
    }
    isCausal = false
  }

  /// The numbers of the texts of packed rows, told by positions that do not go on by one; nil where
  /// every row is one text.
  /// - Parameter positions: `[N, T]`.
  static func texts(of positions: Tensor) -> Tensor? {
    noGrad {
      guard positions.shape[1] > 1 else { return nil }
      let steps = positions.sliced(dim: 1, from: 1) - positions.sliced(dim: 1, to: -1)
      let starts = steps.ne(1)
      guard starts.any().item(Bool.self) else { return nil }
      let first = Tensor.zeros([positions.shape[0], 1], dtype: .int64)
      return Tensor.cat([first, starts.to(.int64).cumsum(dim: 1)], dim: 1)
    }
  }
}
