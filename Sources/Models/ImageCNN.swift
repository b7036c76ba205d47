import NN
import Tensors

/// Two 3×3 convolutions with ReLU and 2×2 max pooling, then two linear layers: the network of the
/// digits and of MNIST. `[N, 1, S, S] → [N, classes]`.
public final class ImageCNN: Module, Layer {
  /// The first convolution, padded to keep the size.
  public let conv1: Conv2d
  /// The second convolution, padded to keep the size.
  public let conv2: Conv2d
  /// The hidden layer.
  public let fc1: Linear
  /// The logits.
  public let fc2: Linear
  let dropout: Dropout

  /// - Parameters:
  ///   - size: Height and width of the images, a multiple of 4.
  ///   - channels: Outputs of the two convolutions.
  ///   - hidden: The width of the hidden layer.
  ///   - classes: The number of logits.
  ///   - dropout: The probability with which a hidden activation is dropped.
  public init(
    size: Int, channels: (Int, Int) = (32, 64), hidden: Int = 128, classes: Int = 10,
    dropout: Double = 0, dtype: DType = .float32
  ) {
    conv1 = Conv2d(1, channels.0, 3, padding: 1, dtype: dtype)
    conv2 = Conv2d(channels.0, channels.1, 3, padding: 1, dtype: dtype)
    fc1 = Linear(channels.1 * (size / 4) * (size / 4), hidden, dtype: dtype)
    fc2 = Linear(hidden, classes, dtype: dtype)
    self.dropout = Dropout(dropout)
  }

  /// The logits.
  public func forward(_ x: Tensor) -> Tensor {
    var x = F.maxPool2d(conv1(x).relu(), [2])
    x = F.maxPool2d(conv2(x).relu(), [2])
    return fc2(dropout(fc1(x.flattened(from: 1)).relu()))
  }
}
