// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

extension F {
  /// PyTorch's name of ``silu(_:)``.
  @available(*, unavailable, renamed: "silu(_:)")
  public static func swish(_ x: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``leakyReLU(_:negativeSlope:)``.
  @available(*, unavailable, renamed: "leakyReLU(_:negativeSlope:)")
  public static func leakyRelu(_ x: Tensor, negativeSlope: Double = 0.01) -> Tensor { otherName() }
  /// PyTorch's name of ``leakyReLU(_:negativeSlope:)``.
  @available(*, unavailable, renamed: "leakyReLU(_:negativeSlope:)")
  public static func leaky_relu(_ x: Tensor, negativeSlope: Double = 0.01) -> Tensor { otherName() }
  /// PyTorch's name of ``logSigmoid(_:)``.
  @available(*, unavailable, renamed: "logSigmoid(_:)")
  public static func logsigmoid(_ x: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``logSoftmax(_:dim:dtype:)``.
  @available(*, unavailable, renamed: "logSoftmax(_:dim:dtype:)")
  public static func log_softmax(_ x: Tensor, dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``gumbelSoftmax(_:tau:hard:dim:generator:)``.
  @available(*, unavailable, renamed: "gumbelSoftmax(_:tau:hard:dim:generator:)")
  public static func gumbel_softmax(_ x: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``oneHot(_:numClasses:)``.
  @available(*, unavailable, renamed: "oneHot(_:numClasses:)")
  public static func one_hot(_ x: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.embeddingBag")
  public static func embedding_bag(_ x: Tensor, _ y: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.convTranspose2d")
  public static func conv_transpose2d(_ x: Tensor, _ y: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.crossEntropy")
  public static func cross_entropy(_ x: Tensor, _ y: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.nllLoss")
  public static func nll_loss(_ x: Tensor, _ y: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.mseLoss")
  public static func mse_loss(_ x: Tensor, _ y: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.l1Loss")
  public static func l1_loss(_ x: Tensor, _ y: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.binaryCrossEntropy")
  public static func binary_cross_entropy(_ x: Tensor, _ y: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.binaryCrossEntropyWithLogits")
  public static func binary_cross_entropy_with_logits(_ x: Tensor, _ y: Tensor) -> Tensor {
    otherName()
  }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.klDiv")
  public static func kl_div(_ x: Tensor, _ y: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.cosineSimilarity")
  public static func cosine_similarity(_ x: Tensor, _ y: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.gridSample")
  public static func grid_sample(_ x: Tensor, _ y: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.maxPool2d")
  public static func max_pool2d(_ x: Tensor, _ size: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.avgPool2d")
  public static func avg_pool2d(_ x: Tensor, _ size: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.adaptiveAvgPool2d")
  public static func adaptive_avg_pool2d(_ x: Tensor, _ size: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.groupNorm")
  public static func group_norm(_ x: Tensor, _ size: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "sizes are lists: F.maxPool2d(x, [2])")
  public static func maxPool2d(_ x: Tensor, _ size: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "sizes are lists: F.avgPool2d(x, [2])")
  public static func avgPool2d(_ x: Tensor, _ size: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "sizes are lists: F.adaptiveAvgPool2d(x, [1, 1])")
  public static func adaptiveAvgPool2d(_ x: Tensor, _ size: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "sizes are lists: stride: [2]")
  public static func conv2d(_ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: Int)
    -> Tensor
  { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.batchNorm")
  public static func batch_norm(_ x: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.interpolate")
  public static func upsample(_ x: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.layerNorm")
  public static func layer_norm(_ x: Tensor, _ shape: [Int]) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.scaledDotProductAttention")
  public static func scaled_dot_product_attention(_ query: Tensor, _ key: Tensor, _ value: Tensor)
    -> Tensor
  { otherName() }
}
