import Tensors

/// An encoder and a decoder (`torch.nn.Transformer`; Vaswani et al. 2017).
public final class Transformer: Module, Hookable {
  /// Reads the source sequence.
  public let encoder: TransformerEncoder
  /// Makes the target sequence.
  public let decoder: TransformerDecoder

  /// A model with PyTorch's arguments, defaults and initial values: matrices by Glorot & Bengio.
  /// - Parameters:
  ///   - width: The width of the embedding.
  ///   - heads: The number of attention heads, which divides the width.
  ///   - encoderLayers: How many layers read the source.
  ///   - decoderLayers: How many layers make the target.
  ///   - feedForward: The width between the two linear maps of a layer.
  ///   - dropout: The probability with which an activation is dropped while training.
  ///   - activation: The function between the linear maps.
  ///   - eps: What the norms add to the variance.
  ///   - batchFirst: Whether inputs and outputs are `[B, T, width]`.
  ///   - normFirst: Whether norms stand before attention and linear maps rather than behind the
  ///     sums.
  ///   - bias: Whether linear maps and norms have biases.
  ///   - dtype: The parameters' element type.
  public convenience init(
    _ width: Int = 512, _ heads: Int = 8, numEncoderLayers encoderLayers: Int = 6,
    numDecoderLayers decoderLayers: Int = 6, dimFeedforward feedForward: Int = 2048,
    dropout: Double = 0.1, activation: @escaping (Tensor) -> Tensor = { $0.relu() },
    layerNormEps eps: Double = 1e-5, batchFirst: Bool = false, normFirst: Bool = false,
    bias: Bool = true, dtype: DType = .float32
  ) {
    self.init(
      TransformerSettings(
        dModel: width, nhead: heads, dimFeedforward: feedForward, dropout: dropout,
        activation: activation, layerNormEps: eps, batchFirst: batchFirst, normFirst: normFirst,
        bias: bias, dtype: dtype),
      encoderLayers: encoderLayers, decoderLayers: decoderLayers)
  }

  /// A model of layers with the same settings.
  package init(_ settings: TransformerSettings, encoderLayers: Int, decoderLayers: Int) {
    encoder = TransformerEncoder(
      TransformerEncoderLayer(settings), numLayers: encoderLayers, norm: settings.norm())
    decoder = TransformerDecoder(
      TransformerDecoderLayer(settings), numLayers: decoderLayers, norm: settings.norm())
    super.init()
    for parameter in parameters() where parameter.shape.count > 1 {
      Init.xavierUniform(parameter)
    }
  }

  /// The decoder's output for a source and a target sequence.
  ///
  /// Masks are bool (true hides) or float (added to the scores).
  public func callAsFunction(
    _ source: Tensor, _ target: Tensor, srcMask: Tensor? = nil, tgtMask: Tensor? = nil,
    memoryMask: Tensor? = nil, srcKeyPaddingMask: Tensor? = nil,
    tgtKeyPaddingMask: Tensor? = nil, memoryKeyPaddingMask: Tensor? = nil
  ) -> Tensor {
    withHooks(source, target) { source, target in
      let memory = encoder(source, mask: srcMask, srcKeyPaddingMask: srcKeyPaddingMask)
      return decoder(
        target, memory: memory, tgtMask: tgtMask, memoryMask: memoryMask,
        tgtKeyPaddingMask: tgtKeyPaddingMask, memoryKeyPaddingMask: memoryKeyPaddingMask)
    }
  }

  /// -∞ above the diagonal, 0 elsewhere: position i sees 0 … i
  /// (`generate_square_subsequent_mask`).
  public static func causalMask(_ size: Int, dtype: DType = .float32) -> Tensor {
    let places = Tensor.arange(size)
    let hidden = places.unsqueezed(0).gt(places.unsqueezed(1))
    return Tensor.zeros([size, size], dtype: dtype).maskedFill(hidden, -Double.infinity)
  }
}
