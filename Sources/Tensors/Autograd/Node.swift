/// One recorded operation: where its inputs came from, what its gradient reads, and the gradient.
///
/// A node never holds a tensor. An input is an edge to the node that made it; a saved value is
/// its storage and layout, and takes up its edge again when it is read. So no cycle keeps a graph
/// alive, and tearing one down never recurses.
public final class Node {
  /// The operation whose gradient this node takes.
  enum Gradient {
    case one(any TensorOperation)
    case many(any TensorsOperation)

    /// Whether it reads a result that was computed again.
    var readsResult: Bool {
      guard case .one(let operation) = self else { return false }
      return operation.readsResultOrInput
    }
  }

  /// The operation's name, as in ``Tensor/gradFunction``.
  public let name: String
  private(set) var sequence: UInt64
  /// All that is kept of the operands lies in one array, and what is kept of the first result in the
  /// node itself: the memory of a node is what recording costs.
  private var operands: [RecordedOperand]
  private var result: RecordedResult
  private var otherResults: [RecordedResult]
  private var gradient: Gradient?
  /// Whether results are computed again where they are needed, see ``Operation/remaking``: how many operations
  /// that takes, one after the other; 0 for never.
  let remakes: Int
  /// What is kept of operands and results.
  private let keeping: Saving
  /// The first result, computed again, until this node's own turn.
  private var remade: Tensor?

  /// For the node that accumulates a leaf's gradient, the leaf.
  weak var leaf: AutogradMeta?
  /// Called with the gradient that flows into an output, and may replace it.
  var hooks: [(output: Int, token: HookToken, call: (Tensor) -> Tensor?)] = []
  /// Outputs that keep their gradient (`retainGrad`).
  var retained: [Retained] = []
  /// Where the operation was recorded, in anomaly mode.
  var origin: Origin?

  // What a walk keeps here instead of in dictionaries; valid where `walk` is the walk's number.
  var walk: UInt64 = 0
  var pending = 0
  var isNeeded = true
  var received: [Tensor?] = []

  init(
    name: String, operands: [RecordedOperand], result: RecordedResult,
    otherResults: [RecordedResult] = [],
    gradient: Gradient, keeping: Saving = .nothing, isRemade: Bool = false
  ) {
    self.name = name
    self.keeping = keeping
    remakes = isRemade ? 1 + operands.reduce(0) { max($0, $1.remakes) } : 0
    self.operands = operands
    self.result = result
    self.otherResults = otherResults
    self.gradient = gradient
    sequence = ThreadState.current.nextSequence()
  }

  /// The node that accumulates a leaf's gradient.
  init(leaf: AutogradMeta, meta: TensorMeta) {
    name = "accumulateGrad"
    remakes = 0
    keeping = .nothing
    sequence = .max
    operands = []
    result = RecordedResult(meta: meta, saved: nil)
    otherResults = []
    gradient = nil
    self.leaf = leaf
  }

  var accumulates: Bool { sequence == .max }

  /// What is known of the operands.
  var inputs: some RandomAccessCollection<TensorMeta> { operands.lazy.map(\.meta) }

  /// How many operands there are.
  var inputCount: Int { operands.count }

  /// How many results there are.
  var outputCount: Int { 1 + otherResults.count }

  /// Where an operand came from; nil where it wants no gradient.
  func edge(_ input: Int) -> Edge? { operands[input].edge }

  /// The nodes that made the operands that want a gradient.
  func eachEdge(_ body: (Edge) -> Void) {
    for operand in operands { if let edge = operand.edge { body(edge) } }
  }

  /// Whether an operand's node is one that the present walk must come to.
  var leadsToNeeded: Bool { operands.contains { $0.edge?.node.isNeeded ?? false } }

  /// Lets go of saved values and inputs once their gradient has been taken.
  func release() {
    gradient = nil
    remade = nil
    for index in operands.indices { operands[index].saved = nil }
    result.saved = nil
    otherResults = otherResults.map { RecordedResult(meta: $0.meta, saved: nil) }
  }

  /// Computes the inputs' gradients, brought to the inputs' shapes and dtypes.
  func run(_ gradients: [Tensor?]) -> [Tensor?] {
    guard let gradient else {
      fail(
        "backward",
        "the graph through \(name) was already walked and its saved values are gone; pass retainGraph: true to the first backward"
      )
    }
    if storagesHaveSources.load(ordering: .relaxed) { announceReading() }
    // Whoever needs the result has had its turn, but for a gradient that reads what is kept anyway.
    if !gradient.readsResult { remade = nil }
    defer { remade = nil }
    var results: [Tensor?]
    switch gradient {
    case .one(let operation):
      guard let only = gradients[0] else { return [Tensor?](repeating: nil, count: inputCount) }
      results = operation.gradient(only, self)
    case .many(let operation): results = operation.gradient(gradients, self)
    }
    require(
      results.count == inputCount, name,
      "its gradient returned \(results.count) values for \(inputCount) inputs")
    for index in results.indices {
      guard let result = results[index] else { continue }
      if operands[index].edge == nil {
        results[index] = nil
        continue
      }
      let meta = operands[index].meta
      var fitted = result
      if fitted.shape != meta.shape { fitted = fitted.sum(toShape: meta.shape) }
      if fitted.dtype != meta.dtype { fitted = fitted.to(meta.dtype) }
      results[index] = fitted
    }
    return results
  }

