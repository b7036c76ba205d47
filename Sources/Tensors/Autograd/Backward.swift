/// Somebody who must know what a backward walk will reach before it begins, and when it is over:
/// DataParallel's reducer.
package protocol BackwardObserver: AnyObject {
  /// A walk that accumulates gradients is about to begin.
  /// - Parameter reaches: Whether the walk will come to a leaf.
  func backwardWillBegin(reaches: (Tensor) -> Bool)
  /// The walk has ended; every gradient is in its place.
  func backwardDidEnd()
}

/// The walk back through a graph: iterative, in the reverse order of recording, each node once and
/// only when every gradient that flows into it is complete.
enum BackwardWalk {
  /// Runs the walk.
  /// - Parameters:
  ///   - roots: The outputs to start from, with their gradients.
  ///   - captures: Where given, gradients of these edges are returned and nothing is accumulated.
  ///   - retainGraph: Whether nodes keep their saved values.
  ///   - createGraph: Whether the gradients are themselves recorded.
  ///   - callsLeafHooks: Whether hooks of leaves are called; not where the gradients go on to the same
  ///     leaves in a walk around this one.
  static func run(
    roots: [(edge: Edge, gradient: Tensor)], captures: [Edge]?, retainGraph: Bool,
    createGraph: Bool, callsLeafHooks: Bool = true
  ) -> [Tensor?] {
    let state = ThreadState.current
    state.walk += 1
    let walk = state.walk
    let isNested = state.walkDepth > 0
    state.walkDepth += 1
    var outer: [WalkState] = []
    let visited = countUses(roots.map(\.edge.node), walk) {
      if isNested { outer.append(WalkState($0)) }
    }
    let outerAccumulates = state.walkAccumulates
    state.walkAccumulates = captures == nil
    // Gradients are computed in the types that the forward pass recorded.
    let autocast = state.watchers & Watchers.autocast
    state.watchers &= ~Watchers.autocast
    defer {
      state.watchers |= autocast
      state.walkAccumulates = outerAccumulates
      state.walkDepth -= 1
      for saved in outer { saved.restore() }
    }
    let accumulates = captures == nil
    if let captures { markNeeded(visited, captures.map(\.node), walk) }

    let observers = accumulates ? Self.observers : []
    for observer in observers {
      observer.backwardWillBegin { tensor in
        guard let edge = tensor.body.autograd?.edge else { return false }
        return edge.node.walk == walk
      }
    }

    var captured = [Tensor?](repeating: nil, count: captures?.count ?? 0)
    withGradient(enabled: createGraph) {
      var ready = ReadyQueue()
      for (edge, gradient) in roots { receive(gradient, at: edge, createGraph) }
      for (edge, _) in roots where edge.node.pending == 0 && edge.node.isNeeded {
        ready.push(edge.node)
        edge.node.pending = -1  // A root that is listed twice is walked once.
      }
      while let node = ready.pop() {
        var gradients = node.received
        node.received = []
        if callsLeafHooks || !node.accumulates { applyHooks(node, &gradients) }
        if let captures {
          for (index, edge) in captures.enumerated() where edge.node === node {
            captured[index] = gradients[edge.output]
          }
        }
        if node.accumulates {
          if accumulates { accumulate(gradients[0], into: node, createGraph) }
          continue
        }
        if captures != nil && !node.leadsToNeeded { continue }
        var results: [Tensor?]
        if gradients.contains(where: { $0 != nil }) {
          results = Watchers.keeps ? Tracer.timed(node, gradients) : node.run(gradients)
          if Anomaly.isOn { Anomaly.check(results, of: node) }
        } else {
          results = [Tensor?](repeating: nil, count: node.inputCount)
        }
        if !retainGraph { node.release() }
        gradients = []
        for index in results.indices {
          guard let edge = node.edge(index), edge.node.isNeeded else { continue }
          if let result = results[index] {
            // Handed over, so that a gradient nobody else holds can be added to in place.
            results[index] = nil
            receive(result, at: edge, createGraph)
          }
          edge.node.pending -= 1
          if edge.node.pending == 0 { ready.push(edge.node) }
        }
      }
    }
    for observer in observers { observer.backwardDidEnd() }
    return captured
  }

  /// Visits every node that the roots lead to and counts how many gradients each will receive.
  private static func countUses(
    _ roots: [Node], _ walk: UInt64, beforeVisit: (Node) -> Void
  ) -> [Node] {
    var visited: [Node] = []
    var stack: [Node] = []
    func visit(_ node: Node) {
      guard node.walk != walk else { return }
      beforeVisit(node)
      node.walk = walk
      node.pending = 0
      node.isNeeded = true
      node.received = [Tensor?](repeating: nil, count: node.outputCount)
      visited.append(node)
      stack.append(node)
    }
    roots.forEach(visit)
    while let node = stack.popLast() {
      node.eachEdge { edge in
        visit(edge.node)
        edge.node.pending += 1
      }
    }
    return visited
  }

