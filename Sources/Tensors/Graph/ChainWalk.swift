/// Takes a chain's gradients in one pass when a backward walk reaches it.
///
/// Each operation of the chain has a node of its own. A walk reaches the operation that was recorded last first, and
/// by then every gradient that enters the chain from outside is complete, since whatever reads a chain's results was
/// recorded after the chain. The gradients of all operations are computed there, and each node hands on its own when
/// its turn comes, so gradients are added up in the order in which eager computation adds them. Where a tracer
/// watches, the walk is itself recorded, or something else is still to flow into the chain, each operation computes
/// its own gradient.
final class ChainWalk {
  private weak var program: StepProgram?
  private let chain: StepChain
  private weak var frame: StepFrame?
  /// By the operations into whose results gradients flow from outside.
  private var passes: [[Bool]: ChainGradient?] = [:]
  /// What is still to be handed on, by walks: several where a gradient walks a graph itself.
  private var waiting: [UInt64: [[Tensor?]?]] = [:]

  init(_ program: StepProgram, _ chain: StepChain, _ frame: StepFrame) {
    (self.program, self.chain, self.frame) = (program, chain, frame)
  }

  /// What the nodes hold in place of the chain's operations; nil for those without a node.
  func operations() -> [(any TensorOperation)?] {
    chain.steps.enumerated().map { number, step in
      guard step.isRecorded, case .one(let operation) = step.call else { return nil }
      return Link(operation, self, number)
    }
  }

  /// An operation of a chain, whose gradient may have been computed with the others'.
  private final class Link: TensorOperation {
    private let operation: any TensorOperation
    private let walk: ChainWalk
    private let number: Int

    init(_ operation: any TensorOperation, _ walk: ChainWalk, _ number: Int) {
      (self.operation, self.walk, self.number) = (operation, walk, number)
    }

    var name: String { operation.name }
    var attributes: [String: Attribute] { operation.attributes }
    var saving: Saving { operation.saving }
    var remaking: Remaking { operation.remaking }
    var precision: PrecisionClass { operation.precision }
    var isReplayable: Bool { operation.isReplayable }
    var readsResultOrInput: Bool { operation.readsResultOrInput }
    func forward(_ inputs: [Tensor]) -> Tensor { operation.forward(inputs) }
    func remade(_ inputs: [Tensor], _ node: Node) -> Tensor { operation.remade(inputs, node) }

    func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
      walk.gradients(of: number, g, node) ?? operation.gradient(g, node)
    }
  }

  /// What flows into an operation's operands; nil where its own gradient is to be taken.
  private func gradients(of number: Int, _ g: Tensor, _ node: Node) -> [Tensor?]? {
    if let own = waiting[node.walk]?[number] {
      waiting[node.walk]?[number] = nil
      if waiting[node.walk]?.allSatisfy({ $0 == nil }) == true { waiting[node.walk] = nil }
      return own
    }
    guard let frame, let program, let nodes = nodes(frame, from: number, node.walk) else {
      return nil
    }
    return compute(g, from: number, node.walk, nodes, frame, program)
  }

  /// The nodes that the walk will come to, where it begins with an operation and has come to all who read the
  /// chain's results; nil elsewhere.
  private func nodes(_ frame: StepFrame, from last: Int, _ walk: UInt64) -> [Node?]? {
    let state = ThreadState.current
    guard !state.isGradEnabled, state.watchers == 0 else { return nil }
    let nodes = chain.steps.map { step -> Node? in
      guard step.isRecorded, let own = frame.nodes[step.place], own.walk == walk else {
        return nil
      }
      return own
    }
    guard nodes.lastIndex(where: { $0 != nil }) == last else { return nil }
    // How many of the chain's operations each waits for.
    var readers = [Int](repeating: 0, count: nodes.count)
    for (reader, step) in zip(nodes, chain.steps) where reader != nil {
      for operand in step.operands { if let maker = chain.makers[operand] { readers[maker] += 1 } }
    }
    for (number, one) in nodes.enumerated() where number != last {
      guard let one else { continue }
      guard one.isNeeded, one.pending == readers[number], one.hooks.isEmpty, one.retained.isEmpty
      else { return nil }
    }
    // Sources are told of one operation's gradient after the other.
    if storagesHaveSources.load(ordering: .relaxed),
      nodes.contains(where: { $0?.keepsSourced ?? false })
    {
      return nil
    }
    return nodes
  }

  private func compute(
    _ g: Tensor, from last: Int, _ walk: UInt64, _ nodes: [Node?], _ frame: StepFrame,
    _ program: StepProgram
  ) -> [Tensor?]? {
    let entering = nodes.indices.map { $0 == last || nodes[$0]?.received[0] != nil }
    if passes[entering] == nil {
      passes[entering] = .some(ChainGradient(program, chain, entering: entering))
    }
    guard let pass = passes[entering] ?? nil else { return nil }
    var received: [Tensor?] = nodes.map { $0?.received.first ?? nil }
    received[last] = g
    var inputs: [Tensor] = []
    for source in pass.sources {
      switch source {
      case .gradient(let number):
        guard let gradient = received[number] else { return nil }
        inputs.append(gradient)
      case .operand(let number, let operand):
        guard let node = nodes[number] else { return nil }
        inputs.append(node.input(operand))
      case .result(let number):
        guard let node = nodes[number] else { return nil }
        inputs.append(node.output())
      case .constant(let tensor): inputs.append(tensor)
      }
    }
    let computed = pass.element(inputs)
    program.gradientPassCount += 1
    var handed: [[Tensor?]?] = pass.outcomes.enumerated().map { number, outcomes in
      guard pass.receiving[number], nodes[number] != nil else { return nil }
      return outcomes.map { outcome in
        switch outcome {
        case nil: nil
        case .gradient(let number): received[number]
        case .computed(let place): computed[place]
        }
      }
    }
    // A node takes its turn only if something has flowed to it. What that is, nobody reads any more.
    for (number, node) in nodes.enumerated() where number != last && handed[number] != nil {
      node?.received[0] = frame.stand(for: chain.steps[number].results[0], program)
    }
    let own = handed[last]
    handed[last] = nil
    if handed.contains(where: { $0 != nil }) { waiting[walk] = handed }
    return own
  }

  /// Lets go of what a walk has left.
  func empty() { waiting = [:] }
}
