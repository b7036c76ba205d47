/// A captured step: operations, backward passes and what else happens, in order.
final class StepProgram {
  /// An operation with what a replay has to know of it.
  final class Step {
    enum Call {
      case one(any TensorOperation)
      case many(any TensorsOperation)
      case constant(any ConstantOperation)
    }
    let call: Call
    let name: String
    /// Whether each replay takes another operation, see ``RenewedOperation``.
    let isRenewed: Bool
    let operands: [Int]
    let results: [Int]
    /// Whether it has a node in the graph.
    let isRecorded: Bool
    let isGradEnabled: Bool
    /// Those of the operands whose node differs from call to call.
    let given: [Int]
    /// What its node keeps.
    let saved: SavedPlaces
    /// Its number among the events.
    let place: Int
    /// The values that nothing reads afterwards.
    var frees: [Int] = []

    init(
      call: Call, name: String, isRenewed: Bool, operands: [Int], results: [Int],
      isRecorded: Bool, isGradEnabled: Bool, given: [Int], saved: SavedPlaces, place: Int
    ) {
      (self.call, self.name, self.isRenewed) = (call, name, isRenewed)
      (self.operands, self.results) = (operands, results)
      (self.isRecorded, self.isGradEnabled) = (isRecorded, isGradEnabled)
      (self.given, self.saved, self.place) = (given, saved, place)
    }
  }

  /// Something that happens in a step.
  enum Event {
    case step(Step)
    /// Operations that are computed in one pass; only in ``schedule``.
    case chain(StepChain)
    case walk(root: Int, gradient: Int?, retainsGraph: Bool)
    case store(value: Int, place: any TensorPlace)
    case effect(() -> Void)
  }

  let shapes: [[Int]]
  let dtypes: [DType]
  let inputs: [(value: Int, index: Int)]
  let constants: [(value: Int, tensor: Tensor)]
  let places: [(value: Int, place: any TensorPlace)]
  let outputs: [Int]
  let conditions: [StepCapture.Condition]
  /// What happens, as it was captured.
  let events: [Event]
  /// The same as replays do it: elementwise operations in chains, and with what each may let go of.
  private(set) lazy var schedule = noteLastUses(chained())
  /// The layout of each value.
  let isContiguous: [Bool]
  /// Whether a gradient flows into each value.
  let wantsGradient: [Bool]
  /// How often a chain's gradients were computed in one pass.
  var gradientPassCount = 0
  /// The nodes of replays, to be used again.
  var frames: [StepFrame] = []

  init(_ capture: StepCapture) {
    shapes = capture.seen.tensors.map(\.shape)
    dtypes = capture.seen.tensors.map(\.dtype)
    isContiguous = capture.seen.tensors.map(\.isContiguous)
    wantsGradient = capture.seen.tensors.map { $0.body.autograd != nil }
    var inputs: [(value: Int, index: Int)] = []
    var constants: [(value: Int, tensor: Tensor)] = []
    var places: [(value: Int, place: any TensorPlace)] = []
    for (value, tensor) in capture.seen.tensors.enumerated() {
      switch capture.sources[value] {
      case .input(let index): inputs.append((value, index))
      case .constant: constants.append((value, tensor))
      case .place(let place): places.append((value, place))
      case nil: continue
      }
    }
    (self.inputs, self.constants, self.places) = (inputs, constants, places)
    outputs = capture.outputs
    conditions = capture.conditions
    let isGiven = Set(inputs.map(\.value))
    events = capture.events.enumerated().map { place, event in
      switch event {
      case .operation(
        let operation, let operands, let results, let isRecorded, let isGradEnabled, let saved):
        .step(
          Step(
            call: Self.call(of: operation), name: operation.name,
            isRenewed: operation is any RenewedOperation, operands: operands, results: results,
            isRecorded: isRecorded, isGradEnabled: isGradEnabled,
            given: operands.indices.filter { isGiven.contains(operands[$0]) }, saved: saved,
            place: place))
      case .walk(let root, let gradient, let retainsGraph):
        .walk(root: root, gradient: gradient, retainsGraph: retainsGraph)
      case .store(let value, let place): .store(value: value, place: place)
      case .effect(let body): .effect(body)
      }
    }
  }

  private static func call(of operation: any Operation) -> Step.Call {
    switch operation {
    case let operation as any TensorOperation: .one(operation)
    case let operation as any TensorsOperation: .many(operation)
    case let operation as any ConstantOperation: .constant(operation)
    default: fail(operation.name, "an operation of a step has no forward pass")
    }
  }

  /// Notes after which step each value is needed no more, as eager computation would let go of it.
  private func noteLastUses(_ events: [Event]) -> [Event] {
    var isNeeded = [Bool](repeating: false, count: shapes.count)
    for value in outputs { isNeeded[value] = true }
    for index in events.indices.reversed() {
      switch events[index] {
      case .walk(let root, let gradient, _):
        isNeeded[root] = true
        if let gradient { isNeeded[gradient] = true }
      case .store(let value, _): isNeeded[value] = true
      case .effect: continue
      case .step(let step):
        for value in step.results + step.operands where !isNeeded[value] {
          isNeeded[value] = true
          step.frees.append(value)
        }
      case .chain(let chain):
        for value in chain.inputs + chain.results where !isNeeded[value] {
          isNeeded[value] = true
          chain.frees.append(value)
        }
      }
    }
    return events
  }
}

extension StepProgram.Step {
  /// The values that its node keeps.
  var savedValues: [Int] { saved.operands.map { operands[$0] } + saved.results.map { results[$0] } }

  var operation: any Operation {
    switch call {
    case .one(let operation): operation
    case .many(let operation): operation
    case .constant(let operation): operation
    }
  }
}
