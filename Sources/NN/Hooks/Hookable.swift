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
    let outer = begin()
    defer { end(outer) }
    guard let hooks else { return try body(x) }
    return try hooks.run(self, [x]) { (try body($0[0]), ()) }.output
  }

  /// Runs a forward pass of two tensors with the module's hooks.
  @inlinable
  public func withHooks(
    _ a: Tensor, _ b: Tensor, _ body: (Tensor, Tensor) throws -> Tensor
  ) rethrows -> Tensor {
    let outer = begin()
    defer { end(outer) }
    guard let hooks else { return try body(a, b) }
    return try hooks.run(self, [a, b]) { (try body($0[0], $0[1]), ()) }.output
  }

  /// Runs a forward pass of three tensors with the module's hooks.
  @inlinable
  public func withHooks(
    _ a: Tensor, _ b: Tensor, _ c: Tensor, _ body: (Tensor, Tensor, Tensor) throws -> Tensor
  ) rethrows -> Tensor {
    let outer = begin()
    defer { end(outer) }
    guard let hooks else { return try body(a, b, c) }
    return try hooks.run(self, [a, b, c]) { (try body($0[0], $0[1], $0[2]), ()) }.output
  }

  /// Runs a forward pass that returns more than its output, such as a recurrent layer's state; hooks
  /// see and replace the output.
  @inlinable
  public func withHooks<Rest>(
    _ x: Tensor, _ body: (Tensor) throws -> (Tensor, Rest)
  ) rethrows -> (Tensor, Rest) {
    let outer = begin()
    defer { end(outer) }
    guard let hooks else { return try body(x) }
    return try hooks.run(self, [x]) { try body($0[0]) }
  }

  /// Runs a forward pass of two tensors that returns more than its output.
  @inlinable
  public func withHooks<Rest>(
    _ a: Tensor, _ b: Tensor, _ body: (Tensor, Tensor) throws -> (Tensor, Rest)
  ) rethrows -> (Tensor, Rest) {
    let outer = begin()
    defer { end(outer) }
    guard let hooks else { return try body(a, b) }
    return try hooks.run(self, [a, b]) { try body($0[0], $0[1]) }
  }

  /// Runs a forward pass of three tensors that returns more than its output.
  @inlinable
  public func withHooks<Rest>(
    _ a: Tensor, _ b: Tensor, _ c: Tensor, _ body: (Tensor, Tensor, Tensor) throws -> (Tensor, Rest)
  ) rethrows -> (Tensor, Rest) {
    let outer = begin()
    defer { end(outer) }
    guard let hooks else { return try body(a, b, c) }
    return try hooks.run(self, [a, b, c]) { try body($0[0], $0[1], $0[2]) }
  }
}

extension Module: ComputingModule {
  /// The name of a module among this one's with its type; nil for this one.
  package func place(of module: AnyObject) -> String? {
    if module === self { return nil }
    let name = namedModules().first { $0.module === module }?.name
    return (name.map { "\($0): " } ?? "") + "\(type(of: module))"
  }

  /// The module around this one, which computes again when this one has ended.
  @usableFromInline
  struct Outer {
    let outer: ModulePlace.Outer
  }

  /// Notes that this module computes, so that failures name it.
  @usableFromInline
  final func begin() -> Outer { Outer(outer: ModulePlace.enter(self)) }

  /// Notes that it has ended.
  @usableFromInline
  final func end(_ outer: Outer) { ModulePlace.leave(outer.outer) }
}
