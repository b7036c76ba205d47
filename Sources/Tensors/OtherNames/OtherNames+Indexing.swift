// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

extension Tensor {
  /// PyTorch's name of ``gather(dim:index:)``.
  @available(*, unavailable, renamed: "gather(dim:index:)")
  public func gather(_ dim: Int, _ index: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``indexSelect(dim:index:)``.
  @available(*, unavailable, renamed: "indexSelect(dim:index:)")
  public func indexSelect(_ dim: Int, _ index: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``maskedFill(_:_:)``.
  @available(*, unavailable, renamed: "maskedFill(_:_:)")
  public func maskedFill_(_ mask: Tensor, _ value: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of ``maskedFill(_:_:)``.
  @available(*, unavailable, renamed: "maskedFill(_:_:)")
  public func masked_fill_(_ mask: Tensor, _ value: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of ``indexAdd(dim:index:source:alpha:)``.
  @available(*, unavailable, renamed: "indexAdd(dim:index:source:alpha:)")
  public func indexAdd(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``indexCopy(dim:index:source:)``.
  @available(*, unavailable, renamed: "indexCopy(dim:index:source:)")
  public func indexCopy(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``indexFill(dim:index:value:)``.
  @available(*, unavailable, renamed: "indexFill(dim:index:value:)")
  public func indexFill(_ dim: Int, _ index: Tensor, _ value: some Operand) -> Tensor {
    otherName()
  }
  /// PyTorch's name of ``indexPut(_:values:accumulate:)``.
  @available(*, unavailable, renamed: "indexPut(_:values:accumulate:)")
  public func indexPut_(_ indices: [Tensor?], _ values: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``scatter(dim:index:src:)``.
  @available(*, unavailable, renamed: "scatter(dim:index:src:)")
  public func scatter(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``scatterAdd(dim:index:src:)``.
  @available(*, unavailable, renamed: "scatterAdd(dim:index:src:)")
  public func scatterAdd(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``select(dim:index:)``.
  @available(*, unavailable, renamed: "select(dim:index:)")
  public func select(_ dim: Int, _ index: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``narrowed(dim:start:length:)``.
  @available(*, unavailable, renamed: "narrowed(dim:start:length:)")
  public func narrow(_ dim: Int, _ start: Int, _ length: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``nonzero()``.
  @available(*, unavailable, renamed: "nonzero()")
  public func argwhere() -> Tensor { otherName() }
}
