import Tensors

/// Self-attention and two linear maps (`torch.nn.TransformerEncoderLayer`; Vaswani et al. 2017).
public final class TransformerEncoderLayer: Module, Hookable {
  /// Attention of the sequence to itself.
  public let selfAttn: MultiheadAttention
  /// The linear maps.
  public let linear1, linear2: Linear
  /// The norms.
  public let norm1, norm2: LayerNorm
  private let dropout, dropout1, dropout2: Dropout
  let settings: TransformerSettings

  /// A layer with PyTorch's arguments and defaults.
  /// - Parameters:
  ///   - width: The width of the embedding.
  ///   - heads: The number of attention heads, which divides the width.
  ///   - feedForward: The width between the two linear maps.
  ///   - dropout: The probability with which an activation is dropped while training.
  ///   - activation: The function between the linear maps.
  ///   - eps: What the norms add to the variance.
  ///   - batchFirst: Whether inputs and outputs are `[B, T, width]`.
  ///   - normFirst: Whether norms stand before attention and linear maps rather than behind the
  ///     sums.
  ///   - bias: Whether linear maps and norms have biases.
  ///   - dtype: The parameters' element type.
  public convenience init(
    _ width: Int, _ heads: Int, dimFeedforward feedForward: Int = 2048, dropout: Double = 0.1,
    activation: @escaping (Tensor) -> Tensor = { $0.relu() },
    layerNormEps eps: Double = 1e-5, batchFirst: Bool = false, normFirst: Bool = false,
    bias: Bool = true, dtype: DType = .float32
  ) {
    self.init(
      TransformerSettings(
        dModel: width, nhead: heads, dimFeedforward: feedForward, dropout: dropout,
        activation: activation, layerNormEps: eps, batchFirst: batchFirst, normFirst: normFirst,
        bias: bias,
        dtype: dtype))
  }

  /// A layer of settings.
  package init(_ settings: TransformerSettings) {
    self.settings = settings
    selfAttn = settings.attention()
    linear1 = settings.linear(settings.width, settings.feedForward)
    dropout = Dropout(settings.dropout)
    linear2 = settings.linear(settings.feedForward, settings.width)
    (norm1, norm2) = (settings.norm(), settings.norm())
    (dropout1, dropout2) = (Dropout(settings.dropout), Dropout(settings.dropout))
  }

  /// The layer's output, of the input's shape `[T, B, width]`, `[B, T, width]` or `[T, width]`.
  /// - Parameters:
  ///   - x: The input; its shape is the output's.
  ///   - mask: `[T, T]` or `[B · heads, T, T]`: bool (true hides) or float (added).
  ///   - keyPaddingMask: `[B, T]`, likewise.
  public func callAsFunction(
    _ x: Tensor, srcMask mask: Tensor? = nil, srcKeyPaddingMask keyPaddingMask: Tensor? = nil
  ) -> Tensor {
    withHooks(x) { x in
      func attend(_ x: Tensor) -> Tensor {
        dropout1(
          selfAttn(x, x, x, keyPaddingMask: keyPaddingMask, needWeights: false, attnMask: mask)
            .output)
      }
      func feed(_ x: Tensor) -> Tensor {
        dropout2(linear2(dropout(settings.activation(linear1(x)))))
      }
      if settings.normFirst {
        let y = x + attend(norm1(x))
        return y + feed(norm2(y))
      }
      let y = norm1(x + attend(x))
      return norm2(y + feed(y))
    }
  }
}

/// Encoder layers one after the other (`torch.nn.TransformerEncoder`).
public final class TransformerEncoder: Module, Hookable {
  /// The layers in order.
  public let layers: [TransformerEncoderLayer]
  /// A norm behind the last one, or nil.
  public let norm: LayerNorm?

  /// Copies of a layer, which all start with its values.
  public init(_ layer: TransformerEncoderLayer, numLayers: Int, norm: LayerNorm? = nil) {
    layers = TransformerSettings.copies(of: layer, numLayers) {
      TransformerEncoderLayer(layer.settings)
    }
    self.norm = norm
  }

  /// The last layer's output; see ``TransformerEncoderLayer``.
  public func callAsFunction(
    _ x: Tensor, mask: Tensor? = nil, srcKeyPaddingMask keyPaddingMask: Tensor? = nil
  ) -> Tensor {
    withHooks(x) { x in
      let y = layers.reduce(x) { $1($0, srcMask: mask, srcKeyPaddingMask: keyPaddingMask) }
      return norm.map { $0(y) } ?? y
    }
  }
}