  /// Tells the sources of saved values' memory that their gradient is due, whatever it reads of them.
  private func announceReading() {
    for operand in operands where operand.isRemade { operand.edge?.node.announceReading() }
    for operand in operands { operand.saved?.storage.source?.willRead() }
    result.saved?.storage.source?.willRead()
    for other in otherResults { other.saved?.storage.source?.willRead() }
  }

  /// Whether the memory of something that it keeps has a source, which wants to be told before it is read.
  var keepsSourced: Bool {
    operands.contains { $0.saved?.storage.source != nil } || result.saved?.storage.source != nil
      || otherResults.contains { $0.saved?.storage.source != nil }
  }

  deinit {
    // Iteratively: releasing 50,000 nodes one inside the other would overflow the stack.
    var doomed: [Node] = []
    eachEdge { doomed.append($0.node) }
    operands = []
    while var node = doomed.popLast() {
      if isKnownUniquelyReferenced(&node) {
        node.eachEdge { doomed.append($0.node) }
        node.operands = []
      }
    }
  }
}

/// What a gradient reads of the operation it belongs to.
extension Node {
  /// Whether an input wants a gradient: where not, its part need not be computed.
  public func needsGradient(_ input: Int) -> Bool { operands[input].edge != nil }

  /// Where the gradient of an input may be written at once, instead of being copied there: memory that
  /// was handed in for a parameter's gradient. Nil where there is none, where a gradient is there
  /// already or more are to come, and where somebody looks at it before or at how it is computed.
  func gradientPlace(_ input: Int) -> Tensor? {
    let state = ThreadState.current
    guard !state.isGradEnabled, state.walkAccumulates, state.watchers == 0,
      let node = operands[input].edge?.node, node.pending == 1, node.hooks.isEmpty,
      node.retained.isEmpty,
      let leaf = node.leaf, leaf.gradient == nil, let place = leaf.gradientBuffer,
      place.shape == shape(input), place.dtype == dtype(input), place.isContiguous
    else { return nil }
    return place
  }

  /// An input's shape.
  public func shape(_ input: Int) -> [Int] { operands[input].meta.shape }

  /// An input's dtype.
  public func dtype(_ input: Int) -> DType { operands[input].meta.dtype }

  /// A result's shape.
  func outputShape(_ output: Int) -> [Int] { recorded(output).meta.shape }

  private func recorded(_ output: Int) -> RecordedResult {
    output == 0 ? result : otherResults[output - 1]
  }

  /// A saved input, part of the graph again where the walk itself is recorded.
  public func input(_ index: Int) -> Tensor { input(index, keepsRemade: true) }

  /// - Parameter keepsRemade: Whether a result that is computed again for it stays until its node's turn; not
  ///   one on the way to another, which few read.
  private func input(_ index: Int, keepsRemade: Bool) -> Tensor {
    let operand = operands[index]
    if operand.isRemade, let edge = operand.edge {
      let again = edge.node.resultAgain(keepsIt: keepsRemade)
      return attached(
        TensorBody(
          storage: again.storage, shape: operand.meta.shape, strides: again.strides,
          offset: again.storageOffset, dtype: operand.meta.dtype), edge)
    }
    return restore(operand.saved, operand.meta, edge: operand.edge, "input \(index)")
  }

  /// Whether the first result is computed again where it is read.
  var isRemade: Bool { remakes > 0 }

  /// The first result or the first input, whichever is at hand, for a gradient that either will do for.
  func resultOrInput() -> Tensor {
    guard isRemade else { return output() }
    return isGradEnabled ? input(0) : remade ?? input(0)
  }

  /// Whether a result is there, or computed again, when the gradient of what reads it is taken.
  func keeps(_ output: Int, _ result: Tensor) -> Bool {
    recorded(output).isSaved || (output == 0 && RecordedOperand.isRemade(result, by: self))
  }

  /// The first result, which nobody kept, computed again from what this node keeps.
  private func resultAgain(keepsIt: Bool) -> Tensor {
    if let remade { return remade }
    guard let gradient else {
      fail(
        "backward",
        "a result of \(name) is needed again, and the graph through it was already walked; pass retainGraph: true to the first backward"
      )
    }
    let result = noGrad {
      Watchers.unobserved {
        let inputs = operands.indices.map { input($0, keepsRemade: false) }
        return switch gradient {
        case .one(let operation): operation.remade(inputs, self)
        case .many(let operation): operation.remade(inputs, self)
        }
      }.result
    }
    if keepsIt { remade = result }
    return result
  }

