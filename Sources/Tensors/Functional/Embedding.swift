import CKernels

extension F {
  /// The rows of a table at the given positions (`torch.nn.functional.embedding`).
  ///
  /// - Parameters:
  ///   - indices: int64 or int32 of any shape `[…]`.
  ///   - weight: `[rows, width]`.
  ///   - paddingIndex: A row that receives no gradient.
  ///   - scaleGradByFrequency: Divide each row's gradient by how often it was used.
  ///   - maxNorm: Scale rows that are longer than this before use; the gradient does not see it.
  ///   - normType: The order of that norm.
  /// - Returns: `[…, width]`.
  public static func embedding(
    _ indices: Tensor, _ weight: Tensor, paddingIndex: Int? = nil,
    scaleGradByFrequency: Bool = false, maxNorm: Double? = nil, normType: Double = 2
  ) -> Tensor {
    let name = "embedding"
    if let maxNorm, weight.rank == 2 {
      return embedding(
        indices, renormed(weight, indices.to(.int64), maxNorm, normType),
        paddingIndex: paddingIndex, scaleGradByFrequency: scaleGradByFrequency)
    }
    require(weight.rank == 2, name, "a weight of [rows, width] is expected, not \(weight.shape)")
    require(indices.dtype.isInteger, name, "indices must be integers, not \(indices.dtype)")
    let (rows, width) = (weight.shape[0], weight.shape[1])
    let padding = paddingIndex.map { $0 < 0 ? $0 + rows : $0 }
    let index = indices.to(.int64).contiguous()
    return Tensor.apply(name, [weight, index], saving: .input(1)) { inputs in
      let w = inputs[0].strides[1] == 1 || width == 1 ? inputs[0] : inputs[0].contiguous()
      let out = Tensor.uninitialized(index.shape + [width], w.dtype)
      Kernel.checkIndex(name, 0, rows, w.dtype) {
        torus_embedding(
          w.dtype.c, w.pointer, Int64(rows), Int64(width), Int64(w.strides[0]),
          inputs[1].pointer.assumingMemoryBound(to: Int64.self), Int64(index.count), out.pointer, $0
        )
      }
      return out
    } gradient: { g, node in
      [
        embeddingGradient(
          g, node.input(1), rows, width, padding, scaleGradByFrequency, node.gradientPlace(0)), nil,
      ]
    }
  }

  /// The sum of the gradients of every use of a row; recorded by its own gradient, the lookup.
  private static func embeddingGradient(
    _ g: Tensor, _ index: Tensor, _ rows: Int, _ width: Int, _ padding: Int?, _ scaled: Bool,
    _ place: Tensor?
  ) -> Tensor {
    Tensor.apply("embedding_backward", [g]) { inputs in
      let dy = inputs[0].contiguous()
      let out = place ?? Tensor.uninitialized([rows, width], dy.dtype)
      out.fill(.int(0))
      Kernel.checkIndex("embedding", 0, rows, dy.dtype) {
        torus_embedding_backward(
          dy.dtype.c, dy.pointer, Int64(width), index.pointer.assumingMemoryBound(to: Int64.self),
          Int64(index.count), Int64(rows), Int64(width), Int64(padding ?? -1), scaled, out.pointer,
          $0)
      }
      return out
    } gradient: { g, _ in
      require(!scaled, "embedding", "second derivatives need scaleGradByFrequency: false")
      let picked = embedding(index, g)
      guard let padding else { return [picked] }
      return [picked.maskedFill(index.eq(padding).unsqueezed(-1), 0.0)]
    }
  }
}
