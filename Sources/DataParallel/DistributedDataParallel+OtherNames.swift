// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

import Collectives
import NN
import Tensors

/// What many call ``DistributedDataParallel``.
@available(*, unavailable, message: "use DistributedDataParallel(model, group: world.group)")
public var DDP: PythonName { otherName() }

extension DistributedDataParallel {
  /// PyTorch's argument for parameters that a pass does not reach.
  @available(
    *, unavailable, message: "parameters that a pass does not reach are found in every pass"
  )
  public convenience init(_ module: Model, group: ProcessGroup, findUnusedParameters: Bool) throws {
    otherName()
  }
}

extension DataParallelOptions {
  /// What was its name.
  @available(*, unavailable, renamed: "reduceDtype")
  public var reduceType: DType? {
    get { otherName() }
    set { otherName() }
  }
}

extension PowerSGDHook.Options {
  /// What was its name.
  @available(*, unavailable, renamed: "matrixApproximationRank")
  public var rank: Int {
    get { otherName() }
    set { otherName() }
  }
  /// What was its name.
  @available(*, unavailable, renamed: "startPowerSGDIter")
  public var startIteration: Int {
    get { otherName() }
    set { otherName() }
  }
  /// What was its name.
  @available(*, unavailable, renamed: "useErrorFeedback")
  public var usesErrorFeedback: Bool {
    get { otherName() }
    set { otherName() }
  }
  /// What was its name.
  @available(*, unavailable, renamed: "warmStart")
  public var usesWarmStart: Bool {
    get { otherName() }
    set { otherName() }
  }
  /// What was its name.
  @available(*, unavailable, renamed: "randomSeed")
  public var seed: UInt32 {
    get { otherName() }
    set { otherName() }
  }
}

extension ShardedOptimizer {
  /// What was its name.
  @available(*, unavailable, renamed: "stateByteCount")
  public var stateBytes: Int { otherName() }
}