  /// A saved input, part of the graph whether or not the walk itself is recorded.
  func attachedInput(_ index: Int) -> Tensor { withGradient(enabled: true) { input(index) } }

  /// A saved output, attached to this very node where the walk itself is recorded.
  public func output(_ index: Int = 0) -> Tensor {
    let result = recorded(index)
    return restore(
      result.saved, result.meta, edge: Edge(node: self, output: index), "output \(index)")
  }

  private func restore(
    _ value: SavedValue?, _ meta: TensorMeta, edge: Edge?, _ which: @autoclosure () -> String
  ) -> Tensor {
    guard let value else { fail(name, "its gradient reads \(which()), which it did not save") }
    if value.storage.version != value.version {
      let who = value.storage.label.map { "parameter \"\($0)\"" } ?? which()
      fail(
        "backward",
        "\(who) \(meta.shape) of \(name) was changed in place after it was saved for the gradient (version \(value.storage.version), saved at \(value.version)); take the gradient before the optimizer's step, or run the forward pass again"
      )
    }
    let body = TensorBody(
      storage: value.storage, shape: meta.shape, strides: value.strides, offset: value.offset,
      dtype: meta.dtype)
    return attached(body, edge)
  }

  private func attached(_ body: TensorBody, _ edge: Edge?) -> Tensor {
    if let edge, isGradEnabled, body.dtype.isFloatingPoint {
      body.autograd = AutogradMeta(edge: edge)
    }
    return Tensor(body)
  }
}

/// Nodes that stand for an operation of a captured step, again and again.
extension Node {
  /// Takes the place of a node of an operation that was just computed.
  /// - Parameters:
  ///   - given: Those of the operands that do not always come from the same node.
  func refill(
    _ operands: [Tensor], _ results: [Tensor], given: [Int], _ gradient: Gradient
  ) {
    self.gradient = gradient
    for index in given { self.operands[index].edge = operands[index].body.autograd?.edge }
    for index in operands.indices where keeping.holds(input: index) {
      self.operands[index].save(operands[index])
    }
    if keeping.holds(output: 0) { result.saved = SavedValue(results[0]) }
    for index in otherResults.indices where keeping.holds(output: index + 1) {
      otherResults[index].saved = SavedValue(results[index + 1])
    }
  }

  /// Takes its place in the order of recording, which need not be that in which operations are computed.
  func takePlace(_ place: UInt64) { sequence = place }

  /// Which of the operands and of the results it keeps the values of.
  var saved: SavedPlaces {
    SavedPlaces(
      operands: operands.indices.filter { operands[$0].saved != nil },
      results: (0..<outputCount).filter { recorded($0).isSaved })
  }

  /// Lets go of what it holds of the present run.
  func empty(given: [Int]) {
    release()
    for index in given { operands[index].edge = nil }
  }
}

/// What a node keeps of an operand.
struct RecordedOperand {
  let meta: TensorMeta
  fileprivate(set) var edge: Edge?
  fileprivate var saved: SavedValue?
  /// Whether its node computes it again instead of its being saved.
  fileprivate var isRemade = false
  fileprivate var remakes: Int { isRemade ? edge?.node.remakes ?? 0 : 0 }

  init(_ tensor: Tensor, isSaved: Bool) {
    meta = TensorMeta(tensor)
    edge = tensor.body.autograd?.edge
    if isSaved { save(tensor) }
  }

  /// Keeps the operand, or, where its node can compute it again and it is worth the while, that node.
  fileprivate mutating func save(_ tensor: Tensor) {
    isRemade = edge.map { $0.output == 0 && Self.isRemade(tensor, by: $0.node) } ?? false
    saved = isRemade ? nil : SavedValue(tensor)
  }

  /// Whether a node's first result is computed again and not kept.
  fileprivate static func isRemade(_ result: Tensor, by node: Node) -> Bool {
    remade.contains(node.remakes) && result.count >= leastRemade
      && !ThreadState.current.keepsResults
  }

  /// The fewest numbers of a result that is computed again.
  private static let leastRemade = 16_384
  /// By how many operations, one after the other.
  private static let remade = 1...4
}

/// What a node keeps of a result.
struct RecordedResult {
  let meta: TensorMeta
  fileprivate var saved: SavedValue?
  fileprivate var isSaved: Bool { saved != nil }

  fileprivate init(meta: TensorMeta, saved: SavedValue?) { (self.meta, self.saved) = (meta, saved) }

  init(_ tensor: Tensor, isSaved: Bool) {
    self.init(meta: TensorMeta(tensor), saved: isSaved ? SavedValue(tensor) : nil)
  }
}

/// Where the elements of a tensor lie that is kept for the backward pass, without its place in the
/// graph.
private struct SavedValue {
  let storage: Storage
  let version: UInt32
  let strides: [Int]
  let offset: Int

  init(_ tensor: Tensor) {
    storage = tensor.storage
    version = tensor.storage.version
    strides = tensor.strides
    offset = tensor.storageOffset
  }
}
