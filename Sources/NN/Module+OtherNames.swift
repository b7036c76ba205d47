// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

import Tensors

extension Module {
  /// PyTorch's name of ``namedParameters()``.
  @available(*, unavailable, renamed: "namedParameters()")
  public func named_parameters() -> [(name: String, parameter: Parameter)] { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use namedBuffers()")
  public func buffers() -> [Buffer] { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use namedChildren()")
  public func children() -> [Module] { otherName() }
  /// PyTorch's name of ``isTraining``.
  @available(*, unavailable, renamed: "isTraining")
  public var training: Bool { otherName() }
  /// PyTorch's name of ``zeroGrad()``.
  @available(*, unavailable, renamed: "zeroGrad()")
  public func zero_grad() -> Void { otherName() }
  /// PyTorch's name of ``requiresGrad(_:)``.
  @available(*, unavailable, renamed: "requiresGrad(_:)")
  public func requiresGrad_(_ value: Bool) -> Void { otherName() }
  /// PyTorch's name of ``requiresGrad(_:)``.
  @available(*, unavailable, renamed: "requiresGrad(_:)")
  public func requires_grad_(_ value: Bool) -> Void { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "modules are in the memory of the processor: leave it out")
  public func to(_ device: String) -> Self { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use model.to(.float32)")
  public func float() -> Self { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use model.to(.float16)")
  public func half() -> Self { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use model.to(.bfloat16)")
  public func bfloat16() -> Self { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use model.to(.float64)")
  public func double() -> Self { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "modules are in the memory of the processor: leave it out")
  public func cpu() -> Self { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "modules are in the memory of the processor: leave it out")
  public func cuda() -> Self { otherName() }
  /// PyTorch's name of ``stateDict()``.
  @available(*, unavailable, renamed: "stateDict()")
  public func state_dict() -> StateDict { otherName() }
  /// PyTorch's name of ``load(_:strict:)``.
  @available(*, unavailable, renamed: "load(_:strict:)")
  public func loadStateDict(_ state: StateDict) -> Void { otherName() }
  /// PyTorch's name of ``load(_:strict:)``.
  @available(*, unavailable, renamed: "load(_:strict:)")
  public func load_state_dict(_ state: StateDict) -> Void { otherName() }
}

extension Init {
  /// PyTorch's name of ``identity(_:)``.
  @available(*, unavailable, renamed: "identity(_:)")
  public static func eye(_ parameter: Parameter) -> Void { otherName() }
  /// PyTorch's name of ``truncatedNormal(_:mean:std:from:to:generator:)``.
  @available(*, unavailable, renamed: "truncatedNormal(_:mean:std:from:to:generator:)")
  public static func truncNormal(_ parameter: Parameter) -> Void { otherName() }
}
