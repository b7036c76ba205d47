import Tensors

/// Layers of gated recurrent units (`torch.nn.GRU`; Cho et al. 2014).
///
/// r = σ(W_ir x + b_ir + W_hr h + b_hr), z likewise, n = tanh(W_in x + b_in + r (W_hn h + b_hn)),
/// h' = (1 - z) n + z h. `[T, B, inputs] → [T, B, directions · hidden]`.
public final class GRU: RecurrentModule {
  /// A layer with PyTorch's initial values: uniform on ±1/√hidden.
  /// - Parameters:
  ///   - inputSize: The size of an input.
  ///   - hiddenSize: The size of a state.
  ///   - numLayers: How many layers stand on top of each other.
  ///   - bias: Whether the maps have biases.
  ///   - batchFirst: Inputs and outputs are `[B, T, …]`; states stay as they are.
  ///   - dropout: The probability with which an output of all layers but the last is dropped.
  ///   - bidirectional: Whether a second direction reads from the end; outputs hold both.
  ///   - dtype: The parameters' element type.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, numLayers: Int = 1, bias: Bool = true,
    batchFirst: Bool = false, dropout: Double = 0, bidirectional: Bool = false,
    dtype: DType = .float32
  ) {
    super.init(
      .gru, inputSize, hiddenSize, numLayers: numLayers, bias: bias, batchFirst: batchFirst,
      dropout: dropout, bidirectional: bidirectional, projSize: 0, dtype: dtype)
  }

  /// The outputs of the last layer at all steps, and every layer's last state.
  /// - Parameters:
  ///   - x: `[T, B, inputs]`, or `[B, T, inputs]` with `batchFirst`, or without B.
  ///   - state: `[layers · directions, B, hidden]`, by default zeros.
  public func callAsFunction(_ x: Tensor, state: Tensor? = nil) -> (output: Tensor, state: Tensor) {
    withHooks(x) { x in
      let result = walkPadded(x, hidden: state, cell: nil)
      return (result.output, result.hidden)
    }
  }

  /// The same over sequences of different lengths.
  public func callAsFunction(
    _ x: PackedSequence, state: Tensor? = nil
  ) -> (output: PackedSequence, state: Tensor) {
    let result = walkPacked(x, hidden: state, cell: nil)
    return (result.output, result.hidden)
  }
}
