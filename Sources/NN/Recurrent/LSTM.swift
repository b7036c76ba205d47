import Tensors

/// Layers of long short-term memory (`torch.nn.LSTM`; Hochreiter & Schmidhuber 1997).
///
/// i = σ(W_ii x + b_ii + W_hi h + b_hi), f and o likewise, g = tanh(W_ig x + b_ig + W_hg h + b_hg),
/// c' = f c + i g, h' = o tanh c'. `[T, B, inputs] → [T, B, directions · hidden]`.
public final class LSTM: RecurrentModule {
  /// The hidden and the cell state: `[layers · directions, B, outputs]` and `[…, hidden]`.
  public typealias State = (hidden: Tensor, cell: Tensor)

  /// A layer with PyTorch's initial values: uniform on ±1/√hidden.
  /// - Parameters:
  ///   - inputSize: The size of an input.
  ///   - hiddenSize: The size of a state.
  ///   - numLayers: How many layers stand on top of each other.
  ///   - bias: Whether the maps have biases.
  ///   - batchFirst: Inputs and outputs are `[B, T, …]`; states stay as they are.
  ///   - dropout: The probability with which an output of all layers but the last is dropped.
  ///   - bidirectional: Whether a second direction reads from the end; outputs hold both.
  ///   - projSize: Project each output to this size (Sak et al. 2014); 0 for no projection.
  ///   - dtype: The parameters' element type.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, numLayers: Int = 1, bias: Bool = true,
    batchFirst: Bool = false, dropout: Double = 0, bidirectional: Bool = false, projSize: Int = 0,
    dtype: DType = .float32
  ) {
    super.init(
      .lstm, inputSize, hiddenSize, numLayers: numLayers, bias: bias, batchFirst: batchFirst,
      dropout: dropout, bidirectional: bidirectional, projSize: projSize, dtype: dtype)
  }

  /// The outputs of the last layer at all steps, and every layer's last state.
  /// - Parameters:
  ///   - x: `[T, B, inputs]`, or `[B, T, inputs]` with `batchFirst`, or without B.
  ///   - state: The states before the first step, by default zeros.
  public func callAsFunction(_ x: Tensor, state: State? = nil) -> (output: Tensor, state: State) {
    withHooks(x) { x in
      let result = walkPadded(x, hidden: state?.hidden, cell: state?.cell)
      return (result.output, (result.hidden, result.cell ?? result.hidden))
    }
  }

  /// The same over sequences of different lengths.
  public func callAsFunction(
    _ x: PackedSequence, state: State? = nil
  ) -> (output: PackedSequence, state: State) {
    let result = walkPacked(x, hidden: state?.hidden, cell: state?.cell)
    return (result.output, (result.hidden, result.cell ?? result.hidden))
  }
}
