/// The gradients of a chain's operations as one pass over memory: what its operations' own gradients compute, and
/// what they read that nobody kept, computed again on the way.
///
/// The formulas are run once, on tensors of one element, under watch. What they compute element by element is put
/// together; sums of gradients are added up in the order of a walk, so that the bits are those of the operations one by one.
final class ChainGradient {
  /// What one pass reads from outside.
  enum Source {
    /// The gradient of an operation's result, as those have left it who read the result outside of the chain.
    case gradient(Int)
    /// A value that an operation's node keeps.
    case operand(of: Int, Int)
    case result(of: Int)
    case constant(Tensor)
  }

  /// The gradient of an operand that comes from outside of the chain.
  enum Outcome {
    /// The same that flows into an operation's result.
    case gradient(Int)
    /// What the pass computes in a place.
    case computed(Int)
  }

  /// In the order in which ``element`` takes them.
  private(set) var sources: [Source] = []
  /// For each operation, by its number in the chain, what flows into its operands from outside.
  private(set) var outcomes: [[Outcome?]]
  /// The operations into whose results a gradient flows.
  private(set) var receiving: [Bool]
  private(set) var element: ElementChain

  /// A number in the making.
  private enum Part: Hashable {
    case gradient(Int)
    case value(Int)
    case constant(Int)
    case computed(Int)
  }

  /// One operation of the pass in the making.
  private struct Made {
    let kernel: ElementKernel
    let dtype: DType
    let operands: [Part]
    let result: DType
  }

  /// - Parameter entering: The operations into whose results a gradient flows from outside of the chain.
  /// - Returns: Nil where the gradients are not of the kind that is computed element by element, or need more
  ///   than one pass holds.
  init?(_ program: StepProgram, _ chain: StepChain, entering: [Bool]) {
    let (steps, makers) = (chain.steps, chain.makers)
    guard let rehearsal = Rehearsal(program, chain) else { return nil }

    // Gradients flow from the last operation to the first.
    var flowing: [Part?] = entering.indices.map { entering[$0] ? .gradient($0) : nil }
    var wanted: [[Part?]] = steps.map { [Part?](repeating: nil, count: $0.operands.count) }
    receiving = entering
    for (number, step) in steps.enumerated().reversed() {
      guard step.isRecorded, let gradient = flowing[number] else { continue }
      receiving[number] = true
      guard let parts = rehearsal.gradients(of: number, flowing: gradient) else { return nil }
      for (place, part) in parts.enumerated() where program.wantsGradient[step.operands[place]] {
        guard let part else { continue }
        if let maker = makers[step.operands[place]] {
          flowing[maker] = flowing[maker].map { rehearsal.sum($0, part, flowing: maker) } ?? part
        } else {
          wanted[number][place] = part
        }
      }
    }
    let made = rehearsal.made

    // What is wanted, and what that is made of.
    var recomputed = Set<Int>()
    var needed = Set<Part>()
    var open: [Part] = wanted.flatMap { $0 }.compactMap { $0 }
    var kept: [Int: (step: Int, operand: Int?)] = [:]
    for (number, step) in steps.enumerated() where receiving[number] {
      for operand in step.saved.operands { kept[step.operands[operand]] = (number, operand) }
      if !step.saved.results.isEmpty { kept[step.results[0]] = (number, nil) }
    }
    while let part = open.popLast() {
      guard needed.insert(part).inserted else { continue }
      switch part {
      case .computed(let index): open += made[index].operands
      case .value(let value) where kept[value] == nil:
        guard let maker = makers[value] else { return nil }
        recomputed.insert(maker)
        open += steps[maker].operands.map { .value($0) }
      case .value, .gradient, .constant: continue
      }
    }

    // The order of the pass: inputs, results computed again, gradients.
    var places: [Part: Int] = [:]
    var dtypes: [DType] = []
    for part in needed.sorted(by: Self.precedes) {
      switch part {
      case .computed: continue
      case .gradient(let number):
        sources.append(.gradient(number))
        dtypes.append(program.dtypes[steps[number].results[0]])
      case .constant(let index):
        sources.append(.constant(rehearsal.constants[index]))
        dtypes.append(rehearsal.constants[index].dtype)
      case .value(let value):
        guard let (step, operand) = kept[value] else { continue }
        sources.append(operand.map { .operand(of: step, $0) } ?? .result(of: step))
        dtypes.append(program.dtypes[value])
      }
      places[part] = sources.count - 1
    }
    var list: [ElementChain.Step] = []
    for number in recomputed.sorted() {
      guard let kernel = program.elementwise(steps[number]) else { return nil }
      let step = steps[number]
      places[.value(step.results[0])] = sources.count + list.count
      list.append(
        ElementChain.Step(
          kernel: kernel, dtype: program.dtypes[step.operands[step.operands.count - 1]],
          operands: step.operands.compactMap { places[.value($0)] },
          result: program.dtypes[step.results[0]], isKept: false))
    }
    let handedOut = Set(wanted.flatMap { $0 }.compactMap { $0 })
    var results: [Part: Int] = [:]
    for (index, one) in made.enumerated() where needed.contains(.computed(index)) {
      places[.computed(index)] = sources.count + list.count
      results[.computed(index)] = list.count
      list.append(
        ElementChain.Step(
          kernel: one.kernel, dtype: one.dtype, operands: one.operands.compactMap { places[$0] },
          result: one.result, isKept: handedOut.contains(.computed(index))))
    }
    guard sources.count + list.count <= ElementChain.limit, !results.isEmpty else { return nil }
    var outcomes: [[Outcome?]] = []
    for parts in wanted {
      var row: [Outcome?] = []
      for part in parts {
        switch part {
        case nil: row.append(nil)
        case .gradient(let number): row.append(.gradient(number))
        case .computed(let index):
          guard let place = results[.computed(index)] else { return nil }
          row.append(.computed(place))
        // A value or a constant that is itself the gradient has other strides than what eager computation gives.
        case .value, .constant: return nil
        }
      }
      outcomes.append(row)
    }
    self.outcomes = outcomes
    element = ElementChain(
      program.shapes[steps[0].results[0]], inputs: dtypes, list)
  }

