/// The recurrent cells that ``F/recurrent(_:_:batchSizes:weights:hidden:cell:reverse:)`` walks with.
public enum RecurrentKind: String, Sendable {
  /// Long short-term memory (Hochreiter & Schmidhuber 1997).
  case lstm
  /// Gated recurrent unit (Cho et al. 2014).
  case gru
  /// Elman's unit with tanh.
  case rnnTanh = "rnn_tanh"
  /// Elman's unit with max(x, 0).
  case rnnReLU = "rnn_relu"

  /// How many projections a unit has.
  public var gates: Int {
    switch self {
    case .lstm: 4
    case .gru: 3
    case .rnnTanh, .rnnReLU: 1
    }
  }
}

/// The weights of one recurrent layer in one direction, by PyTorch's layout: gates stand one below
/// the other (LSTM: input, forget, cell, output; GRU: reset, update, new).
public struct RecurrentWeights {
  /// `[gates · hidden, inputs]`.
  public var inputHidden: Tensor
  /// `[gates · hidden, outputs]`.
  public var hiddenHidden: Tensor
  /// `[gates · hidden]` each, both or neither.
  public var inputBias, hiddenBias: Tensor?
  /// `[outputs, hidden]`: the projection of an LSTM's output (Sak et al. 2014), or nil.
  public var projection: Tensor?

  /// Weights of one layer and direction.
  public init(
    inputHidden: Tensor, hiddenHidden: Tensor, inputBias: Tensor? = nil, hiddenBias: Tensor? = nil,
    projection: Tensor? = nil
  ) {
    (self.inputHidden, self.hiddenHidden) = (inputHidden, hiddenHidden)
    (self.inputBias, self.hiddenBias) = (inputBias, hiddenBias)
    self.projection = projection
  }
}

extension F {
  /// One recurrent layer in one direction over packed sequences, as a single operation
  /// (`torch.lstm`, `torch.gru`, `torch.rnn_tanh`, `torch.rnn_relu`).
  ///
  /// All inputs are projected by one matrix product; then each time step is a product with the
  /// state and a pass of the cell over the sequences that are that long, so padding costs nothing.
  /// - Parameters:
  ///   - kind: The cell.
  ///   - x: `[total, inputs]`: the first `batchSizes[0]` rows are time step 0 of all sequences, the
  ///     longest sequence first, and so on.
  ///   - batchSizes: How many sequences reach each time step; never rising.
  ///   - weights: The cell's matrices and biases.
  ///   - hidden: The state before the first step, `[batch, outputs]`; zeros by default.
  ///   - cell: An LSTM's cell state, `[batch, hidden]`; zeros by default.
  ///   - reverse: Walk from each sequence's end to its beginning.
  /// - Returns: The states of all steps, `[total, outputs]`, and each sequence's last one,
  ///   `[batch, outputs]`, with its cell state.
  public static func recurrent(
    _ kind: RecurrentKind, _ x: Tensor, batchSizes: [Int], weights: RecurrentWeights,
    hidden: Tensor? = nil, cell: Tensor? = nil, reverse: Bool = false
  ) -> (output: Tensor, hidden: Tensor, cell: Tensor?) {
    let pass = RecurrentPass(kind, x, batchSizes, weights, hidden, cell, reverse)
    var operands = [x, weights.inputHidden, weights.hiddenHidden]
    operands.append(hidden ?? .zeros([pass.batch, pass.outputs], dtype: x.dtype))
    if kind == .lstm { operands.append(cell ?? .zeros([pass.batch, pass.hidden], dtype: x.dtype)) }
    if let bias = weights.inputBias, let other = weights.hiddenBias { operands += [bias, other] }
    if let projection = weights.projection { operands.append(projection) }
    let results = Tensor.record(RecurrentLayer(pass: pass), operands)
    return (results[0], results[1], kind == .lstm ? results[2] : nil)
  }
}

/// A recurrent layer: operands are those of ``RecurrentOperands``; results are the states of all
/// steps, the last ones, an LSTM's last cell states, and what the gradient reads.
private struct RecurrentLayer: TensorsOperation {
  let pass: RecurrentPass
  var precision: PrecisionClass { .reduced }
  var name: String { pass.kind.rawValue }
  var attributes: [String: Attribute] {
    ["batchSizes": .ints(pass.steps.batchSizes), "reverse": .bool(pass.steps.reverse)]
  }
  var saving: Saving { [.inputs, .outputs] }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let operands = pass.named(inputs)
    pass.requireOneDType(operands)
    return pass.computing(in: operands.x.dtype).forward(operands)
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    let operands = pass.named((0..<node.inputCount).map { node.input($0) })
    let pass = pass.computing(in: operands.x.dtype)
    if isGradEnabled { return pass.recordedGradient(gradients, operands) }
    return pass.backward(gradients, operands, node)
  }
}

