/// Elementwise operations of a step that replays compute in one pass, with the nodes that they have one by one.
final class StepChain {
  /// In the order in which they were captured.
  let steps: [StepProgram.Step]
  /// The values that the chain reads.
  let inputs: [Int]
  let element: ElementChain
  /// The values that nothing reads afterwards.
  var frees: [Int] = []

  /// The number of the step that computes a value.
  let makers: [Int: Int]

  init(_ steps: [StepProgram.Step], _ inputs: [Int], _ element: ElementChain) {
    (self.steps, self.inputs, self.element) = (steps, inputs, element)
    var makers: [Int: Int] = [:]
    for (number, step) in steps.enumerated() { makers[step.results[0]] = number }
    self.makers = makers
  }

  /// What the steps compute.
  var results: [Int] { steps.map { $0.results[0] } }
}

/// Gathers elementwise operations of one shape.
///
/// A chain grows until something outside reads one of its results. Operations in between that do not read it run
/// before it, so a chain runs where its last operation stood, or later. Nodes keep their numbers in the order of
/// recording.
extension StepProgram {
  /// The events, with chains in place of the operations that they compute.
  func chained() -> [Event] {
    let reads = readCounts()
    var result: [Event] = []
    var open: [OpenChain] = []
    func close(_ chains: [OpenChain]) {
      for chain in chains { result += event(of: chain, reads) }
      open.removeAll { one in chains.contains { $0 === one } }
    }
    for event in events {
      guard case .step(let step) = event else {
        close(open)
        result.append(event)
        continue
      }
      let element = elementwise(step)
      let own = element == nil ? nil : open.first { $0.shape == shapes[step.results[0]] }
      close(open.filter { $0 !== own && !$0.results.isDisjoint(with: step.operands) })
      guard element != nil else {
        result.append(event)
        continue
      }
      if let own, own.takes(step) { continue }
      if let own { close([own]) }
      let chain = OpenChain(shapes[step.results[0]])
      if chain.takes(step) { open.append(chain) } else { result.append(event) }
    }
    close(open)
    return result
  }

  /// A chain that may take up more.
  private final class OpenChain {
    let shape: [Int]
    private(set) var steps: [Step] = []
    private(set) var inputs: [Int] = []
    private(set) var results: Set<Int> = []

    init(_ shape: [Int]) { self.shape = shape }

    /// Takes up an operation where there is room for it.
    func takes(_ step: Step) -> Bool {
      var inputs = inputs
      for operand in step.operands where !results.contains(operand) && !inputs.contains(operand) {
        inputs.append(operand)
      }
      guard inputs.count + steps.count + 1 <= ElementChain.limit else { return false }
      self.inputs = inputs
      steps.append(step)
      results.insert(step.results[0])
      return true
    }
  }

  /// The kernel of an operation that chains take up.
  func elementwise(_ step: Step) -> ElementKernel? {
    guard let operation = step.operation as? any ElementwiseOperation, !step.isRenewed,
      step.results.count == 1, isContiguous[step.results[0]],
      !shapes[step.results[0]].contains(0), let last = step.operands.last,
      ElementChain.takes(operation.element, of: dtypes[last])
    else { return nil }
    return operation.element
  }

  /// What replays do for a chain that takes up no more.
  private func event(of chain: OpenChain, _ reads: [Int]) -> [Event] {
    if chain.steps.count == 1 { return [.step(chain.steps[0])] }
    var inside = [Int: Int]()
    for operand in chain.steps.flatMap(\.operands) { inside[operand, default: 0] += 1 }
    let saved = Set(chain.steps.flatMap(\.savedValues))
    var places = [Int: Int]()
    for (place, input) in chain.inputs.enumerated() { places[input] = place }
    var steps: [ElementChain.Step] = []
    for step in chain.steps {
      guard let kernel = elementwise(step) else { return chain.steps.map { .step($0) } }
      let result = step.results[0]
      steps.append(
        ElementChain.Step(
          kernel: kernel, dtype: dtypes[step.operands[step.operands.count - 1]],
          operands: step.operands.compactMap { places[$0] }, result: dtypes[result],
          isKept: saved.contains(result) || reads[result] > inside[result, default: 0]
            || reads[result] == 0))
      places[result] = chain.inputs.count + steps.count - 1
    }
    let element = ElementChain(chain.shape, inputs: chain.inputs.map { dtypes[$0] }, steps)
    return [.chain(StepChain(chain.steps, chain.inputs, element))]
  }

  /// How often each value is read.
  private func readCounts() -> [Int] {
    var reads = [Int](repeating: 0, count: shapes.count)
    for value in outputs { reads[value] += 1 }
    for event in events {
      switch event {
      case .step(let step): for value in step.operands { reads[value] += 1 }
      case .walk(let root, let gradient, _):
        reads[root] += 1
        if let gradient { reads[gradient] += 1 }
      case .store(let value, _): reads[value] += 1
      case .effect, .chain: continue
      }
    }
    return reads
  }
}
