import Tensors

/// Calls a module on inputs without keeping what its gradient reads, and again when the gradient is due
/// (`torch.utils.checkpoint.checkpoint`).
///
/// ```swift
/// for block in blocks { x = checkpoint(block, [x]) { block($0[0]) } }
/// ```
/// - Parameters:
///   - module: Whose parameters the call reads.
///   - inputs: What it is called with. A tensor that the closure takes from elsewhere gets no gradient.
///   - body: The call.
public func checkpoint(
  _ module: Module, _ inputs: [Tensor], _ body: @escaping ([Tensor]) -> Tensor
) -> Tensor {
  guard isGradEnabled else { return body(inputs) }
  return checkpoint(inputs, parameters: module.parameters().map(\.value), body)
}
