import Tensors

/// An encoder and a decoder (`torch.nn.Transformer`; Vaswani et al. 2017).
public final class Transformer: Module, Hookable {
  /// Reads the source sequence.
  public let encoder: TransformerEncoder
  /// Makes the target sequence.
  public let decoder: TransformerDecoder

  /// A model with PyTorch's initial values: matrices by Glorot & Bengio.
  public init(
    _ settings: TransformerSettings = TransformerSettings(dModel: 512, nhead: 8),
    encoderLayers: Int = 6, decoderLayers: Int = 6
  ) {
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
    _ source: Tensor, _ target: Tensor, sourceMask: Tensor? = nil, targetMask: Tensor? = nil,
    memoryMask: Tensor? = nil, sourceKeyPaddingMask: Tensor? = nil,
    targetKeyPaddingMask: Tensor? = nil, memoryKeyPaddingMask: Tensor? = nil
  ) -> Tensor {
    withHooks(source, target) { source, target in
      let memory = encoder(source, mask: sourceMask, keyPaddingMask: sourceKeyPaddingMask)
      return decoder(
        target, memory: memory, mask: targetMask, memoryMask: memoryMask,
        keyPaddingMask: targetKeyPaddingMask, memoryKeyPaddingMask: memoryKeyPaddingMask)
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
