/// What holds a tensor and stands for it in an expression: `x * scale + shift`, `mask & pad`,
/// `positions[..<n]`.
///
/// Methods are the tensor's, and so are most functions' arguments: `weight.value.sum()`.
public protocol TensorHolder: Operand {
  /// The tensor, in the graph.
  var value: Tensor { get }
}

extension TensorHolder {
  /// The tensor.
  public func operand(beside tensor: Tensor) -> Tensor { value }

  /// The part of the tensor that an index picks.
  public subscript<A: TensorIndexConvertible>(_ a: A) -> Tensor { value[a] }
  /// The part of the tensor that two indices pick.
  public subscript<A: TensorIndexConvertible, B: TensorIndexConvertible>(_ a: A, _ b: B) -> Tensor {
    value[a, b]
  }
  /// The part of the tensor that three indices pick.
  public subscript<
    A: TensorIndexConvertible, B: TensorIndexConvertible, C: TensorIndexConvertible
  >(_ a: A, _ b: B, _ c: C) -> Tensor { value[a, b, c] }
  /// The part of the tensor that four indices pick.
  public subscript<
    A: TensorIndexConvertible, B: TensorIndexConvertible, C: TensorIndexConvertible,
    D: TensorIndexConvertible
  >(_ a: A, _ b: B, _ c: C, _ d: D) -> Tensor { value[a, b, c, d] }
  /// The part of the tensor that five indices pick.
  public subscript<
    A: TensorIndexConvertible, B: TensorIndexConvertible, C: TensorIndexConvertible,
    D: TensorIndexConvertible, E: TensorIndexConvertible
  >(_ a: A, _ b: B, _ c: C, _ d: D, _ e: E) -> Tensor { value[a, b, c, d, e] }
}

extension Tensor {
  /// The matrix product with the tensor of a parameter or a buffer (`matmul(_:)`).
  public func matmul(_ other: some TensorHolder) -> Tensor { matmul(other.value) }
}

extension F {
  /// x · weightᵀ + bias with parameters (`torch.nn.functional.linear`): `[..., inputs] → [..., outputs]`.
  public static func linear<Holder: TensorHolder>(
    _ x: Tensor, _ weight: Holder, bias: Holder? = nil
  ) -> Tensor {
    linear(x, weight.value, bias: bias?.value)
  }
}
