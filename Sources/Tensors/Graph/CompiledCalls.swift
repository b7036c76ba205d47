import Base

/// The captured forms of one function, and whether a call runs it or replays one of them.
///
/// The first call of a kind runs the function and captures it. So does the second, and the two are
/// compared: what differs (a number that the function took from a variable) cannot be replayed, and the third
/// call finds out where it is computed. Otherwise later calls replay. What cannot be captured is computed by the function itself from then on, which standard error
/// is told once.
package final class CompiledCalls<Output> {
  /// How calls take tensors from the function's result and put others in their place.
  package struct Parts {
    package let tensors: (Output) -> [Tensor]
    package let rest: (Output) -> String
    package let replacing: (Output, [Tensor]) -> Output

    package init(
      tensors: @escaping (Output) -> [Tensor], rest: @escaping (Output) -> String,
      replacing: @escaping (Output, [Tensor]) -> Output
    ) {
      (self.tensors, self.rest, self.replacing) = (tensors, rest, replacing)
    }
  }

  /// How often a call was of a kind that had not been captured.
  package private(set) var captureCount = 0
  /// How many calls were replayed.
  package private(set) var replayCount = 0
  /// Why the function is computed eagerly for good; nil where it is not.
  package private(set) var fallback: String?
  /// The operations that replays compute in one pass, chain by chain, kind by kind.
  package var chains: [[String]] {
    entries.flatMap { entry in
      guard case .ready(let program, _) = entry.phase else { return [[String]]() }
      return program.schedule.compactMap { event in
        guard case .chain(let chain) = event else { return nil }
        return chain.steps.map(\.name)
      }
    }
  }
  /// How often walks have computed a chain's gradients in one pass.
  package var gradientPassCount: Int {
    entries.reduce(0) { sum, entry in
      guard case .ready(let program, _) = entry.phase else { return sum }
      return sum + program.gradientPassCount
    }
  }
  private let limit: Int
  private let parts: Parts
  private var entries: [Entry] = []

  /// A kind of call.
  private final class Entry {
    enum Phase {
      case captured(StepProgram, rest: String)
      case differs(StepProgram.Difference)
      case ready(StepProgram, Output)
      /// Computed eagerly as long as the kind stays what it is.
      case eager
    }
    let kind: CallKind
    var phase: Phase
    var conditions: [StepCapture.Condition]

    init(_ kind: CallKind, _ phase: Phase, _ conditions: [StepCapture.Condition]) {
      (self.kind, self.phase, self.conditions) = (kind, phase, conditions)
    }
  }

  /// - Parameters:
  ///   - limit: How many kinds of calls are captured before the function is computed eagerly for good.
  package init(limit: Int, parts: Parts) {
    require(limit > 0, "compile", "at least one capture must be allowed, not \(limit)")
    (self.limit, self.parts) = (limit, parts)
  }

  /// Calls the function, or does what it would.
  /// - Parameters:
  ///   - inputs: The tensors among the arguments.
  ///   - rest: What the other arguments are, as text.
  ///   - body: The function of these arguments.
  package func call<E: Error>(
    _ inputs: [Tensor], rest: String, _ body: () throws(E) -> Output
  ) throws(E) -> Output {
    let state = ThreadState.current
    // Whoever watches wants to see the function, and nodes that are being walked stay as they are.
    guard fallback == nil, state.watchers & ~Watchers.autocast == 0, state.walkDepth == 0 else {
      return try body()
    }
    let kind = CallKind(inputs, rest: rest)
    for entry in entries where entry.kind.isSame(as: kind) {
      guard entry.conditions.allSatisfy({ $0.holds() }) else { continue }
      switch entry.phase {
      case .ready(let program, let template):
        replayCount += 1
        return parts.replacing(template, program.replay(inputs))
      case .captured(let program, let rest):
        return try settle(entry, program, rest, inputs, body)
      case .differs(let difference): return try locate(difference, inputs, body)
      case .eager: return try body()
      }
    }
    return try begin(kind, inputs, body)
  }

  /// The first call of a kind.
  private func begin<E: Error>(
    _ kind: CallKind, _ inputs: [Tensor], _ body: () throws(E) -> Output
  ) throws(E) -> Output {
    guard captureCount < limit else {
      fallBack("\(limit) kinds of calls were captured, and this one is new: \(news(of: kind))", nil)
      return try body()
    }
    let (output, capture) = try StepCapture.run(
      inputs, tensors: parts.tensors, body)
    captureCount += 1
    if !refuses(capture, kind, nil) {
      let program = StepProgram(capture)
      entries.append(
        Entry(kind, .captured(program, rest: parts.rest(output)), program.conditions))
    }
    return output
  }

  /// The second call of a kind.
  private func settle<E: Error>(
    _ entry: Entry, _ earlier: StepProgram, _ rest: String, _ inputs: [Tensor],
    _ body: () throws(E) -> Output
  ) throws(E) -> Output {
    let (output, capture) = try StepCapture.run(
      inputs, tensors: parts.tensors, body)
    if refuses(capture, entry.kind, entry) { return output }
    let program = StepProgram(capture)
    if let difference = program.difference(from: earlier) {
      entry.phase = .differs(difference)
    } else if parts.rest(output) != rest {
      fallBack("what it returns beside tensors differs from call to call", nil)
    } else {
      // What stands for the outputs keeps no graph.
      let template = parts.replacing(output, parts.tensors(output).map { _ in Tensor.empty([0]) })
      entry.phase = .ready(program, template)
      entry.conditions = program.conditions
    }
    return output
  }

  /// The third call of a kind whose first two differ: finds the place, for the message.
  private func locate<E: Error>(
    _ difference: StepProgram.Difference, _ inputs: [Tensor], _ body: () throws(E) -> Output
  ) throws(E) -> Output {
    let (output, capture) = try StepCapture.run(
      inputs, originOf: difference.event, tensors: parts.tensors, body)
    fallBack(difference.what, capture.origin)
    return output
  }

  /// Whether a capture cannot be replayed.
  private func refuses(_ capture: StepCapture, _ kind: CallKind, _ entry: Entry?) -> Bool {
    guard let refusal = capture.refusal else { return false }
    if refusal.isLasting {
      fallBack(refusal.reason, refusal.origin)
    } else {
      CompileNotice.tell("calls of this kind are computed eagerly", refusal.reason, refusal.origin)
      if let entry {
        entry.phase = .eager
      } else {
        entries.append(Entry(kind, .eager, capture.conditions))
      }
    }
    return true
  }

  private func fallBack(_ reason: String, _ origin: Origin?) {
    fallback = CompileNotice.tell("the function is computed eagerly from now on", reason, origin)
    entries = []
  }

  /// What is new about a call.
  private func news(of kind: CallKind) -> String {
    guard let last = entries.last else { return "nothing could be captured" }
    if let news = kind.difference(from: last.kind) { return news }
    return last.conditions.first { !$0.holds() }.map { "\($0.what) has changed" }
      ?? "all is as before"
  }
}

