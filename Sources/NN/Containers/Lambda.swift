import Tensors

/// A function as a layer, such as between those of a ``Sequential``: `Lambda { $0.flattened() }`.
///
/// Parameters that the function reads are not found: a layer that has some is a class of its own.
public final class Lambda: FunctionLayer {
  /// A layer that calls the function.
  public init(_ function: @escaping (Tensor) -> Tensor) { super.init("", function) }
}
