// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

extension Tensor {
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "several dimensions are dims: x.sum(dims: [0, 1])")
  public func sum(dim: [Int], keepDim: Bool = false) -> Tensor { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "several dimensions are dims: x.mean(dims: [0, 1])")
  public func mean(dim: [Int], keepDim: Bool = false) -> Tensor { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "several dimensions are dims: x.prod(dims: [0, 1])")
  public func prod(dim: [Int], keepDim: Bool = false) -> Tensor { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "several dimensions are dims: x.amax(dims: [0, 1])")
  public func amax(dim: [Int], keepDim: Bool = false) -> Tensor { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "several dimensions are dims: x.amin(dims: [0, 1])")
  public func amin(dim: [Int], keepDim: Bool = false) -> Tensor { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "several dimensions are dims: x.var(dims: [0, 1])")
  public func `var`(dim: [Int], keepDim: Bool = false) -> Tensor { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "several dimensions are dims: x.std(dims: [0, 1])")
  public func std(dim: [Int], keepDim: Bool = false) -> Tensor { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "several dimensions are dims: x.norm(dims: [0, 1])")
  public func norm(dim: [Int], keepDim: Bool = false) -> Tensor { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "several dimensions are dims: x.any(dims: [0, 1])")
  public func any(dim: [Int], keepDim: Bool = false) -> Tensor { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "several dimensions are dims: x.all(dims: [0, 1])")
  public func all(dim: [Int], keepDim: Bool = false) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.sum(dim: dim)")
  public func sum(_ dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.sum(dim: dim)")
  public func sum(axis: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.mean(dim: dim)")
  public func mean(_ dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.mean(dim: dim)")
  public func mean(axis: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.max(dim: dim)")
  public func max(_ dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "the largest over several dimensions: x.amax(dims: [0, 1])")
  public func max(dims: [Int], keepDim: Bool = false) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "the smallest over several dimensions: x.amin(dims: [0, 1])")
  public func min(dims: [Int], keepDim: Bool = false) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.max(dim: dim)")
  public func max(axis: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.min(dim: dim)")
  public func min(_ dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.min(dim: dim)")
  public func min(axis: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.argmax(dim: dim)")
  public func argmax(_ dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.argmax(dim: dim)")
  public func argmax(axis: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.argmin(dim: dim)")
  public func argmin(_ dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.argmin(dim: dim)")
  public func argmin(axis: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.var(dim: dim)")
  public func `var`(_ dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.var(dim: dim)")
  public func `var`(axis: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.std(dim: dim)")
  public func std(_ dim: Int) -> Tensor { otherName() }
  /// PyTorch's older argument.
  @available(*, unavailable, message: "use correction: 0 for unbiased=False, and 1 for True")
  public func std(unbiased: Bool) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.std(dim: dim)")
  public func std(axis: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.cumsum(dim: dim)")
  public func cumsum(_ dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.cumprod(dim: dim)")
  public func cumprod(_ dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.var()")
  public func variance() -> Tensor { otherName() }
  /// PyTorch's name of ``nanMedian()``.
  @available(*, unavailable, renamed: "nanMedian()")
  public func nanmedian() -> Tensor { otherName() }
  /// PyTorch's name of ``nanSum(dims:keepDim:)``.
  @available(*, unavailable, renamed: "nanSum(dims:keepDim:)")
  public func nansum() -> Tensor { otherName() }
  /// PyTorch's name of ``nanMean(dims:keepDim:)``.
  @available(*, unavailable, renamed: "nanMean(dims:keepDim:)")
  public func nanmean() -> Tensor { otherName() }
  /// PyTorch's name of ``nanQuantile(_:dim:keepDim:)``.
  @available(*, unavailable, renamed: "nanQuantile(_:dim:keepDim:)")
  public func nanquantile(_ q: Double) -> Tensor { otherName() }
  /// PyTorch's name of ``logSumExp(dim:keepDim:)``.
  @available(*, unavailable, renamed: "logSumExp(dim:keepDim:)")
  public func logsumexp(_ dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``logSumExp(dim:keepDim:)``.
  @available(*, unavailable, renamed: "logSumExp(dim:keepDim:)")
  public func logsumexp(dim: Int, keepDim: Bool = false) -> Tensor { otherName() }
  /// PyTorch's name of ``logCumSumExp(dim:)``.
  @available(*, unavailable, renamed: "logCumSumExp(dim:)")
  public func logcumsumexp(dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``sorted(dim:descending:)``.
  @available(*, unavailable, renamed: "sorted(dim:descending:)")
  public func sort() -> Tensor { otherName() }
  /// PyTorch's name of ``sorted(dim:descending:)``.
  @available(*, unavailable, renamed: "sorted(dim:descending:)")
  public func sort(_ dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``sorted(dim:descending:)``.
  @available(*, unavailable, renamed: "sorted(dim:descending:)")
  public func sort(dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.sorted(dim: 0)")
  public func msort() -> Tensor { otherName() }
  /// PyTorch's name of ``topK(_:dim:largest:sorted:)``.
  @available(*, unavailable, renamed: "topK(_:dim:largest:sorted:)")
  public func topk(_ k: Int, dim: Int = -1) -> Tensor { otherName() }
  /// PyTorch's name of ``kthValue(_:dim:keepDim:)``.
  @available(*, unavailable, renamed: "kthValue(_:dim:keepDim:)")
  public func kthvalue(_ k: Int, dim: Int = -1) -> Tensor { otherName() }
  /// PyTorch's name of ``searchSorted(_:right:)``.
  @available(*, unavailable, renamed: "searchSorted(_:right:)")
  public func searchsorted(_ values: Tensor) -> Tensor { otherName() }
}