/// What standard error is told of functions that are not replayed.
enum CompileNotice {
  @discardableResult
  static func tell(_ what: String, _ reason: String, _ origin: Origin?) -> String {
    let place =
      Failure.placesFallbacks ? origin.flatMap { $0.places(outside: Failure.rooms).first } : nil
    let text = reason + (place.map { ", in \($0)" } ?? "")
    StandardStream.error.print("\(Failure.prefix)compile: \(what): \(text)")
    return text
  }
}

/// What calls must share to share a capture.
struct CallKind {
  /// What a capture takes for granted of an input.
  private struct Input: Equatable {
    let shape: [Int]
    let strides: [Int]
    let dtype: DType
    let requiresGrad: Bool
    /// The first input that is the same tensor.
    let first: Int
  }
  private let inputs: [Input]
  private let rest: String
  private let isGradEnabled: Bool
  private let region: String

  init(_ tensors: [Tensor], rest: String) {
    inputs = tensors.enumerated().map { index, tensor in
      Input(
        shape: tensor.shape, strides: tensor.strides, dtype: tensor.dtype,
        requiresGrad: tensor.requiresGrad,
        first: tensors.firstIndex { $0.body === tensor.body } ?? index)
    }
    self.rest = rest
    isGradEnabled = Tensors.isGradEnabled
    region =
      Autocast.isOn
      ? Autocast.current.map { "\($0.dtype) \($0.lists) \($0.caches)" } ?? "" : ""
  }

  func isSame(as other: CallKind) -> Bool { difference(from: other) == nil }

  /// What this kind has that another has not, in words.
  func difference(from other: CallKind) -> String? {
    if inputs.count != other.inputs.count {
      return "\(inputs.count) input tensors in place of \(other.inputs.count)"
    }
    for index in inputs.indices where inputs[index] != other.inputs[index] {
      let (own, its) = (inputs[index], other.inputs[index])
      return own.shape != its.shape || own.dtype != its.dtype
        ? "input \(index) is \(own.dtype)\(own.shape), not \(its.dtype)\(its.shape)"
        : "input \(index) has other strides, requires a gradient otherwise, or is another input, too"
    }
    if rest != other.rest { return "an argument that is no tensor has changed" }
    if isGradEnabled != other.isGradEnabled { return "recording of gradients has changed" }
    if region != other.region { return "the region of mixed precision has changed" }
    return nil
  }
}
