/// What stands between the brackets of a tensor written as a literal: numbers, truth values, lists.
///
/// Only lists are tensors by themselves: were numbers too, `1 + 2 + 3.0` could be a tensor.
public enum TensorLiteral: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral
{
  /// A number or a truth value.
  case number(Scalar)
  /// A list.
  case list([TensorLiteral])

  /// A whole number.
  public init(integerLiteral value: Int) { self = .number(.int(value)) }
  /// A real number.
  public init(floatLiteral value: Double) { self = .number(.double(value)) }
  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .number(.bool(value)) }
  /// A list.
  public init(arrayLiteral elements: TensorLiteral...) { self = .list(elements) }

  fileprivate var sizes: [Int] {
    guard case .list(let elements) = self else { return [] }
    return [elements.count] + (elements.first?.sizes ?? [])
  }

  fileprivate func append(to leaves: inout [Scalar], sizes: ArraySlice<Int>) {
    switch (self, sizes.first) {
    case (.number(let number), nil): leaves.append(number)
    case (.list(let elements), let size?) where size == elements.count:
      for element in elements { element.append(to: &leaves, sizes: sizes.dropFirst()) }
    default: fail("Tensor", "the rows of a literal differ in length or depth")
    }
  }
}

/// Tensors written as lists wherever a tensor is expected: `F.crossEntropy(logits, [2, 0, 1])`,
/// `let w: Tensor = [[1, 2.5], [3, 4]]`.
extension Tensor: ExpressibleByArrayLiteral {
  /// Lists to any depth. `[1, 2.5]` is `float32`, `[1, 2]` `int64`, `[true, 2]` `int64`, and an empty
  /// list is `float32` of shape `[0]`.
  public init(arrayLiteral elements: TensorLiteral...) {
    let list = TensorLiteral.list(elements)
    let sizes = list.sizes
    var leaves: [Scalar] = []
    list.append(to: &leaves, sizes: sizes[...])
    let kind = leaves.map(\.dtype).max { $0.kind < $1.kind } ?? .float32
    switch kind {
    case .float32: self.init(leaves.map { Float($0.double) }, shape: sizes)
    case .int64: self.init(leaves.map(\.int), shape: sizes)
    default: self.init(leaves.map { $0.double != 0 }, shape: sizes)
    }
  }
}

extension DType {
  /// Truth values before whole numbers before reals.
  fileprivate var kind: Int { self == .bool ? 0 : isFloatingPoint ? 2 : 1 }
}