  /// Leaves out nodes from which no captured node can be reached.
  private static func markNeeded(_ visited: [Node], _ captures: [Node], _ walk: UInt64) {
    for node in visited { node.isNeeded = false }
    for node in captures where node.walk == walk { node.isNeeded = true }
    // A node's inputs were recorded before it.
    for node in visited.sorted(by: { $0.sequence < $1.sequence }) where !node.accumulates {
      if node.leadsToNeeded { node.isNeeded = true }
    }
  }

  private static func receive(_ gradient: Tensor, at edge: Edge, _ createGraph: Bool) {
    let node = edge.node
    guard var sum = node.received[edge.output] else {
      node.received[edge.output] = gradient
      return
    }
    node.received[edge.output] = nil
    if !createGraph, sum.ownsItsMemory(), sum.shape == gradient.shape, sum.dtype == gradient.dtype {
      sum.addInPlace(gradient)
      node.received[edge.output] = sum
    } else {
      node.received[edge.output] = sum + gradient
    }
  }

  private static func applyHooks(_ node: Node, _ gradients: inout [Tensor?]) {
    for hook in node.hooks {
      if let gradient = gradients[hook.output], let replaced = hook.call(gradient) {
        gradients[hook.output] = replaced
      }
    }
    for retained in node.retained { retained.meta?.gradient = gradients[retained.output] }
  }

  /// Adds a gradient to a leaf's, in the memory that was handed in for it where there is some.
  private static func accumulate(_ gradient: Tensor?, into node: Node, _ createGraph: Bool) {
    guard let leaf = node.leaf else { return }
    if let gradient {
      leaf.accumulate(gradient, createGraph: createGraph)
      for hook in leaf.accumulationHooks { hook.call() }
    }
    for hook in leaf.readyHooks { hook.call() }
  }

  // Observers belong to a thread, as graphs do; a handful at most, so that an array serves.
  private static var observers: [BackwardObserver] { BackwardObservers.current }
}

/// What an outer walk keeps in a node that a walk inside it visits too.
private struct WalkState {
  let node: Node
  let walk: UInt64
  let pending: Int
  let isNeeded: Bool
  let received: [Tensor?]

  init(_ node: Node) {
    self.node = node
    walk = node.walk
    pending = node.pending
    isNeeded = node.isNeeded
    received = node.received
  }

  func restore() {
    node.walk = walk
    node.pending = pending
    node.isNeeded = isNeeded
    node.received = received
  }
}

extension AutogradMeta {
  func accumulate(_ incoming: Tensor, createGraph: Bool) {
    if createGraph {
      gradient = gradient.map { $0 + incoming } ?? incoming
      return
    }
    if let buffer = gradientBuffer {
      if incoming.begins(where: buffer) {
        // It was computed in its place.
        buffer.storage.version &+= 1
      } else if let gradient {
        // Somebody may have put another gradient in its place.
        if gradient.storage !== buffer.storage { buffer.copyInPlace(gradient) }
        buffer.addInPlace(incoming)
      } else {
        buffer.copyInPlace(incoming)
      }
      gradient = buffer
      return
    }
    guard var sum = gradient else {
      var first = incoming
      // Somebody else may hold the same memory (a + b hands one gradient to both).
      gradient = first.ownsItsMemory() && first.isContiguous ? first : first.bare.clone()
      return
    }
    gradient = nil
    if sum.ownsItsMemory() {
      sum.addInPlace(incoming)
      gradient = sum
    } else {
      gradient = sum + incoming
    }
  }
}

/// Ready nodes, the most recently recorded first and accumulating ones before all: PyTorch's order,
/// so that sums of gradients round alike and parameters are ready as early as they can be.
private struct ReadyQueue {
  private var heap: [Node] = []

  mutating func push(_ node: Node) {
    heap.append(node)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[parent].sequence < heap[child].sequence else { break }
      heap.swapAt(parent, child)
      child = parent
    }
  }

  mutating func pop() -> Node? {
    guard let top = heap.first else { return nil }
    let last = heap.removeLast()
    if heap.isEmpty { return top }
    heap[0] = last
    var parent = 0
    while true {
      var largest = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && heap[child].sequence > heap[largest].sequence {
        largest = child
      }
      if largest == parent { return top }
      heap.swapAt(parent, largest)
      parent = largest
    }
  }
}
