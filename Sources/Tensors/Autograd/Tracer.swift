import Foundation

/// Runs a body and tells of every operation when it was computed.
package func watchOperations<Result, E: Error>(
  _ note: @escaping (TracedOperation) -> Void, _ body: () throws(E) -> Result
) throws(E) -> Result {
  try Tracer { note(TracedOperation($0)) }.watching(body)
}

/// Runs a body and lists every operation it computed, in order: a way to step through a model.
public func traceOperations<Result, E: Error>(
  _ body: () throws(E) -> Result
) throws(E) -> (result: Result, operations: [TracedOperation]) {
  var operations: [TracedOperation] = []
  let result = try watchOperations({ operations.append($0) }, body)
  return (result, operations)
}

/// Somebody who is told of every operation that this thread computes.
final class Tracer {
  private let note: (ComputedOperation) -> Void
  private let noteRead: ((Tensor) -> Void)?
  private let noteWalk: ((Node, Duration) -> Void)?
  private var outer: Tracer?

  /// - Parameters:
  ///   - read: Told of every tensor whose values somebody looks at.
  ///   - walk: Told of every node whose gradient was computed, and how long that took.
  ///   - note: Told of every operation.
  init(
    read: ((Tensor) -> Void)? = nil, walk: ((Node, Duration) -> Void)? = nil,
    _ note: @escaping (ComputedOperation) -> Void
  ) {
    noteRead = read
    noteWalk = walk
    self.note = note
  }

  func noteRead(of tensor: Tensor) {
    noteRead?(tensor)
    outer?.noteRead(of: tensor)
  }

  /// Runs a body under watch; a tracer around this one is told as well.
  func watching<Result, E: Error>(_ body: () throws(E) -> Result) throws(E) -> Result {
    outer = Tracer.current
    Tracer.current = self
    ThreadState.current.watchers |= Watchers.tracer
    defer {
      Tracer.current = outer
      if outer == nil { ThreadState.current.watchers &= ~Watchers.tracer }
      outer = nil
    }
    return try body()
  }

  /// Computes a node's gradient and tells how long that took.
  static func timed(_ node: Node, _ gradients: [Tensor?]) -> [Tensor?] {
    let start = ContinuousClock.now
    let results = node.run(gradients)
    Tracer.current?.noteWalk(of: node, ContinuousClock.now - start)
    return results
  }

  private func noteWalk(of node: Node, _ duration: Duration) {
    noteWalk?(node, duration)
    outer?.noteWalk(of: node, duration)
  }

  func record(_ computed: ComputedOperation) {
    note(computed)
    outer?.record(computed)
  }

  private static let key = "torus.tracer"

  static var current: Tracer? {
    get { Thread.current.threadDictionary[key] as? Tracer }
    set { Thread.current.threadDictionary[key] = newValue }
  }
}
