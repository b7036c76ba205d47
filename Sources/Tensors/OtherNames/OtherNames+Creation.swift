// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

extension Tensor {
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "use Tensor.zeros(2, 3) or Tensor.empty([2, 3])")
  public init(shape: [Int]) { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "use Tensor.rand(2, 3) or Tensor.randn(2, 3)")
  public static var random: PythonName { otherName() }
  /// PyTorch's name of ``zeros(like:)``.
  @available(*, unavailable, renamed: "zeros(like:)")
  public static func zerosLike(_ x: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``ones(like:)``.
  @available(*, unavailable, renamed: "ones(like:)")
  public static func onesLike(_ x: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``empty(like:)``.
  @available(*, unavailable, renamed: "empty(like:)")
  public static func emptyLike(_ x: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``full(like:_:)``.
  @available(*, unavailable, renamed: "full(like:_:)")
  public static func fullLike(_ x: Tensor, _ value: some ScalarConvertible) -> Tensor {
    otherName()
  }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use Tensor.rand(x.shape)")
  public static func randLike(_ x: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use Tensor.randn(x.shape)")
  public static func randnLike(_ x: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``lowerTriangleIndices(_:_:offset:)``.
  @available(*, unavailable, renamed: "lowerTriangleIndices(_:_:offset:)")
  public static func trilIndices(_ rows: Int, _ columns: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``upperTriangleIndices(_:_:offset:)``.
  @available(*, unavailable, renamed: "upperTriangleIndices(_:_:offset:)")
  public static func triuIndices(_ rows: Int, _ columns: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use F.oneHot(x)")
  public func oneHot(_ classes: Int? = nil) -> Tensor { otherName() }
}
