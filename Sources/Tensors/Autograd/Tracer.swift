import CKernels
import Foundation

/// One operation that ``traceOperations(_:)`` saw.
public struct TracedOperation: Sendable, CustomStringConvertible {
  /// The operation's name.
  public let name: String
  /// What it was told besides its operands.
  public let attributes: [String: Attribute]
  /// The shapes of its operands.
  public let inputShapes: [[Int]]
  /// The shapes of its results.
  public let outputShapes: [[Int]]

  /// `matmul [64, 784] × [784, 128] → [64, 128]`.
  public var description: String {
    let inputs = inputShapes.map { "\($0)" }.joined(separator: " × ")
    return "\(name) \(inputs) → \(outputShapes.map { "\($0)" }.joined(separator: ", "))"
  }
}

/// Runs a body and lists every operation it computed, in order: a way to step through a model.
public func traceOperations<Result, E: Error>(
  _ body: () throws(E) -> Result
) throws(E) -> (result: Result, operations: [TracedOperation]) {
  let tracer = Tracer()
  let outer = Tracer.current
  Tracer.current = tracer
  torus_thread().pointee.watchers |= Watchers.tracer
  defer {
    Tracer.current = outer
    if outer == nil { torus_thread().pointee.watchers &= ~Watchers.tracer }
  }
  let result = try body()
  return (result, tracer.operations)
}

/// Collects the operations of one thread.
final class Tracer {
  private(set) var operations: [TracedOperation] = []

  func record(_ operation: Operation) {
    operations.append(
      TracedOperation(
        name: operation.name, attributes: operation.attributes,
        inputShapes: operation.inputs.map(\.shape), outputShapes: operation.outputs.map(\.shape)))
  }

  private static let key = "torus.tracer"

  static var current: Tracer? {
    get { Thread.current.threadDictionary[key] as? Tracer }
    set { Thread.current.threadDictionary[key] = newValue }
  }
}
