import Tensors

/// What the single-step cells share (`torch.nn.RNNCellBase`).
open class RecurrentCell: Module, Hookable {
  /// `[gates · hidden, inputs]` and `[gates · hidden, hidden]`.
  public let weightIH, weightHH: Parameter
  /// `[gates · hidden]` each, or nil.
  public let biasIH, biasHH: Parameter?
  private let kind: RecurrentKind
  /// The size of the state.
  public let hiddenSize: Int

  init(_ kind: RecurrentKind, _ inputSize: Int, _ hiddenSize: Int, bias: Bool, dtype: DType) {
    self.kind = kind
    self.hiddenSize = hiddenSize
    let rows = kind.gates * hiddenSize
    weightIH = Parameter(.empty([rows, inputSize], dtype: dtype))
    weightHH = Parameter(.empty([rows, hiddenSize], dtype: dtype))
    biasIH = bias ? Parameter(.empty([rows], dtype: dtype)) : nil
    biasHH = bias ? Parameter(.empty([rows], dtype: dtype)) : nil
    let bound = hiddenSize > 0 ? 1 / Double(hiddenSize).squareRoot() : 0
    for parameter in [weightIH, weightHH] + [biasIH, biasHH].compactMap({ $0 }) {
      Init.uniform(parameter, from: -bound, to: bound)
    }
  }

  /// One step of `[B, inputs]`, or of `[inputs]` alone.
  func step(_ x: Tensor, hidden: Tensor?, cell: Tensor?) -> (hidden: Tensor, cell: Tensor?) {
    require(
      x.rank == 1 || x.rank == 2, "\(Self.self)",
      "an input of [B, inputs] or [inputs] is expected, not \(x.shape)")
    if x.rank == 1 {
      let result = step(
        x.unsqueezed(0), hidden: hidden?.unsqueezed(0), cell: cell?.unsqueezed(0))
      return (result.hidden.squeezed(0), result.cell?.squeezed(0))
    }
    if x.shape[0] == 0 {
      let empty = Tensor.zeros([0, hiddenSize], dtype: x.dtype)
      return (empty, kind == .lstm ? empty : nil)
    }
    let result = F.recurrent(
      kind, x, batchSizes: [x.shape[0]],
      weights: RecurrentWeights(
        inputHidden: weightIH.value, hiddenHidden: weightHH.value, inputBias: biasIH?.value,
        hiddenBias: biasHH?.value), hidden: hidden, cell: cell)
    return (result.output, result.cell)
  }

  /// The sizes.
  open override var extraDescription: String {
    "\(weightIH.shape[1]), \(hiddenSize)" + (biasIH == nil ? ", bias=False" : "")
  }
}

/// One step of an LSTM (`torch.nn.LSTMCell`); see ``LSTM`` for the formula.
public final class LSTMCell: RecurrentCell {
  /// A cell with PyTorch's initial values: uniform on ±1/√hidden.
  public init(_ inputSize: Int, _ hiddenSize: Int, bias: Bool = true, dtype: DType = .float32) {
    super.init(.lstm, inputSize, hiddenSize, bias: bias, dtype: dtype)
  }

  /// The next hidden and cell state.
  /// - Parameters:
  ///   - x: `[B, inputs]`, or `[inputs]` without a batch.
  ///   - state: `[B, hidden]` each, by default zeros.
  public func callAsFunction(_ x: Tensor, state: LSTM.State? = nil) -> LSTM.State {
    withHooks(x) { x in
      let next = step(x, hidden: state?.hidden, cell: state?.cell)
      return (next.hidden, next.cell ?? next.hidden)
    }
  }
}

/// One step of a GRU (`torch.nn.GRUCell`); see ``GRU`` for the formula.
public final class GRUCell: RecurrentCell {
  /// A cell with PyTorch's initial values: uniform on ±1/√hidden.
  public init(_ inputSize: Int, _ hiddenSize: Int, bias: Bool = true, dtype: DType = .float32) {
    super.init(.gru, inputSize, hiddenSize, bias: bias, dtype: dtype)
  }

  /// The next state.
  /// - Parameters:
  ///   - x: `[B, inputs]`, or `[inputs]` without a batch.
  ///   - state: `[B, hidden]`, by default zeros.
  public func callAsFunction(_ x: Tensor, state: Tensor? = nil) -> Tensor {
    withHooks(x) { step($0, hidden: state, cell: nil).hidden }
  }
}

/// One step of a plain recurrent unit (`torch.nn.RNNCell`); see ``RNN`` for the formula.
public final class RNNCell: RecurrentCell {
  private let nonlinearity: Nonlinearity

  /// A cell with PyTorch's initial values: uniform on ±1/√hidden.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, bias: Bool = true, nonlinearity: Nonlinearity = .tanh,
    dtype: DType = .float32
  ) {
    self.nonlinearity = nonlinearity
    super.init(nonlinearity.kind, inputSize, hiddenSize, bias: bias, dtype: dtype)
  }

  /// The next state.
  /// - Parameters:
  ///   - x: `[B, inputs]`, or `[inputs]` without a batch.
  ///   - state: `[B, hidden]`, by default zeros.
  public func callAsFunction(_ x: Tensor, state: Tensor? = nil) -> Tensor {
    withHooks(x) { step($0, hidden: state, cell: nil).hidden }
  }

  /// The sizes, and the function where it is not tanh.
  public override var extraDescription: String {
    super.extraDescription + (nonlinearity == .relu ? ", nonlinearity=relu" : "")
  }
}
