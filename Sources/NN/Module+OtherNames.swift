// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

import Tensors

extension Module {
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "namedParameters()")
  public var named_parameters: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "namedBuffers()")
  public var named_buffers: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "namedChildren()")
  public var named_children: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "namedModules()")
  public var named_modules: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "zeroGrad()")
  public var zero_grad: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "requiresGrad(_:)")
  public var requires_grad_: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "stateDict()")
  public var state_dict: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "load(_:)")
  public var load_state_dict: PythonName { otherName() }
  /// A buffer is a property.
  @available(*, unavailable, message: "hold it in a property: let mean = Buffer(tensor)")
  public var register_buffer: PythonName { otherName() }
  /// A buffer is a property.
  @available(*, unavailable, message: "hold it in a property: let mean = Buffer(tensor)")
  public func registerBuffer(_ name: String, _ tensor: Tensor) -> Void { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "getSubmodule(_:)")
  public var get_submodule: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "getParameter(_:)")
  public var get_parameter: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "registerForwardPreHook(_:)")
  public var register_forward_pre_hook: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "registerForwardHook(_:)")
  public var register_forward_hook: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "registerFullBackwardHook(_:)")
  public var register_full_backward_hook: PythonName { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use namedBuffers()")
  public func buffers() -> [Buffer] { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use namedChildren()")
  public func children() -> [Module] { otherName() }
  /// PyTorch's name of ``isTraining``.
  @available(*, unavailable, renamed: "isTraining")
  public var training: Bool { otherName() }
  /// PyTorch's name of ``requiresGrad(_:)``.
  @available(*, unavailable, renamed: "requiresGrad(_:)")
  public func requiresGrad_(_ value: Bool) -> Void { otherName() }
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
  /// PyTorch's name of ``load(_:strict:)``.
  @available(*, unavailable, renamed: "load(_:strict:)")
  public func loadStateDict(_ state: StateDict) -> Void { otherName() }
}

extension StateDict {
  /// Python's name of ``names``.
  @available(*, unavailable, renamed: "names")
  public var keys: [String] { otherName() }
  /// Python's name of what is written otherwise here.
  @available(*, unavailable, message: "use state.map(\\.tensor)")
  public var values: [Tensor] { otherName() }
  /// Python's name of what is written otherwise here.
  @available(*, unavailable, message: "a state is a collection: for (name, tensor) in state { … }")
  public func items() -> [(String, Tensor)] { otherName() }
  /// PyTorch's order of arguments.
  @available(*, unavailable, message: "use save(state, to: path), or state.save(safetensors: path)")
  public func save(to path: String) throws { otherName() }
}

extension Init {
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "xavierUniform(_:gain:)")
  public static var xavier_uniform_: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "xavierNormal(_:)")
  public static var xavier_normal_: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "kaimingUniform(_:)")
  public static var kaiming_uniform_: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "kaimingNormal(_:)")
  public static var kaiming_normal_: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "normal(_:mean:std:)")
  public static var normal_: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "uniform(_:)")
  public static var uniform_: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "constant(_:_:)")
  public static var constant_: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "zeros(_:)")
  public static var zeros_: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "ones(_:)")
  public static var ones_: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "identity(_:)")
  public static var eye_: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "orthogonal(_:)")
  public static var orthogonal_: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "truncatedNormal(_:std:)")
  public static var trunc_normal_: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "sparse(_:fraction:)")
  public static var sparse_: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "dirac(_:)")
  public static var dirac_: PythonName { otherName() }
  /// PyTorch's name of ``identity(_:)``.
  @available(*, unavailable, renamed: "identity(_:)")
  public static func eye(_ parameter: Parameter) -> Void { otherName() }
  /// PyTorch's name of ``truncatedNormal(_:mean:std:from:to:generator:)``.
  @available(*, unavailable, renamed: "truncatedNormal(_:mean:std:from:to:generator:)")
  public static func truncNormal(_ parameter: Parameter) -> Void { otherName() }
}

extension Parameter {
  /// What is a tensor's is asked of ``value``.
  @available(*, unavailable, message: "ask the parameter's value for it: parameter.value.sum()")
  public subscript(dynamicMember name: String) -> PythonName { otherName() }
  /// PyTorch's name of ``value``.
  @available(*, unavailable, message: "use parameter.value, and parameter.assign(x) to write it")
  public var data: Tensor { otherName() }
  /// PyTorch's name of ``rank``.
  @available(*, unavailable, message: "use parameter.rank")
  public func dim() -> Int { otherName() }
  /// PyTorch's name of ``rank``.
  @available(*, unavailable, renamed: "rank")
  public var ndim: Int { otherName() }
  /// PyTorch's name of ``count``.
  @available(*, unavailable, message: "use parameter.count")
  public func numel() -> Int { otherName() }
}

extension Buffer {
  /// What is a tensor's is asked of ``value``.
  @available(*, unavailable, message: "ask the buffer's value for it: buffer.value.sum()")
  public subscript(dynamicMember name: String) -> PythonName { otherName() }
}

extension Sequential {
  /// Keras' name of `append`.
  @available(*, unavailable, renamed: "append(_:)")
  public var add: PythonName { otherName() }
}

/// torchinfo's function.
@available(*, unavailable, message: "use model.summary(input)")
public func summary(_ model: Module, _ input: Tensor) -> ModelSummary { otherName() }
