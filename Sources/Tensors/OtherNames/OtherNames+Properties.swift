// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

extension Tensor {
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "use x.detach()")
  public var data: Tensor { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "use x.array(of: Float.self)")
  public var scalars: [Float] { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "use x.item()")
  public func scalarized() -> Float { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.shape")
  public func size() -> [Int] { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.rank")
  public func dim() -> Int { otherName() }
  /// PyTorch's name of ``rank``.
  @available(*, unavailable, renamed: "rank")
  public var ndim: Int { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.count")
  public func numel() -> Int { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.count")
  public func nelement() -> Int { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.dtype.isFloatingPoint")
  public func isFloatingPoint() -> Bool { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.dtype.size")
  public func elementSize() -> Int { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.dtype.size")
  public var itemsize: Int { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.requiresGrad = true")
  public func requiresGrad_(_ value: Bool = true) -> Tensor { otherName() }
  /// PyTorch's name of ``gradFunction``.
  @available(*, unavailable, renamed: "gradFunction")
  public var gradFn: Node? { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.array(of: Float.self)")
  public func tolist() -> [Float] { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.array(of: Float.self)")
  public func toList() -> [Float] { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.array(of: Float.self)")
  public func numpy() -> [Float] { otherName() }
  /// PyTorch's name of ``allClose(_:rtol:atol:equalNaN:)``.
  @available(*, unavailable, renamed: "allClose(_:rtol:atol:equalNaN:)")
  public func allclose(_ other: Tensor, rtol: Double = 1e-5, atol: Double = 1e-8) -> Bool {
    otherName()
  }
  /// PyTorch's name of ``isClose(_:rtol:atol:equalNaN:)``.
  @available(*, unavailable, renamed: "isClose(_:rtol:atol:equalNaN:)")
  public func isclose(_ other: Tensor, rtol: Double = 1e-5, atol: Double = 1e-8) -> Tensor {
    otherName()
  }
  /// PyTorch's name of ``t``.
  @available(*, unavailable, renamed: "t")
  public var T: Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.transposed(-2, -1)")
  public var mT: Tensor { otherName() }
}
