/// Computes a function without keeping what its gradient reads, and computes it once more when the
/// gradient is due (`torch.utils.checkpoint.checkpoint`): less memory for about a third more time.
///
/// ```swift
/// let states = checkpoint([x], parameters: block.parameters().map(\\.value)) { block($0[0]) }
/// ```
///
/// Random draws from the thread's generator are those of the first time, and so is the region of mixed
/// precision, so that results and gradients have the same bits as without. Gradients reach every leaf
/// once, in the walk that asked for them. Where no gradient is recorded this is a call of `body`.
/// - Parameters:
///   - inputs: The tensors that the function is called with.
///   - parameters: The leaves that the function reads besides: gradients reach these alone.
///   - body: The function of the inputs. It must compute the same when it is called again.
/// - Returns: The function's result.
public func checkpoint(
  _ inputs: [Tensor], parameters: [Tensor] = [], _ body: @escaping ([Tensor]) -> Tensor
) -> Tensor {
  let trained = parameters.filter(\.requiresGrad)
  guard isGradEnabled, inputs.contains(where: \.requiresGrad) || !trained.isEmpty else {
    return body(inputs)
  }
  return Tensor.record(
    Checkpoint(inputCount: inputs.count, body: body, generator: Generator.default.copy()),
    inputs + trained)
}

/// A function that is computed anew for its gradient.
private struct Checkpoint: TensorOperation {
  /// How many of the operands are inputs; the others are leaves that the function reads by itself.
  let inputCount: Int
  let body: ([Tensor]) -> Tensor
  /// Where the random draws begin.
  let generator: Generator
  /// The region of mixed precision in which the function was called.
  let region = Autocast.isOn ? Autocast.current : nil

  var name: String { "checkpoint" }
  var saving: Saving { .inputs }
  var isReplayable: Bool { false }

  func forward(_ inputs: [Tensor]) -> Tensor {
    noGrad { inRegion { body(Array(inputs.prefix(inputCount))) } }
  }

  func gradient(_ gradient: Tensor, _ node: Node) -> [Tensor?] {
    let recordsWalk = isGradEnabled
    let wanted = (0..<node.inputCount).map { node.edge($0) != nil }
    var operands = (0..<node.inputCount).map { node.attachedInput($0) }
    if !recordsWalk {
      // The walk's own graph ends here; leaves are themselves, since the function reads them.
      for index in 0..<inputCount {
        operands[index] =
          wanted[index] ? operands[index].requiringGrad() : operands[index].detach()
      }
    }
    let result = withGradient(enabled: true) {
      generator.copy().asDefault { inRegion { body(Array(operands.prefix(inputCount))) } }
    }
    var gradients = [Tensor?](repeating: nil, count: operands.count)
    guard result.requiresGrad else { return gradients }
    let places = operands.indices.filter { wanted[$0] }
    let found = differentiate(
      result, by: places.map { operands[$0] }, gradient, createGraph: recordsWalk)
    for (place, value) in zip(places, found) { gradients[place] = value }
    return gradients
  }

  private func inRegion(_ body: () -> Tensor) -> Tensor {
    guard let region else { return body() }
    return autocast(region.dtype, lists: region.lists, cacheEnabled: false, body)
  }

  /// Gradients by inputs and leaves, whose hooks belong to the walk that asked.
  private func differentiate(
    _ result: Tensor, by inputs: [Tensor], _ gradient: Tensor, createGraph: Bool
  ) -> [Tensor?] {
    let captures = inputs.compactMap { $0.body.autograd?.edge }
    return BackwardWalk.run(
      roots: [result.root(gradient, name)], captures: captures, retainGraph: createGraph,
      createGraph: createGraph, callsLeafHooks: false)
  }
}
