import Tensors

/// Self-attention, attention to an encoder's output, and two linear maps
/// (`torch.nn.TransformerDecoderLayer`; Vaswani et al. 2017).
public final class TransformerDecoderLayer: Module, Hookable {
  /// Attention of the sequence to itself, and to the encoder's output.
  public let selfAttn, multiheadAttn: MultiheadAttention
  /// The linear maps.
  public let linear1, linear2: Linear
  /// The norms.
  public let norm1, norm2, norm3: LayerNorm
  private let dropout, dropout1, dropout2, dropout3: Dropout
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
    (selfAttn, multiheadAttn) = (settings.attention(), settings.attention())
    linear1 = settings.linear(settings.width, settings.feedForward)
    dropout = Dropout(settings.dropout)
    linear2 = settings.linear(settings.feedForward, settings.width)
    (norm1, norm2, norm3) = (settings.norm(), settings.norm(), settings.norm())
    dropout1 = Dropout(settings.dropout)
    (dropout2, dropout3) = (Dropout(settings.dropout), Dropout(settings.dropout))
  }

  /// The layer's output, of the input's shape.
  /// - Parameters:
  ///   - x: The input; its shape is the output's.
  ///   - memory: The encoder's output.
  ///   - mask: `[T, T]`, or one for each head: bool (true hides) or float (added).
  ///   - memoryMask: `[T, S]`, likewise.
  ///   - keyPaddingMask: `[B, T]`: bool (true hides) or float (added).
  ///   - memoryKeyPaddingMask: `[B, S]`, likewise.
  public func callAsFunction(
    _ x: Tensor, memory: Tensor, tgtMask mask: Tensor? = nil, memoryMask: Tensor? = nil,
    tgtKeyPaddingMask keyPaddingMask: Tensor? = nil, memoryKeyPaddingMask: Tensor? = nil
  ) -> Tensor {
    withHooks(x, memory) { x, memory in
      func attend(_ x: Tensor) -> Tensor {
        dropout1(
          selfAttn(x, x, x, keyPaddingMask: keyPaddingMask, needWeights: false, attnMask: mask)
            .output)
      }
      func recall(_ x: Tensor) -> Tensor {
        dropout2(
          multiheadAttn(
            x, memory, memory, keyPaddingMask: memoryKeyPaddingMask, needWeights: false,
            attnMask: memoryMask
          ).output)
      }
      func feed(_ x: Tensor) -> Tensor {
        dropout3(linear2(dropout(settings.activation(linear1(x)))))
      }
      if settings.normFirst {
        var y = x + attend(norm1(x))
        y = y + recall(norm2(y))
        return y + feed(norm3(y))
      }
      var y = norm1(x + attend(x))
      y = norm2(y + recall(y))
      return norm3(y + feed(y))
    }
  }
}

/// Decoder layers one after the other (`torch.nn.TransformerDecoder`).
public final class TransformerDecoder: Module, Hookable {
  /// The layers in order.
  public let layers: [TransformerDecoderLayer]
  /// A norm behind the last one, or nil.
  public let norm: LayerNorm?

  /// Copies of a layer, which all start with its values.
  public init(_ layer: TransformerDecoderLayer, numLayers: Int, norm: LayerNorm? = nil) {
    layers = TransformerSettings.copies(of: layer, numLayers) {
      TransformerDecoderLayer(layer.settings)
    }
    self.norm = norm
  }

  /// The last layer's output; see ``TransformerDecoderLayer``.
  public func callAsFunction(
    _ x: Tensor, memory: Tensor, tgtMask mask: Tensor? = nil, memoryMask: Tensor? = nil,
    tgtKeyPaddingMask keyPaddingMask: Tensor? = nil, memoryKeyPaddingMask: Tensor? = nil
  ) -> Tensor {
    withHooks(x, memory) { x, memory in
      let y = layers.reduce(x) {
        $1(
          $0, memory: memory, tgtMask: mask, memoryMask: memoryMask,
          tgtKeyPaddingMask: keyPaddingMask, memoryKeyPaddingMask: memoryKeyPaddingMask)
      }
      return norm.map { $0(y) } ?? y
    }
  }
}
