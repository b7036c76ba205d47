// PyTorch's names of reductions that are spelled otherwise here: the compiler answers each with the right one.

extension ReduceOp {
  /// PyTorch's name of ``average``.
  @available(*, unavailable, renamed: "average")
  public static var avg: ReduceOp { .average }
  /// PyTorch's name of ``minimum``.
  @available(*, unavailable, renamed: "minimum")
  public static var min: ReduceOp { .minimum }
  /// PyTorch's name of ``maximum``.
  @available(*, unavailable, renamed: "maximum")
  public static var max: ReduceOp { .maximum }
  /// PyTorch's name of ``bitAnd``.
  @available(*, unavailable, renamed: "bitAnd")
  public static var band: ReduceOp { .bitAnd }
  /// PyTorch's name of ``bitOr``.
  @available(*, unavailable, renamed: "bitOr")
  public static var bor: ReduceOp { .bitOr }
  /// PyTorch's name of ``bitXor``.
  @available(*, unavailable, renamed: "bitXor")
  public static var bxor: ReduceOp { .bitXor }
}
