// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

import NN
import Tensors

extension Optimizer {
  /// PyTorch's name of ``zeroGrad()``.
  @available(*, unavailable, renamed: "zeroGrad()")
  public func zero_grad() -> Void { otherName() }
  /// PyTorch's name of ``groups``.
  @available(*, unavailable, renamed: "groups")
  public var paramGroups: [ParameterGroup] { otherName() }
  /// PyTorch's name of ``addParameterGroup(_:)``.
  @available(*, unavailable, renamed: "addParameterGroup(_:)")
  public func addParamGroup(_ group: ParameterGroup) -> Void { otherName() }
  /// PyTorch's name of ``stateDict()``.
  @available(*, unavailable, renamed: "stateDict()")
  public func state_dict() -> OptimizerState { otherName() }
  /// PyTorch's name of ``load(_:)``.
  @available(*, unavailable, renamed: "load(_:)")
  public func loadStateDict(_ state: OptimizerState) -> Void { otherName() }
}

extension LRScheduler {
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use scheduler.lastLRs")
  public func getLastLR() -> [Double] { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use scheduler.lastLRs")
  public func get_last_lr() -> [Double] { otherName() }
}
