/// A differentiable function with a gradient of the user's own (`torch.autograd.Function`).
///
/// ```swift
/// enum Exponential: CustomFunction {
///   static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
///     let y = inputs[0].exp()
///     context.save(y)
///     return [y]
///   }
///   static func backward(_ context: FunctionContext, _ gradients: [Tensor?]) -> [Tensor?] {
///     [gradients[0].map { $0 * context.saved[0] }]
///   }
/// }
/// let y = Exponential.apply(x)[0]
/// ```
///
/// What is no tensor comes by name: `Scaled.apply(x, values: ["scale": 10])` is found in
/// `context.values["scale"]`, in the forward pass and in the gradient.
public protocol CustomFunction {
  /// Computes the outputs; nothing in here is recorded.
  static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor]
  /// The inputs' gradients, one per input, from those of the outputs (nil where none flowed back);
  /// nil stands for zero. Tensor operations in here have derivatives of their own.
  static func backward(_ context: FunctionContext, _ gradients: [Tensor?]) -> [Tensor?]
}

extension CustomFunction {
  /// Calls the function and records it.
  /// - Parameters:
  ///   - inputs: The tensors that `forward` is handed.
  ///   - values: What the context holds beside them (``FunctionContext/values``).
  public static func apply(_ inputs: Tensor..., values: [String: Any] = [:]) -> [Tensor] {
    apply(inputs, values: values)
  }

  /// Calls the function of a list of inputs and records it.
  /// - Parameters:
  ///   - inputs: The tensors that `forward` is handed.
  ///   - values: What the context holds beside them (``FunctionContext/values``).
  public static func apply(_ inputs: [Tensor], values: [String: Any] = [:]) -> [Tensor] {
    let call = CustomCall<Self>(values)
    let results = Tensor.record(call, inputs)
    return Array(results.prefix(call.context.outputCount))
  }
}

/// One call of a user's function. Saved tensors become hidden outputs, so that versions are checked
/// and none keeps the graph.
private struct CustomCall<Function: CustomFunction>: TensorsOperation, RenewedOperation {
  private let values: [String: Any]
  let context: FunctionContext
  var name: String { String(describing: Function.self) }
  var attributes: [String: Attribute] { [:] }
  var saving: Saving { [.inputs, .outputs] }
  /// Each call has a context of its own.
  func pinned() -> CustomCall { CustomCall(values) }
  func renewed() -> CustomCall { CustomCall(values) }
  /// Values of a call may be others at the next one, which nobody could see.
  var isReplayable: Bool { values.isEmpty }

  init(_ values: [String: Any]) {
    self.values = values
    context = FunctionContext()
    context.values = values
  }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let outputs = noGrad { Function.forward(context, inputs) }
    return outputs + context.place(inputs: inputs, outputs: outputs)
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    context.node = node
    defer { context.node = nil }
    return Function.backward(context, Array(gradients.prefix(context.outputCount)))
  }
}

/// What a ``CustomFunction`` hands from its forward pass to its gradient.
public final class FunctionContext {
  /// Values that are not tensors, by any name: those of the call, and what the forward pass adds.
  public var values: [String: Any] = [:]

  fileprivate weak var node: Node?
  fileprivate private(set) var outputCount = 0
  private var kept: [Tensor] = []

  private enum Place {
    case input(Int)
    case output(Int)
  }
  private var places: [Place] = []

  /// Keeps tensors for the gradient (`save_for_backward`): inputs, outputs, or any other.
  public func save(_ tensors: Tensor...) { kept += tensors }

  /// The kept tensors, inside the gradient.
  public var saved: [Tensor] {
    guard let node else {
      fail("FunctionContext.saved", "saved tensors can be read only inside backward")
    }
    return places.map { place in
      switch place {
      case .input(let index): node.input(index)
      case .output(let index): node.output(index)
      }
    }
  }

  /// Notes where each kept tensor stands among inputs and outputs, and returns those that are
  /// neither.
  fileprivate func place(inputs: [Tensor], outputs: [Tensor]) -> [Tensor] {
    outputCount = outputs.count
    var hidden: [Tensor] = []
    places = kept.map { tensor in
      if let index = inputs.firstIndex(where: { $0.body === tensor.body }) { return .input(index) }
      if let index = outputs.firstIndex(where: { $0.body === tensor.body }) {
        return .output(index)
      }
      hidden.append(tensor.bare)
      return .output(outputs.count + hidden.count - 1)
    }
    kept = []
    return hidden
  }
}
