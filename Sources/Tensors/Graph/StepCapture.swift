import Foundation

/// Collects a step while its function runs.
final class StepCapture {
  /// Where a value comes from that no operation of the step computes.
  enum Source {
    case input(Int)
    case constant
    case place(any TensorPlace)
  }

  /// Something that happens in a step.
  enum Event {
    case operation(
      any Operation, operands: [Int], results: [Int], isRecorded: Bool, isGradEnabled: Bool,
      saved: SavedPlaces)
    case walk(root: Int, gradient: Int?, retainsGraph: Bool)
    case store(value: Int, place: any TensorPlace)
    case effect(() -> Void)
  }

  /// What must hold for the step to be what the function computes.
  struct Condition {
    let what: String
    let holds: () -> Bool
  }

  /// Why a step cannot be replayed.
  struct Refusal {
    let reason: String
    /// Whether it will be so again whatever changes.
    let isLasting: Bool
    let origin: Origin?
  }

  private(set) var seen = CapturedValues()
  private(set) var sources: [Int: Source] = [:]
  private(set) var events: [Event] = []
  /// Where the event happened that was asked for.
  private(set) var origin: Origin?
  private(set) var conditions: [Condition] = []
  private(set) var outputs: [Int] = []
  private(set) var refusal: Refusal?
  private let wanted: Int?
  private var known: Set<ConditionKey> = []
  /// The values that other inputs or another time may make others.
  private var derived: Set<Int> = []
  /// The memory of what operations computed.
  private var computed: Set<ObjectIdentifier> = []
  private var leaves: Set<ObjectIdentifier> = []
  private var versions: [UInt32] = []

  private struct ConditionKey: Hashable {
    let object: ObjectIdentifier
    let kind: String
  }

  /// Operations whose results have as many elements as values say.
  private static let sizedByValues: Set<String> = [
    "nonzero", "masked_select", "unique", "unique_consecutive",
  ]

  init(_ inputs: [Tensor], originOf wanted: Int?) {
    self.wanted = wanted
    for (index, input) in inputs.enumerated() where seen.number(of: input) == nil {
      let value = add(input)
      sources[value] = .input(index)
      derived.insert(value)
    }
  }

  /// Runs a function and collects what it does.
  /// - Parameter wanted: The number of an event of which the place is to be noted.
  static func run<Output, E: Error>(
    _ inputs: [Tensor], originOf wanted: Int? = nil, tensors: (Output) -> [Tensor],
    _ body: () throws(E) -> Output
  ) throws(E) -> (output: Output, capture: StepCapture) {
    let capture = StepCapture(inputs, originOf: wanted)
    let state = ThreadState.current
    let outer = current
    let region = state.autocast
    // Parameters that were cast before the step would be constants of it.
    let own = region.map { Autocast($0.dtype, $0.lists, cache: CastCache(), caches: $0.caches) }
    state.autocast = own
    current = capture
    state.watchers |= Watchers.capture
    defer {
      withExtendedLifetime(own) { state.autocast = region }
      current = outer
      if outer == nil { state.watchers &= ~Watchers.capture }
    }
    let output = try Tracer(read: capture.noteRead, capture.note).watching(body)
    capture.finish(tensors(output))
    return (output, capture)
  }

  private static let key = "torus.capture"

  static var current: StepCapture? {
    get { Thread.current.threadDictionary[key] as? StepCapture }
    set { Thread.current.threadDictionary[key] = newValue }
  }

  private var isWalking: Bool { ThreadState.current.walkDepth > 0 }
}

/// What it is told.
extension StepCapture {
  func note(_ operation: ComputedOperation) {
    if isWalking { return }
    let original = operation.original
    if !original.isReplayable {
      refuse("\(original.name) holds a function, which may hold tensors of this call")
    } else if Self.sizedByValues.contains(original.name) {
      refuse("the size of what \(original.name) computes depends on values")
    }
    let operands = operation.inputs.map(number)
    let isRecorded =
      operation.outputs.contains { $0.body.autograd != nil } && isGradEnabled
      && !(original is any ConstantOperation)
    let results = operation.outputs.map(add)
    for output in operation.outputs { computed.insert(ObjectIdentifier(output.storage)) }
    if original is any RenewedOperation || !derived.isDisjoint(with: operands) {
      derived.formUnion(results)
    }
    let node = isRecorded ? operation.outputs.first { $0.body.autograd != nil } : nil
    append(
      .operation(
        original, operands: operands, results: results, isRecorded: isRecorded,
        isGradEnabled: isGradEnabled,
        saved: node?.body.autograd?.edge.node.saved ?? SavedPlaces()))
  }

