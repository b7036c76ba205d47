// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

import Tensors

/// What many call ``DistributedDataParallel``.
@available(*, unavailable, message: "use DistributedDataParallel(model, group: world.group)")
public var DDP: PythonName { otherName() }