/// The operands by name.
struct RecurrentOperands {
  var x, inputHidden, hiddenHidden, hidden: Tensor
  var cell, inputBias, hiddenBias, projection: Tensor?

  /// In the order of the operation.
  var list: [Tensor] {
    [x, inputHidden, hiddenHidden, hidden]
      + [cell, inputBias, hiddenBias, projection].compactMap { $0 }
  }
}

/// One walk of a recurrent layer: its sizes and the order of its steps.
struct RecurrentPass {
  let kind: RecurrentKind
  let steps: PackedSteps
  let inputs, hidden, outputs: Int
  let hasBias, hasProjection: Bool
  /// The operands' dtype, known when they have been cast.
  private(set) var dtype: DType

  var batch: Int { steps.batch }
  var total: Int { steps.total }
  var width: Int { kind.gates * hidden }

  init(
    _ kind: RecurrentKind, _ x: Tensor, _ batchSizes: [Int], _ w: RecurrentWeights,
    _ state: Tensor?, _ cell: Tensor?, _ reverse: Bool
  ) {
    let name = kind.rawValue
    self.kind = kind
    steps = PackedSteps(name, batchSizes, reverse: reverse)
    require(
      x.rank == 2 && x.shape[0] == steps.total, name,
      "packed data of [\(steps.total), inputs] is expected, not \(x.shape)")
    require(
      w.inputHidden.rank == 2 && w.hiddenHidden.rank == 2, name, "the weights must be matrices")
    inputs = x.shape[1]
    hidden = w.inputHidden.shape[0] / kind.gates
    outputs = w.projection.map { $0.shape.first ?? 0 } ?? hidden
    hasBias = w.inputBias != nil
    hasProjection = w.projection != nil
    dtype = x.dtype
    let rows = kind.gates * hidden
    require(
      w.inputHidden.shape == [rows, inputs] && w.hiddenHidden.shape == [rows, outputs], name,
      "weights of \(w.inputHidden.shape) and \(w.hiddenHidden.shape) do not fit inputs of \(inputs): [\(rows), \(inputs)] and [\(rows), \(outputs)] do"
    )
    require(
      (w.inputBias == nil) == (w.hiddenBias == nil)
        && [w.inputBias, w.hiddenBias].allSatisfy { $0 == nil || $0?.shape == [rows] }, name,
      "two biases of [\(rows)] or none are expected")
    require(
      w.projection == nil || kind == .lstm && w.projection?.shape == [outputs, hidden], name,
      "a projection of [outputs, \(hidden)] is for an LSTM alone")
    require(
      state == nil || state?.shape == [steps.batch, outputs], name,
      "the initial state must be [\(steps.batch), \(outputs)], not \(state?.shape ?? [])")
    require(
      cell == nil || kind == .lstm && cell?.shape == [steps.batch, hidden], name,
      "the initial cell state must be [\(steps.batch), \(hidden)], not \(cell?.shape ?? [])")
  }

  /// Stops unless all operands, which have been cast, share their dtype.
  func requireOneDType(_ operands: RecurrentOperands) {
    let others: [(String, Tensor?)] = [
      ("weight_ih", operands.inputHidden), ("weight_hh", operands.hiddenHidden),
      ("bias_ih", operands.inputBias), ("bias_hh", operands.hiddenBias),
      ("weight_hr", operands.projection), ("the hidden state", operands.hidden),
      ("the cell state", operands.cell),
    ]
    let dtype = operands.x.dtype
    require(
      others.allSatisfy { $1 == nil || $1?.dtype == dtype }, kind.rawValue,
      "input, states and weights differ in dtype: the input is \(dtype), "
        + others.compactMap { name, tensor in tensor.map { "\(name) \($0.dtype)" } }
        .joined(separator: ", "))
  }

  /// The same walk over operands of a dtype.
  func computing(in dtype: DType) -> RecurrentPass {
    var pass = self
    pass.dtype = dtype
    return pass
  }

  func named(_ list: [Tensor]) -> RecurrentOperands {
    var rest = list[4...]
    func next(_ present: Bool) -> Tensor? { present ? rest.popFirst() : nil }
    return RecurrentOperands(
      x: list[0], inputHidden: list[1], hiddenHidden: list[2], hidden: list[3],
      cell: next(kind == .lstm), inputBias: next(hasBias), hiddenBias: next(hasBias),
      projection: next(hasProjection))
  }
}