  func noteRead(_ tensor: Tensor) {
    if isWalking { return }
    let number = seen.number(of: tensor) ?? seen.numberOfPlace(of: tensor)
    let depends = number.map(derived.contains) ?? false
    if depends || tensor.requiresGrad || tensor.storage.label != nil {
      refuse(
        "the function looks at values that differ from call to call (item(), array(), printing)")
    }
  }

  func noteRead(of tensor: Tensor, from place: any TensorPlace) {
    if let number = seen.number(of: tensor) {
      if case .input? = sources[number] {
        refuse("an input is also held by a buffer that the function reads")
      }
      return
    }
    let value = add(tensor)
    sources[value] = .place(place)
    derived.insert(value)
    let (shape, strides, dtype) = (tensor.shape, tensor.strides, tensor.dtype)
    noteCondition(place, "a buffer's shape or dtype") {
      let held = place.held
      return held.shape == shape && held.strides == strides && held.dtype == dtype
    }
  }

  func noteWrite(of tensor: Tensor, to place: any TensorPlace) {
    append(.store(value: number(tensor), place: place))
  }

  func noteLeaf(_ tensor: Tensor) { leaves.insert(ObjectIdentifier(tensor.body)) }

  func noteCondition(_ object: AnyObject, _ kind: String, _ holds: @escaping () -> Bool) {
    guard known.insert(ConditionKey(object: ObjectIdentifier(object), kind: kind)).inserted else {
      return
    }
    conditions.append(Condition(what: kind, holds: holds))
  }

  func noteWalk(
    _ root: Tensor, _ gradient: Tensor?, _ retainGraph: Bool, _ createGraph: Bool
  ) {
    if createGraph { refuse("backward(createGraph: true) is called inside the function") }
    append(
      .walk(root: number(root), gradient: gradient.map(number), retainsGraph: retainGraph))
  }

  func noteEffect(_ body: @escaping () -> Void) {
    append(.effect(body))
    // What it writes in place, it writes again at each replay.
    versions = seen.tensors.map(\.storage.version)
  }

  func refuse(_ reason: String, isLasting: Bool = true) {
    if refusal != nil { return }
    refusal = Refusal(reason: reason, isLasting: isLasting, origin: Origin())
  }

  private func append(_ event: Event) {
    if events.count == wanted { origin = Origin() }
    events.append(event)
  }

  private func finish(_ tensors: [Tensor]) {
    outputs = tensors.map(number)
    for (tensor, version) in zip(seen.tensors, versions) where tensor.storage.version != version {
      let who = tensor.storage.label.map { "\"\($0)\"" } ?? "a tensor of \(tensor.shape)"
      refuse("\(who) is written in place inside the function")
    }
  }

  private func add(_ tensor: Tensor) -> Int {
    versions.append(tensor.storage.version)
    return seen.add(tensor)
  }

  /// The number of a tensor that something reads: one that is known, the same memory outside of the
  /// autograd graph, or a constant.
  private func number(_ tensor: Tensor) -> Int {
    if let known = seen.number(of: tensor) { return known }
    if let source = seen.numberOfPlace(of: tensor) {
      if tensor.requiresGrad {
        refuse("a tensor of \(tensor.shape) is made a leaf inside the function (requiresGrad)")
      }
      let value = add(tensor)
      if derived.contains(source) { derived.insert(value) }
      append(
        .operation(
          Detach(), operands: [source], results: [value], isRecorded: false,
          isGradEnabled: isGradEnabled, saved: SavedPlaces()))
      return value
    }
    if computed.contains(ObjectIdentifier(tensor.storage)) {
      refuse("a tensor of \(tensor.shape) shares memory with what the function computes, unseen")
    }
    if tensor.requiresGrad, !tensor.isLeaf {
      refuse("a tensor of \(tensor.shape) with a graph of its own is no input: pass it as one")
    }
    let value = add(tensor)
    sources[value] = .constant
    if leaves.contains(ObjectIdentifier(tensor.body)) || tensor.requiresGrad {
      derived.insert(value)
    }
    return value
  }
}
