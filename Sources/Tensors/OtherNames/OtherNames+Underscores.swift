// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

/// Spellings with underscores, called with whatever they are called with.
extension Tensor {
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "storageOffset")
  public var storage_offset: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "isContiguous")
  public var is_contiguous: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "isLeaf")
  public var is_leaf: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "gradFunction")
  public var grad_fn: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use x.to(other.dtype)")
  public var type_as: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use x.reshaped(other.shape)")
  public var reshape_as: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use x.view(other.shape)")
  public var view_as: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use x.expanded(other.shape)")
  public var expand_as: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "expanded(_:)")
  public var broadcast_to: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "repeatInterleave(_:dim:)")
  public var repeat_interleave: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "atLeast(rank:)")
  public var atleast_1d: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "atLeast(rank:)")
  public var atleast_2d: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "diagEmbed()")
  public var diag_embed: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "tensorSplit(_:)")
  public var tensor_split: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "takeAlongDim(_:dim:)")
  public var take_along_dim: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "indexSelect(dim:index:)")
  public var index_select: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "maskedSelect(_:)")
  public var masked_select: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "maskedFill(_:_:)")
  public var masked_fill: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "maskedScatter(_:source:)")
  public var masked_scatter: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "indexAdd(dim:index:source:)")
  public var index_add: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "indexCopy(dim:index:source:)")
  public var index_copy: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "indexFill(dim:index:value:)")
  public var index_fill: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "indexPut(_:values:)")
  public var index_put_: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "scatterAdd(dim:index:src:)")
  public var scatter_add: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "scatterReduce(dim:index:src:reduce:)")
  public var scatter_reduce: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "selectScatter(_:dim:index:)")
  public var select_scatter: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "sliceScatter(_:dim:)")
  public var slice_scatter: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "clamp(min:)")
  public var clamp_min: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "clamp(max:)")
  public var clamp_max: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "nanToNum()")
  public var nan_to_num: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "floorDivide(_:)")
  public var floor_divide: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "cumulativeTrapezoid()")
  public var cumulative_trapezoid: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use mask & mask")
  public var logical_and: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use mask | mask")
  public var logical_or: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use ~mask")
  public var logical_not: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use mask ^ mask")
  public var logical_xor: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use i & i")
  public var bitwise_and: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use i | i")
  public var bitwise_or: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use i ^ i")
  public var bitwise_xor: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use i << 1")
  public var bitwise_left_shift: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "varMean(dim:)")
  public var var_mean: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "stdMean(dim:)")
  public var std_mean: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "countNonzero()")
  public var count_nonzero: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "uniqueConsecutive()")
  public var unique_consecutive: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "retainGrad()")
  public var retain_grad: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use x.dtype.isFloatingPoint")
  public var is_floating_point: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use x.dtype.size")
  public var element_size: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use ~i")
  public var bitwise_not: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "registerHook(_:)")
  public var register_hook: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "registerPostAccumulateGradHook(_:)")
  public var register_post_accumulate_grad_hook: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "logSoftmax(dim:)")
  public var log_softmax: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "requiresGrad")
  public var requires_grad: Bool {
    get { otherName() }
    set { otherName() }
  }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use x.requiresGrad = true")
  public var requires_grad_: PythonName { otherName() }
}

extension Tensor {
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "zeros(like:)")
  public static var zeros_like: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "ones(like:)")
  public static var ones_like: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "empty(like:)")
  public static var empty_like: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "full(like:_:)")
  public static var full_like: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use Tensor.rand(x.shape)")
  public static var rand_like: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use Tensor.randn(x.shape)")
  public static var randn_like: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "lowerTriangleIndices(_:_:)")
  public static var tril_indices: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "upperTriangleIndices(_:_:)")
  public static var triu_indices: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "cartesianProd(_:)")
  public static var cartesian_prod: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "blockDiag(_:)")
  public static var block_diag: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "resultType(_:_:)")
  public static var result_type: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "broadcast(_:)")
  public static var broadcast_tensors: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "columnStack(_:)")
  public static var column_stack: PythonName { otherName() }
}
