/// What stands for a name of Python's that no Swift program has, so that the compiler can say what to
/// write instead.
@dynamicMemberLookup @dynamicCallable
public struct PythonName {
  /// Any member.
  public subscript(dynamicMember name: String) -> PythonName { otherName() }
  /// Any call.
  public func dynamicallyCall(withKeywordArguments arguments: KeyValuePairs<String, Any>)
    -> PythonName
  {
    otherName()
  }
}

/// The body of a declaration that the compiler lets nobody call.
package func otherName() -> Never { fail("Tensor", "this name has another spelling here") }

/// Python's module of tensors.
@available(
  *, unavailable,
  message: "torch.f(x) is x.f() here, and torch.zeros is Tensor.zeros: docs/names.md"
)
public var torch: PythonName { otherName() }

/// Python's module of layers.
@available(*, unavailable, message: "nn.Linear is Linear here, nn.functional is F: docs/names.md")
public var nn: PythonName { otherName() }

/// Python's module of optimizers.
@available(*, unavailable, message: "optim.Adam is Adam here: docs/names.md")
public var optim: PythonName { otherName() }

/// Python's module of collectives.
@available(*, unavailable, message: "dist.f is a method of ProcessGroup here: docs/names.md")
public var dist: PythonName { otherName() }

/// PyTorch's spelling of ``noGrad(_:)``.
@available(*, unavailable, renamed: "noGrad(_:)")
public func no_grad<Result>(_ body: () -> Result) -> Result { otherName() }

/// PyTorch's ``noGrad(_:)`` without versions, which is no faster here.
@available(*, unavailable, renamed: "noGrad(_:)")
public func inferenceMode<Result>(_ body: () -> Result) -> Result { otherName() }

/// PyTorch's function, whose effect lasts until it is called again.
@available(*, unavailable, message: "use noGrad { … } or enableGrad { … }")
public func setGradEnabled(_ isEnabled: Bool) { otherName() }

/// Python's module of schedules.
@available(*, unavailable, message: "lr_scheduler.StepLR is StepLR here: docs/names.md")
public var lr_scheduler: PythonName { otherName() }

/// PyTorch's spelling of ``manualSeed(_:)``.
@available(*, unavailable, renamed: "manualSeed(_:)")
public var manual_seed: PythonName { otherName() }

/// PyTorch's spelling of ``enableGrad(_:)``.
@available(*, unavailable, renamed: "enableGrad(_:)")
public func enable_grad<Result>(_ body: () -> Result) -> Result { otherName() }

/// Python's `len`.
@available(*, unavailable, message: "use x.size(0), or x.count for all elements")
public func len(_ x: Tensor) -> Int { otherName() }
