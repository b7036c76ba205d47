import Tensors

/// A module whose calls run the hooks that were registered on it.
///
/// Every ``Layer`` is one. A module with another signature adopts this protocol and runs its forward
/// pass inside `withHooks`:
///
/// ```swift
/// final class Scorer: Module, Hookable {
///   let fc = Linear(8, 2)
///   func callAsFunction(_ x: Tensor, scale: Double) -> Tensor {
///     withHooks(x) { fc($0) * scale }
///   }
/// }
/// ```
public protocol Hookable: Module {}

extension Hookable {
  /// Runs a forward pass of one tensor with the module's hooks; without any it is the pass alone.
  @inlinable
  public func withHooks(_ x: Tensor, _ body: (Tensor) throws -> Tensor) rethrows -> Tensor {
    guard let hooks else { return try body(x) }
    return try hooks.run(self, [x]) { (try body($0[0]), ()) }.output
  }

  /// Runs a forward pass of two tensors with the module's hooks.
  @inlinable
  public func withHooks(
    _ a: Tensor, _ b: Tensor, _ body: (Tensor, Tensor) throws -> Tensor
  ) rethrows -> Tensor {
    guard let hooks else { return try body(a, b) }
    return try hooks.run(self, [a, b]) { (try body($0[0], $0[1]), ()) }.output
  }

  /// Runs a forward pass of three tensors with the module's hooks.
  @inlinable
  public func withHooks(
    _ a: Tensor, _ b: Tensor, _ c: Tensor, _ body: (Tensor, Tensor, Tensor) throws -> Tensor
  ) rethrows -> Tensor {
    guard let hooks else { return try body(a, b, c) }
    return try hooks.run(self, [a, b, c]) { (try body($0[0], $0[1], $0[2]), ()) }.output
  }

  /// Runs a forward pass that returns more than its output, such as a recurrent layer's state; hooks
  /// see and replace the output.
  @inlinable
  public func withHooks<Rest>(
    _ x: Tensor, _ body: (Tensor) throws -> (Tensor, Rest)
  ) rethrows -> (Tensor, Rest) {
    guard let hooks else { return try body(x) }
    return try hooks.run(self, [x]) { try body($0[0]) }
  }

  /// Runs a forward pass of two tensors that returns more than its output.
  @inlinable
  public func withHooks<Rest>(
    _ a: Tensor, _ b: Tensor, _ body: (Tensor, Tensor) throws -> (Tensor, Rest)
  ) rethrows -> (Tensor, Rest) {
    guard let hooks else { return try body(a, b) }
    return try hooks.run(self, [a, b]) { try body($0[0], $0[1]) }
  }

  /// Runs a forward pass of three tensors that returns more than its output.
  @inlinable
  public func withHooks<Rest>(
    _ a: Tensor, _ b: Tensor, _ c: Tensor, _ body: (Tensor, Tensor, Tensor) throws -> (Tensor, Rest)
  ) rethrows -> (Tensor, Rest) {
    guard let hooks else { return try body(a, b, c) }
    return try hooks.run(self, [a, b, c]) { try body($0[0], $0[1], $0[2]) }
  }
}
