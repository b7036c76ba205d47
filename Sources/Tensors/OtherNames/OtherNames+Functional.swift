// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

extension F {
  /// PyTorch's name of ``silu(_:)``.
  @available(*, unavailable, renamed: "silu(_:)")
  public static func swish(_ x: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``leakyReLU(_:negativeSlope:)``.
  @available(*, unavailable, renamed: "leakyReLU(_:negativeSlope:)")
  public static func leakyRelu(_ x: Tensor, negativeSlope: Double = 0.01) -> Tensor { otherName() }
  /// PyTorch's name of ``logSigmoid(_:)``.
  @available(*, unavailable, renamed: "logSigmoid(_:)")
  public static func logsigmoid(_ x: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.interpolate")
  public static func upsample(_ x: Tensor) -> Tensor { otherName() }
}
