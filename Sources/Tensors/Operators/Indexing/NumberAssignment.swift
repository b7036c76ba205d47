/// Numbers assigned to parts of a tensor: `y[0] = 5`, `y[mask] = 0`, `y[1..., 0] = learningRate`.
///
/// The same subscripts as in `TensorIndex.swift`, for whose setters a number is no tensor. They read as
/// those do, and are disfavored so that nobody reads through them unawares.
extension Tensor {
  /// This tensor with a number, which takes its dtype, in the part that the indices pick.
  private mutating func assign(_ value: any Operand, at indices: [TensorIndex]) {
    self = assigning(value.operand(beside: self), at: indices)
  }

  /// The part that an index picks, to which a number or a tensor is assigned.
  @_disfavoredOverload
  public subscript<A: TensorIndexConvertible>(_ a: A) -> any Operand {
    get { indexed([a.tensorIndex]) }
    set { assign(newValue, at: [a.tensorIndex]) }
  }

  /// The part that two indices pick, to which a number or a tensor is assigned.
  @_disfavoredOverload
  public subscript<A: TensorIndexConvertible, B: TensorIndexConvertible>(_ a: A, _ b: B)
    -> any Operand
  {
    get { indexed([a.tensorIndex, b.tensorIndex]) }
    set { assign(newValue, at: [a.tensorIndex, b.tensorIndex]) }
  }

  /// The part that three indices pick, to which a number or a tensor is assigned.
  @_disfavoredOverload
  public subscript<A: TensorIndexConvertible, B: TensorIndexConvertible, C: TensorIndexConvertible>(
    _ a: A, _ b: B, _ c: C
  ) -> any Operand {
    get { indexed([a.tensorIndex, b.tensorIndex, c.tensorIndex]) }
    set { assign(newValue, at: [a.tensorIndex, b.tensorIndex, c.tensorIndex]) }
  }

  /// The part that four indices pick, to which a number or a tensor is assigned.
  @_disfavoredOverload
  public subscript<
    A: TensorIndexConvertible, B: TensorIndexConvertible, C: TensorIndexConvertible,
    D: TensorIndexConvertible
  >(_ a: A, _ b: B, _ c: C, _ d: D) -> any Operand {
    get { indexed([a.tensorIndex, b.tensorIndex, c.tensorIndex, d.tensorIndex]) }
    set { assign(newValue, at: [a.tensorIndex, b.tensorIndex, c.tensorIndex, d.tensorIndex]) }
  }

  /// The part that five indices pick, to which a number or a tensor is assigned.
  @_disfavoredOverload
  public subscript<
    A: TensorIndexConvertible, B: TensorIndexConvertible, C: TensorIndexConvertible,
    D: TensorIndexConvertible, E: TensorIndexConvertible
  >(_ a: A, _ b: B, _ c: C, _ d: D, _ e: E) -> any Operand {
    get { indexed([a.tensorIndex, b.tensorIndex, c.tensorIndex, d.tensorIndex, e.tensorIndex]) }
    set {
      assign(
        newValue, at: [a.tensorIndex, b.tensorIndex, c.tensorIndex, d.tensorIndex, e.tensorIndex])
    }
  }

  /// The whole tensor, to which a number or a tensor is assigned.
  @_disfavoredOverload
  public subscript(_ a: UnboundedRange) -> any Operand {
    get { self }
    set { assign(newValue, at: [.remaining]) }
  }

  /// The part along the last dimension to which a number or a tensor is assigned.
  @_disfavoredOverload
  public subscript<B: TensorIndexConvertible>(_ a: UnboundedRange, _ b: B) -> any Operand {
    get { indexed([.remaining, b.tensorIndex]) }
    set { assign(newValue, at: [.remaining, b.tensorIndex]) }
  }

  /// The part along the first dimension to which a number or a tensor is assigned.
  @_disfavoredOverload
  public subscript<A: TensorIndexConvertible>(_ a: A, _ b: UnboundedRange) -> any Operand {
    get { indexed([a.tensorIndex, .remaining]) }
    set { assign(newValue, at: [a.tensorIndex, .remaining]) }
  }

  /// The part along the first and the last dimension to which a number or a tensor is assigned.
  @_disfavoredOverload
  public subscript<A: TensorIndexConvertible, C: TensorIndexConvertible>(
    _ a: A, _ b: UnboundedRange, _ c: C
  ) -> any Operand {
    get { indexed([a.tensorIndex, .remaining, c.tensorIndex]) }
    set { assign(newValue, at: [a.tensorIndex, .remaining, c.tensorIndex]) }
  }

  /// The part along the last two dimensions to which a number or a tensor is assigned.
  @_disfavoredOverload
  public subscript<B: TensorIndexConvertible, C: TensorIndexConvertible>(
    _ a: UnboundedRange, _ b: B, _ c: C
  ) -> any Operand {
    get { indexed([.remaining, b.tensorIndex, c.tensorIndex]) }
    set { assign(newValue, at: [.remaining, b.tensorIndex, c.tensorIndex]) }
  }
}
