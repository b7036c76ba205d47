internal import CKernels

/// Attention in one pass over blocks of keys.
extension Kernel {
  /// softmax(Q Kᵀ · scale + mask) V of `[N, H, T, D]`, `[N, H', S, D]` and `[N, H', S, E]`, and the
  /// logarithms of the weights' sums. The mask is of every score and in the wide type.
  static func attention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ mask: Tensor?, isCausal: Bool, scale: Double
  ) -> (out: Tensor, lse: Tensor) {
    let (q, k, v) = (rowsContiguous(query), rowsContiguous(key), rowsContiguous(value))
    let (batch, heads, queries) = (q.shape[0], q.shape[1], q.shape[2])
    // [N, T, H, E] in memory: merging the heads afterwards is a view.
    let out = Tensor.uninitialized([batch, queries, heads, v.shape[3]], q.dtype)
      .restrided(
        shape: [batch, heads, queries, v.shape[3]],
        strides: [queries * heads * v.shape[3], v.shape[3], heads * v.shape[3], 1], offset: 0)
    let lse = Tensor.uninitialized([batch, heads, queries], q.dtype.wide)
    var shape = attentionShape(q, k, v, out, mask, scale, isCausal)
    checkLayer(
      torus_attention_forward(
        q.dtype.c, &shape, q.pointer, k.pointer, v.pointer, mask?.pointer, out.pointer,
        lse.pointer), "scaled_dot_product_attention", q.dtype)
    return (out, lse)
  }

  /// The gradients of queries, keys and values.
  static func attentionGradient(
    _ g: Tensor, _ operands: (query: Tensor, key: Tensor, value: Tensor), _ mask: Tensor?,
    out: Tensor, lse: Tensor, isCausal: Bool, scale: Double
  ) -> (query: Tensor, key: Tensor, value: Tensor) {
    let (q, k, v) = (
      rowsContiguous(operands.query), rowsContiguous(operands.key), rowsContiguous(operands.value)
    )
    let dy = g.strides == out.strides ? g : laidOut(g, like: out)
    let (dq, dk, dv) = attentionMemory(q, k, v)
    var shape = attentionShape(q, k, v, out, mask, scale, isCausal)
    var into = attentionShape(dq, dk, dv, out, nil, scale, isCausal)
    checkLayer(
      torus_attention_backward(
        q.dtype.c, &shape, &into, q.pointer, k.pointer, v.pointer, mask?.pointer, out.pointer,
        lse.pointer, dy.pointer, dq.pointer, dk.pointer, dv.pointer, nil),
      "scaled_dot_product_attention", q.dtype)
    return (dq, dk, dv)
  }

  /// Memory for the gradients: where queries, keys and values are thirds of one packed projection
  /// [N, T, 3·H·E], thirds of one tensor too, so that nothing needs to be put together afterwards.
  private static func attentionMemory(
    _ q: Tensor, _ k: Tensor, _ v: Tensor
  ) -> (Tensor, Tensor, Tensor) {
    let parts = [q, k, v], first = parts.map(\.storageOffset).min() ?? 0
    let (batch, heads, length, size) = (q.shape[0], q.shape[1], q.shape[2], q.shape[3])
    let width = heads * size
    let strides = [length * 3 * width, size, 3 * width, 1]
    let isPacked =
      parts.allSatisfy {
        $0.storage === q.storage && $0.shape == q.shape && $0.strides == strides
          && $0.dtype == q.dtype
      } && Set(parts.map { $0.storageOffset - first }) == [0, width, 2 * width]
    guard isPacked else {
      return (
        Tensor.uninitialized(like: q, dtype: q.dtype),
        Tensor.uninitialized(like: k, dtype: q.dtype),
        Tensor.uninitialized(like: v, dtype: q.dtype)
      )
    }
    let packed = Tensor.uninitialized([batch, length, 3 * width], q.dtype)
    func part(_ x: Tensor) -> Tensor {
      packed.restrided(shape: x.shape, strides: strides, offset: x.storageOffset - first)
    }
    return (part(q), part(k), part(v))
  }

  private static func rowsContiguous(_ x: Tensor) -> Tensor {
    x.strides[3] == 1 || x.shape[3] == 1 ? x : x.bare.contiguous()
  }

  private static func laidOut(_ g: Tensor, like out: Tensor) -> Tensor {
    let result = Tensor.uninitialized(like: out, dtype: out.dtype)
    copy(g, into: result)
    return result
  }

  private static func attentionShape(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ out: Tensor, _ mask: Tensor?, _ scale: Double,
    _ causal: Bool
  ) -> torus_attention {
    func s(_ x: Tensor, _ dim: Int) -> Int64 { Int64(x.strides[dim]) }
    let m = mask?.strides ?? [0, 0, 0, 0]
    return torus_attention(
      batch: Int64(q.shape[0]), heads: Int64(q.shape[1]), kv_heads: Int64(k.shape[1]),
      queries: Int64(q.shape[2]), keys: Int64(k.shape[2]), dim: Int64(q.shape[3]),
      value_dim: Int64(v.shape[3]), q_batch: s(q, 0), q_head: s(q, 1), q_time: s(q, 2),
      k_batch: s(k, 0), k_head: s(k, 1), k_time: s(k, 2), v_batch: s(v, 0), v_head: s(v, 1),
      v_time: s(v, 2), out_batch: s(out, 0), out_head: s(out, 1), out_time: s(out, 2),
      mask_batch: Int64(m[0]), mask_head: Int64(m[1]), mask_query: Int64(m[2]),
      mask_key: Int64(m[3]), scale: scale, causal: causal)
  }
}
