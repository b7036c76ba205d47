import NN
import Tensors

/// A residual network of basic blocks, with torchvision's names (He et al. 2016): a convolution, four
/// stages that halve the image and double the channels, the mean over what is left of the image, and a
/// linear layer. `[N, channels, H, W] → [N, classes]`.
///
/// ```swift
/// let resnet18 = ResNet(classes: 10, blocks: [2, 2, 2, 2])
/// let resnet34 = ResNet(classes: 10, blocks: [3, 4, 6, 3])
/// ```
public final class ResNet: Module, Layer {
  /// What stands before the stages.
  public enum Stem: String, Sendable, CaseIterable {
    /// A 7×7 convolution and a pooling, each of which halves the image: torchvision's, for photographs.
    case large
    /// A 3×3 convolution that keeps the size: for images of 32×32 and the like.
    case small
  }

  /// The stem's convolution.
  public let conv1: Conv2d
  let bn1: BatchNorm2d
  /// The stages.
  public let layer1: Sequential, layer2: Sequential, layer3: Sequential, layer4: Sequential
  /// The logits.
  public let fc: Linear
  private let stem: Stem

  /// A network with torchvision's initial values: normal convolutions after He et al. 2015, and the
  /// linear layer's default.
  /// - Parameters:
  ///   - classes: The number of logits.
  ///   - channels: The images' channels.
  ///   - blocks: Blocks of each of the four stages; 2 each make ResNet-18.
  ///   - width: Channels of the first stage.
  ///   - stem: What stands before the stages.
  ///   - zeroInitResidual: Whether blocks begin as the identity: the scale of their last norm is zero
  ///     (Goyal et al. 2017).
  ///   - dtype: The parameters' element type.
  public init(
    classes: Int, channels: Int = 3, blocks: [Int] = [2, 2, 2, 2], width: Int = 64,
    stem: Stem = .large, zeroInitResidual: Bool = false, dtype: DType = .float32
  ) {
    require(
      blocks.count == 4 && blocks.allSatisfy { $0 > 0 }, "ResNet",
      "blocks for each of four stages are expected, such as [2, 2, 2, 2], not \(blocks)")
    func stage(_ index: Int) -> Sequential {
      let outputs = width << index
      return Sequential(
        (0..<blocks[index]).map { block in
          BasicBlock(
            block == 0 && index > 0 ? outputs / 2 : outputs, outputs,
            stride: block == 0 && index > 0 ? 2 : 1, dtype: dtype)
        })
    }
    conv1 =
      stem == .large
      ? Conv2d(channels, width, 7, stride: 2, padding: 3, bias: false, dtype: dtype)
      : Conv2d(channels, width, 3, padding: 1, bias: false, dtype: dtype)
    bn1 = BatchNorm2d(width, dtype: dtype)
    (layer1, layer2, layer3, layer4) = (stage(0), stage(1), stage(2), stage(3))
    fc = Linear(width << 3, classes, dtype: dtype)
    self.stem = stem
    super.init()
    for case let convolution as Conv2d in modules() {
      Init.kaimingNormal(convolution.weight, mode: .fanOut, nonlinearity: .relu)
    }
    guard zeroInitResidual else { return }
    for case let block as BasicBlock in modules() {
      if let scale = block.bn2.weight { Init.zeros(scale) }
    }
  }

  /// The logits.
  public func forward(_ x: Tensor) -> Tensor {
    var x = bn1(conv1(x)).relu()
    if stem == .large { x = F.maxPool2d(x, [3], stride: [2], padding: [1]) }
    x = layer4(layer3(layer2(layer1(x))))
    return fc(F.adaptiveAvgPool2d(x, [1, 1]).flattened(from: 1))
  }

  /// Two 3×3 convolutions beside the input, or beside its 1×1 convolution where the shape changes.
  final class BasicBlock: Module, Layer {
    let conv1: Conv2d
    let bn1: BatchNorm2d
    let conv2: Conv2d
    let bn2: BatchNorm2d
    let downsample: Sequential?

    init(_ inputs: Int, _ outputs: Int, stride: Int, dtype: DType) {
      conv1 = Conv2d(inputs, outputs, 3, stride: stride, padding: 1, bias: false, dtype: dtype)
      bn1 = BatchNorm2d(outputs, dtype: dtype)
      conv2 = Conv2d(outputs, outputs, 3, padding: 1, bias: false, dtype: dtype)
      bn2 = BatchNorm2d(outputs, dtype: dtype)
      downsample =
        stride == 1 && inputs == outputs
        ? nil
        : Sequential(
          Conv2d(inputs, outputs, 1, stride: stride, bias: false, dtype: dtype),
          BatchNorm2d(outputs, dtype: dtype))
    }

    func forward(_ x: Tensor) -> Tensor {
      let y = bn2(conv2(bn1(conv1(x)).relu()))
      return (y + (downsample.map { $0(x) } ?? x)).relu()
    }
  }
}