  /// Any order that is the same each time.
  private static func precedes(_ a: Part, _ b: Part) -> Bool {
    func key(_ part: Part) -> (Int, Int) {
      switch part {
      case .gradient(let number): (0, number)
      case .value(let value): (1, value)
      case .constant(let index): (2, index)
      case .computed(let index): (3, index)
      }
    }
    return key(a) < key(b)
  }

  /// The operations' gradients, run on tensors of one element, which stand for the values.
  private final class Rehearsal {
    private(set) var made: [Made] = []
    private(set) var constants: [Tensor] = []
    private var nodes: [Node?] = []
    private let dtypes: [DType]
    private let steps: [StepProgram.Step]
    private let values: [DType]
    private var parts: [ObjectIdentifier: Part] = [:]
    /// Kept, so that no other memory takes an identity that stands for one of them.
    private var tensors: [Tensor] = []

    init?(_ program: StepProgram, _ chain: StepChain) {
      steps = chain.steps
      values = program.dtypes
      dtypes = steps.map { program.dtypes[$0.results[0]] }
      var symbols: [Int: Tensor] = [:]
      for value in chain.inputs + chain.results {
        // As many dimensions, so that results broadcast as they do.
        let symbol = Tensor.uninitialized(
          program.shapes[value].map { _ in 1 }, program.dtypes[value])
        if program.wantsGradient[value] {
          symbol.body.autograd = AutogradMeta(leaf: TensorMeta(symbol))
        }
        symbols[value] = symbol
        note(symbol, .value(value))
      }
      keepingResults {
        for step in steps {
          guard step.isRecorded, case .one(let operation) = step.call,
            let result = symbols[step.results[0]]
          else {
            nodes.append(nil)
            continue
          }
          let operands = step.operands.compactMap { symbols[$0] }
          nodes.append(Tensor.makeNode(operation, operands, result))
        }
      }
      for (number, step) in steps.enumerated() {
        guard step.isRecorded else { continue }
        let symbol = Tensor.uninitialized(
          program.shapes[step.results[0]].map { _ in 1 }, dtypes[number])
        gradients.append((number, symbol))
      }
    }

    private var gradients: [(number: Int, symbol: Tensor)] = []

    private func note(_ tensor: Tensor, _ part: Part) {
      parts[ObjectIdentifier(tensor.storage)] = part
      tensors.append(tensor)
    }

    /// The gradients of an operation's operands, from that of its result; nil where one is not of the kind.
    func gradients(of number: Int, flowing gradient: Part) -> [Part?]? {
      guard let node = nodes[number], case .one(let operation) = steps[number].call,
        let symbol = gradients.first(where: { $0.number == number })?.symbol
      else { return nil }
      note(symbol, gradient)
      var isElementwise = true
      let results = Tracer { computed in
        if !self.take(computed) { isElementwise = false }
      }.watching {
        noGrad { operation.gradient(symbol, node) }
      }
      guard isElementwise, results.count == steps[number].operands.count else { return nil }
      var own: [Part?] = []
      for (place, result) in results.enumerated() {
        guard let result else {
          own.append(nil)
          continue
        }
        guard result.dtype == values[steps[number].operands[place]], result.count == 1 else {
          return nil
        }
        own.append(part(of: result))
      }
      return own
    }

    /// Adds two gradients of a result.
    func sum(_ a: Part, _ b: Part, flowing number: Int) -> Part {
      made.append(
        Made(
          kernel: .binary(.add, 1), dtype: dtypes[number], operands: [a, b], result: dtypes[number])
      )
      return .computed(made.count - 1)
    }

    /// Notes an operation that a gradient computes; false where it is not of the kind.
    private func take(_ computed: ComputedOperation) -> Bool {
      guard let operation = computed.original as? any ElementwiseOperation,
        computed.outputs.count == 1, let last = computed.inputs.last,
        ElementChain.takes(operation.element, of: last.dtype), computed.outputs[0].count == 1
      else { return false }
      made.append(
        Made(
          kernel: operation.element, dtype: last.dtype, operands: computed.inputs.map(part),
          result: computed.outputs[0].dtype))
      note(computed.outputs[0], .computed(made.count - 1))
      return true
    }

    /// What a tensor stands for; one that is not known holds a number that the formula names.
    private func part(of tensor: Tensor) -> Part {
      if let part = parts[ObjectIdentifier(tensor.storage)] { return part }
      constants.append(tensor.bare)
      note(tensor, .constant(constants.count - 1))
      return .constant(constants.count - 1)
    }
  }
}
