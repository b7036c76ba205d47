/// The nodes of one replay, which the next one takes again once nobody can walk them any more.
final class StepFrame {
  /// The node of each event that has one.
  var nodes: [Node?]
  /// The place in the graph of each value that has one.
  var places: [AutogradMeta?]
  /// What stands for each value that exists by tiles alone, and that no node keeps.
  private var stands: [Tensor?]
  /// The chains' walks, by the place of the first operation.
  private var walks: [Int: (walk: ChainWalk, operations: [(any TensorOperation)?])] = [:]
  /// Held by the outputs through which the nodes can be reached.
  weak var lease: StepLease?
  /// Whether other nodes lead here, past the outputs.
  private(set) var isGivenAway = false
  private weak var program: StepProgram?

  init(_ program: StepProgram) {
    self.program = program
    nodes = [Node?](repeating: nil, count: program.events.count)
    places = [AutogradMeta?](repeating: nil, count: program.shapes.count)
    stands = [Tensor?](repeating: nil, count: program.shapes.count)
  }

  /// A tensor of a value's shape, for nodes that want to know no more of it.
  func stand(for value: Int, _ program: StepProgram) -> Tensor {
    if let stand = stands[value] { return stand }
    let nothing = program.dtypes[value].isFloatingPoint ? Double.nan : 0
    let stand = Tensor.full([], nothing, dtype: program.dtypes[value])
      .expanded(program.shapes[value]).bare
    stands[value] = stand
    return stand
  }

  /// What the nodes of a chain hold as its operations, made once; nil for those without a node.
  func operations(of chain: StepChain, _ program: StepProgram) -> [(any TensorOperation)?] {
    let place = chain.steps[0].place
    if let known = walks[place] { return known.operations }
    let walk = ChainWalk(program, chain, self)
    let operations = walk.operations()
    walks[place] = (walk, operations)
    return operations
  }

  /// Leaves the nodes to a graph of the user's for good.
  func giveAway() {
    isGivenAway = true
    program?.frames.removeAll { $0 === self }
  }

  /// Lets go of what the nodes keep for a backward pass that will not come.
  fileprivate func empty() {
    for chain in walks.values { chain.walk.empty() }
    for (event, node) in zip(program?.events ?? [], nodes) {
      if let node, case .step(let step) = event { node.empty(given: step.given) }
    }
  }
}

/// The right to walk the nodes of a frame: it ends when the last output is gone, or walked.
final class StepLease {
  let frame: StepFrame

  init(_ frame: StepFrame) {
    self.frame = frame
    frame.lease = self
  }

  deinit {
    // A walk that goes on lets go of what it has passed by itself.
    if !frame.isGivenAway, ThreadState.current.walkDepth == 0 { frame.empty() }
  }
}

/// Where a graph of the user's enters the nodes of a replay: hands a gradient on.
struct StepExit: TensorOperation {
  let name: String
  let lease: StepLease
  var attributes: [String: Attribute] { [:] }
  var isReplayable: Bool { false }

  func forward(_ inputs: [Tensor]) -> Tensor { inputs[0] }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    // Second derivatives hold nodes whose outputs may be gone.
    if isGradEnabled { lease.frame.giveAway() }
    return [g]
  }
}
