// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

import NN
import Tensors

extension Optimizer {
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "zeroGrad()")
  public var zero_grad: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "groups")
  public var param_groups: [ParameterGroup] { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "addParameterGroup(_:)")
  public var add_param_group: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "stateDict()")
  public var state_dict: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "load(_:)")
  public var load_state_dict: PythonName { otherName() }
  /// Learning rates belong to groups.
  @available(
    *, unavailable,
    message: "use optimizer.groups[0].lr, or for group in optimizer.groups { group.lr = rate }"
  )
  public var lr: Double {
    get { otherName() }
    set { otherName() }
  }
  /// PyTorch's name of ``groups``.
  @available(*, unavailable, renamed: "groups")
  public var paramGroups: [ParameterGroup] { otherName() }
  /// PyTorch's name of ``addParameterGroup(_:)``.
  @available(*, unavailable, renamed: "addParameterGroup(_:)")
  public func addParamGroup(_ group: ParameterGroup) -> Void { otherName() }
  /// PyTorch's name of ``load(_:)``.
  @available(*, unavailable, renamed: "load(_:)")
  public func loadStateDict(_ state: OptimizerState) -> Void { otherName() }
}

extension LRScheduler {
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "lastLRs")
  public var get_last_lr: PythonName { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use scheduler.lastLRs")
  public func getLastLR() -> [Double] { otherName() }
}

extension SGD {
  /// The learning rate has its name.
  @available(*, unavailable, message: "use SGD(parameters, lr: rate)")
  public convenience init(_ parameters: [Parameter], _ lr: Double) { otherName() }
  /// Keras' name of the learning rate.
  @available(*, unavailable, message: "use SGD(parameters, lr: rate)")
  public convenience init(_ parameters: [Parameter], learningRate: Double) { otherName() }
  /// An optimizer takes parameters.
  @available(*, unavailable, message: "use SGD(model.parameters(), lr: rate)")
  public convenience init(_ model: Module, lr: Double = 0) { otherName() }
}

extension Adam {
  /// The learning rate has its name.
  @available(*, unavailable, message: "use Adam(parameters, lr: rate)")
  public convenience init(_ parameters: [Parameter], _ lr: Double) { otherName() }
  /// Keras' name of the learning rate.
  @available(*, unavailable, message: "use Adam(parameters, lr: rate)")
  public convenience init(_ parameters: [Parameter], learningRate: Double) { otherName() }
  /// An optimizer takes parameters.
  @available(*, unavailable, message: "use Adam(model.parameters(), lr: rate)")
  public convenience init(_ model: Module, lr: Double = 0) { otherName() }
}

extension AdamW {
  /// The learning rate has its name.
  @available(*, unavailable, message: "use AdamW(parameters, lr: rate)")
  public convenience init(_ parameters: [Parameter], _ lr: Double) { otherName() }
  /// Keras' name of the learning rate.
  @available(*, unavailable, message: "use AdamW(parameters, lr: rate)")
  public convenience init(_ parameters: [Parameter], learningRate: Double) { otherName() }
  /// An optimizer takes parameters.
  @available(*, unavailable, message: "use AdamW(model.parameters(), lr: rate)")
  public convenience init(_ model: Module, lr: Double = 0) { otherName() }
}

extension RMSprop {
  /// The learning rate has its name.
  @available(*, unavailable, message: "use RMSprop(parameters, lr: rate)")
  public convenience init(_ parameters: [Parameter], _ lr: Double) { otherName() }
  /// Keras' name of the learning rate.
  @available(*, unavailable, message: "use RMSprop(parameters, lr: rate)")
  public convenience init(_ parameters: [Parameter], learningRate: Double) { otherName() }
  /// An optimizer takes parameters.
  @available(*, unavailable, message: "use RMSprop(model.parameters(), lr: rate)")
  public convenience init(_ model: Module, lr: Double = 0) { otherName() }
}

extension Adagrad {
  /// The learning rate has its name.
  @available(*, unavailable, message: "use Adagrad(parameters, lr: rate)")
  public convenience init(_ parameters: [Parameter], _ lr: Double) { otherName() }
  /// Keras' name of the learning rate.
  @available(*, unavailable, message: "use Adagrad(parameters, lr: rate)")
  public convenience init(_ parameters: [Parameter], learningRate: Double) { otherName() }
  /// An optimizer takes parameters.
  @available(*, unavailable, message: "use Adagrad(model.parameters(), lr: rate)")
  public convenience init(_ model: Module, lr: Double = 0) { otherName() }
}

/// PyTorch's spelling of ``clipGradNorm(_:maxNorm:normType:)``.
@available(*, unavailable, renamed: "clipGradNorm(_:maxNorm:)")
public var clip_grad_norm_: PythonName { otherName() }

/// PyTorch's spelling of ``clipGradValue(_:clipValue:)``.
@available(*, unavailable, renamed: "clipGradValue(_:clipValue:)")
public var clip_grad_value_: PythonName { otherName() }
