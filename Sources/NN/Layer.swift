import Tensors

/// A module that makes one tensor of one tensor, and so fits into a ``Sequential``.
///
/// It defines ``forward(_:)`` and is called by its name, as in PyTorch: `layer(x)` runs the forward
/// pass with the hooks that were registered around it.
public protocol Layer: Hookable {
  /// The forward pass.
  func forward(_ x: Tensor) -> Tensor
}

extension Layer {
  /// The forward pass with the module's hooks.
  @inlinable
  public func callAsFunction(_ x: Tensor) -> Tensor { withHooks(x) { forward($0) } }
}

/// A module that makes one tensor of two, such as a loss of outputs and targets.
public protocol PairLayer: Hookable {
  /// The forward pass.
  func forward(_ a: Tensor, _ b: Tensor) -> Tensor
}

extension PairLayer {
  /// The forward pass with the module's hooks.
  @inlinable
  public func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
    withHooks(a, b) { forward($0, $1) }
  }
}
