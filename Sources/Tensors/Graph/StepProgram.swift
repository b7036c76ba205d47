/// A captured step: operations, backward passes and what else happens, in order.
final class StepProgram {
  /// An operation with what a replay has to know of it.
  struct Step {
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
    /// The values that nothing reads afterwards.
    var frees: [Int] = []
  }

  /// Something that happens in a step.
  enum Event {
    case step(Step)
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
  private(set) var events: [Event]
  /// The nodes of replays, to be used again.
  var frames: [StepFrame] = []

  init(_ capture: StepCapture) {
    shapes = capture.seen.tensors.map(\.shape)
    dtypes = capture.seen.tensors.map(\.dtype)
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
    events = capture.events.map { event in
      switch event {
      case .operation(let operation, let operands, let results, let isRecorded, let isGradEnabled):
        .step(
          Step(
            call: Self.call(of: operation), name: operation.name,
            isRenewed: operation is any RenewedOperation, operands: operands, results: results,
            isRecorded: isRecorded, isGradEnabled: isGradEnabled,
            given: operands.indices.filter { isGiven.contains(operands[$0]) }))
      case .walk(let root, let gradient, let retainsGraph):
        .walk(root: root, gradient: gradient, retainsGraph: retainsGraph)
      case .store(let value, let place): .store(value: value, place: place)
      case .effect(let body): .effect(body)
      }
    }
    noteLastUses()
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
  private func noteLastUses() {
    var isNeeded = [Bool](repeating: false, count: shapes.count)
    for value in outputs { isNeeded[value] = true }
    for index in events.indices.reversed() {
      switch events[index] {
      case .walk(let root, let gradient, _):
        isNeeded[root] = true
        if let gradient { isNeeded[gradient] = true }
      case .store(let value, _): isNeeded[value] = true
      case .effect: continue
      case .step(var step):
        for value in step.results + step.operands where !isNeeded[value] {
          isNeeded[value] = true
          step.frees.append(value)
        }
        events[index] = .step(step)
      }
    }
  }
}

extension StepProgram.Step {
  var operation: any Operation {
    switch call {
    case .one(let operation): operation
    case .many(let operation): operation
    case .constant(let operation): operation
    }
  }
}
