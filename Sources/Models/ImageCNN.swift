import NN
import Tensors

/// Two 3×3 convolutions with ReLU and 2×2 max pooling, then two linear layers: the network of the
/// digits and of MNIST. `[N, inputs, S, S] → [N, classes]`.
public final class ImageCNN: Module, Layer {
  /// The first convolution, padded to keep the size.
  public let conv1: Conv2d
  /// The second convolution, padded to keep the size.
  public let conv2: Conv2d
  /// What follows the convolutions; nil for nothing.
  public let norm1: BatchNorm2d?, norm2: BatchNorm2d?
  /// The hidden layer.
  public let fc1: Linear
  /// The logits.
  public let fc2: Linear
  let dropout: Dropout

  /// - Parameters:
  ///   - size: Height and width of the images, at least 4.
  ///   - inputs: Channels of the images.
  ///   - channels: Outputs of the two convolutions.
  ///   - hidden: The width of the hidden layer.
  ///   - classes: The number of logits.
  ///   - dropout: The probability with which a hidden activation is dropped.
  ///   - batchNorm: Whether a batch norm follows each convolution.
  ///   - dtype: The parameters' element type.
  public init(
    size: Int, inputs: Int = 1, channels: (Int, Int) = (32, 64), hidden: Int = 128,
    classes: Int = 10, dropout: Double = 0, batchNorm: Bool = false, dtype: DType = .float32
  ) {
    conv1 = Conv2d(inputs, channels.0, 3, padding: 1, dtype: dtype)
    conv2 = Conv2d(channels.0, channels.1, 3, padding: 1, dtype: dtype)
    norm1 = batchNorm ? BatchNorm2d(channels.0, dtype: dtype) : nil
    norm2 = batchNorm ? BatchNorm2d(channels.1, dtype: dtype) : nil
    fc1 = Linear(channels.1 * (size / 4) * (size / 4), hidden, dtype: dtype)
    fc2 = Linear(hidden, classes, dtype: dtype)
    self.dropout = Dropout(dropout)
  }

  /// The logits.
  public func forward(_ x: Tensor) -> Tensor {
    func normalized(_ x: Tensor, _ norm: BatchNorm2d?) -> Tensor { norm.map { $0(x) } ?? x }
    var x = F.maxPool2d(normalized(conv1(x), norm1).relu(), [2])
    x = F.maxPool2d(normalized(conv2(x), norm2).relu(), [2])
    return fc2(dropout(fc1(x.flattened(from: 1)).relu()))
  }
}
