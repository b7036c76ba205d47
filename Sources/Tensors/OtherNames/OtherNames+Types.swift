// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

extension Tensor {
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.to(.float32)")
  public func float() -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.to(.float64)")
  public func double() -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.to(.float16)")
  public func half() -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.to(.bfloat16)")
  public func bfloat16() -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.to(.int32)")
  public func int() -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.to(.int64)")
  public func long() -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.to(.int16)")
  public func short() -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.to(.bool)")
  public func bool() -> Tensor { otherName() }
  /// PyTorch's name of ``to(_:)``.
  @available(*, unavailable, renamed: "to(_:)")
  public func to(dtype: DType) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.to(other.dtype)")
  public func typeAs(_ other: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "tensors are in the memory of the processor: leave it out")
  public func to(_ device: String) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "tensors are in the memory of the processor: leave it out")
  public func cpu() -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "tensors are in the memory of the processor: leave it out")
  public func cuda() -> Tensor { otherName() }
}
