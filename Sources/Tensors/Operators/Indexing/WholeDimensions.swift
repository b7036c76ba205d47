/// `...` between a subscript's brackets, as in Python: `x[...]`, `x[..., 0]`, `x[0, ...]`,
/// `x[0, ..., 1]`.
///
/// It stands for as many whole dimensions as are left over. It is a function to Swift, not a value,
/// and so takes subscripts of its own; `.ellipsis` says the same anywhere.
extension Tensor {
  /// The whole tensor.
  public subscript(_ a: UnboundedRange) -> Tensor {
    get { indexed([.remaining]) }
    set { self = assigning(newValue, at: [.remaining]) }
  }

  /// Parts of the tensor along its last dimension.
  public subscript<B: TensorIndexConvertible>(_ a: UnboundedRange, _ b: B) -> Tensor {
    get { indexed([.remaining, b.tensorIndex]) }
    set { self = assigning(newValue, at: [.remaining, b.tensorIndex]) }
  }

  /// Parts of the tensor along its last two dimensions.
  public subscript<B: TensorIndexConvertible, C: TensorIndexConvertible>(
    _ a: UnboundedRange, _ b: B, _ c: C
  ) -> Tensor {
    get { indexed([.remaining, b.tensorIndex, c.tensorIndex]) }
    set { self = assigning(newValue, at: [.remaining, b.tensorIndex, c.tensorIndex]) }
  }

  /// Parts of the tensor along its first dimension.
  public subscript<A: TensorIndexConvertible>(_ a: A, _ b: UnboundedRange) -> Tensor {
    get { indexed([a.tensorIndex, .remaining]) }
    set { self = assigning(newValue, at: [a.tensorIndex, .remaining]) }
  }

  /// Parts of the tensor along its first and its last dimension.
  public subscript<A: TensorIndexConvertible, C: TensorIndexConvertible>(
    _ a: A, _ b: UnboundedRange, _ c: C
  ) -> Tensor {
    get { indexed([a.tensorIndex, .remaining, c.tensorIndex]) }
    set { self = assigning(newValue, at: [a.tensorIndex, .remaining, c.tensorIndex]) }
  }
}
