import NN

/// Layers of a configuration's dtype.
extension ModelConfiguration {
  /// A linear layer.
  public func linear(_ inputs: Int, _ outputs: Int, bias: Bool = true) -> Linear {
    Linear(inputs, outputs, bias: bias, dtype: dtype)
  }

  /// A table of vectors.
  public func embedding(_ rows: Int, _ width: Int, paddingIndex: Int? = nil) -> Embedding {
    Embedding(rows, width, paddingIdx: paddingIndex, dtype: dtype)
  }

  /// A layer norm over the last dimension.
  public func layerNorm(_ width: Int, eps: Double, bias: Bool = true) -> LayerNorm {
    LayerNorm([width], eps: eps, bias: bias, dtype: dtype)
  }

  /// The row of a table that pads, as `padding_idx`; nil where there is none.
  /// - Throws: ``ModelError`` where the table has no such row.
  public func paddingIndex(rows: Int, _ fallback: Int?) throws -> Int? {
    let index = self["pad_token_id"] == nil ? fallback : try optionalInt("pad_token_id")
    guard let index else { return nil }
    guard (-rows..<rows).contains(index) else {
      throw fault("pad_token_id", "\(index) is none of the \(rows) rows of the vocabulary")
    }
    return index
  }

  /// How many of something share a width evenly.
  /// - Throws: ``ModelError`` where they do not.
  public func requireDivides(_ heads: Int, _ width: Int, _ field: String) throws {
    guard width % heads == 0 else {
      throw fault(field, "\(heads) heads do not divide a width of \(width)")
    }
  }

  /// Whether scores of tokens share the embedding's table (`tie_word_embeddings`).
  public var tiesEmbeddings: Bool { value("tie_word_embeddings")?.bool ?? true }
}
