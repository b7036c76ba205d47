import Tensors

/// What ``LSTM``, ``GRU`` and ``RNN`` share: weights of all layers and directions, and the walk
/// through them (`torch.nn.RNNBase`).
open class RecurrentModule: Module, Hookable {
  /// The weights in PyTorch's order and under its names: `weight_ih_l0`, `weight_hh_l0`,
  /// `bias_ih_l0`, `bias_hh_l0`, `weight_hr_l0`, then those with `_reverse`, then layer 1.
  public let weights: NamedParameters
  /// The sizes of the inputs and of the state.
  public let inputSize, hiddenSize: Int
  /// The number of layers, each of which reads the outputs of the one before.
  public let numLayers: Int
  /// Whether a second walk goes from the end to the beginning.
  public let bidirectional: Bool

  private let kind: RecurrentKind
  private let hasBias, batchFirst: Bool
  private let dropout: Double
  private let projSize: Int
  /// Dropout that draws from a generator of its own where the caller wants one.
  public var generator: Generator?

  /// The size of what a direction puts out.
  var outputSize: Int { projSize > 0 ? projSize : hiddenSize }
  private var directions: Int { bidirectional ? 2 : 1 }

  /// The weights stand directly below the layer's own name.
  open override class var stateNames: [String: String] { ["weights": ""] }

  init(
    _ kind: RecurrentKind, _ inputSize: Int, _ hiddenSize: Int, numLayers: Int, bias: Bool,
    batchFirst: Bool, dropout: Double, bidirectional: Bool, projSize: Int, dtype: DType
  ) {
    let name = "\(Self.self)"
    require(
      hiddenSize > 0 && numLayers > 0, name, "hidden size and number of layers must be positive")
    require(
      (0...1).contains(dropout), name, "a probability lies between 0 and 1, not \(dropout)")
    require(
      projSize >= 0 && projSize < hiddenSize, name,
      "a projection size lies below the hidden size \(hiddenSize), not at \(projSize)")
    self.kind = kind
    (self.inputSize, self.hiddenSize, self.numLayers) = (inputSize, hiddenSize, numLayers)
    (hasBias, self.batchFirst, self.dropout) = (bias, batchFirst, dropout)
    (self.bidirectional, self.projSize) = (bidirectional, projSize)
    let rows = kind.gates * hiddenSize
    let outputs = projSize > 0 ? projSize : hiddenSize
    let suffixes = bidirectional ? ["", "_reverse"] : [""]
    var weights = NamedParameters()
    for layer in 0..<numLayers {
      for suffix in suffixes {
        let inputs = layer == 0 ? inputSize : outputs * suffixes.count
        let end = "_l\(layer)\(suffix)"
        var shapes = [("weight_ih", [rows, inputs]), ("weight_hh", [rows, outputs])]
        if bias { shapes += [("bias_ih", [rows]), ("bias_hh", [rows])] }
        if projSize > 0 { shapes.append(("weight_hr", [projSize, hiddenSize])) }
        for (name, shape) in shapes {
          weights[name + end] = Parameter(.empty(shape, dtype: dtype))
        }
      }
    }
    let bound = 1 / Double(hiddenSize).squareRoot()
    for (_, parameter) in weights.entries { Init.uniform(parameter, from: -bound, to: bound) }
    self.weights = weights
  }

  private func weights(layer: Int, reverse: Bool) -> RecurrentWeights {
    let end = "_l\(layer)" + (reverse ? "_reverse" : "")
    func value(_ name: String) -> Tensor? { weights[name + end]?.value }
    guard let input = value("weight_ih"), let state = value("weight_hh") else {
      fail("\(Self.self)", "weights of layer \(layer) are missing")
    }
    return RecurrentWeights(
      inputHidden: input, hiddenHidden: state, inputBias: value("bias_ih"),
      hiddenBias: value("bias_hh"), projection: value("weight_hr"))
  }

  /// All layers over packed rows. States are `[layers · directions, batch, size]`.
  func walk(
    _ data: Tensor, _ batchSizes: [Int], hidden: Tensor?, cell: Tensor?
  ) -> (output: Tensor, hidden: Tensor, cell: Tensor?) {
    let name = "\(Self.self)"
    require(
      data.rank == 2 && data.shape[1] == inputSize, name,
      "inputs of size \(inputSize) are expected, not \(data.shape.last ?? 0)")
    let batch = batchSizes.first ?? 0
    for (state, size) in [(hidden, outputSize), (cell, hiddenSize)] {
      let expected = [numLayers * directions, batch, size]
      require(
        state == nil || state?.shape == expected, name,
        "an initial state of \(expected) is expected, not \(state?.shape ?? [])")
    }
    var x = data
    var states: [Tensor] = []
    var cells: [Tensor] = []
    for layer in 0..<numLayers {
      let results = (0..<directions).map { direction in
        let index = layer * directions + direction
        return F.recurrent(
          kind, x, batchSizes: batchSizes,
          weights: weights(layer: layer, reverse: direction == 1),
          hidden: hidden?.select(dim: 0, index: index), cell: cell?.select(dim: 0, index: index),
          reverse: direction == 1)
      }
      states += results.map(\.hidden)
      cells += results.compactMap(\.cell)
      x = directions == 1 ? results[0].output : Tensor.cat(results.map(\.output), dim: 1)
      if layer + 1 < numLayers {
        x = F.dropout(x, p: dropout, training: isTraining, generator: generator)
      }
    }
    return (x, Tensor.stack(states), cells.isEmpty ? nil : Tensor.stack(cells))
  }

  /// The walk over padded sequences, all of one length, or over one without a batch dimension.
  func walkPadded(
    _ x: Tensor, hidden: Tensor?, cell: Tensor?
  ) -> (output: Tensor, hidden: Tensor, cell: Tensor?) {
    require(
      x.rank == 2 || x.rank == 3, "\(Self.self)",
      "an input of [T, B, inputs] or [T, inputs] is expected, not \(x.shape)")
    if x.rank == 2 {
      let result = walk(
        x, [Int](repeating: 1, count: x.shape[0]), hidden: hidden?.unsqueezed(1),
        cell: cell?.unsqueezed(1))
      return (result.output, result.hidden.squeezed(1), result.cell?.squeezed(1))
    }
    let ordered = batchFirst ? x.transposed(0, 1) : x
    let (time, batch) = (ordered.shape[0], ordered.shape[1])
    require(time > 0, "\(Self.self)", "a sequence of length 0 has no state")
    if batch == 0 { return emptyBatch(time, hidden: hidden, cell: cell, like: x) }
    let result = walk(
      ordered.reshaped([time * batch, ordered.shape[2]]), [Int](repeating: batch, count: time),
      hidden: hidden, cell: cell)
    let output = result.output.reshaped([time, batch, result.output.shape[1]])
    return (batchFirst ? output.transposed(0, 1) : output, result.hidden, result.cell)
  }

  private func emptyBatch(
    _ time: Int, hidden: Tensor?, cell: Tensor?, like x: Tensor
  ) -> (output: Tensor, hidden: Tensor, cell: Tensor?) {
    require(
      x.shape[2] == inputSize, "\(Self.self)",
      "inputs of size \(inputSize) are expected, not \(x.shape[2])")
    let width = outputSize * directions
    let layers = numLayers * directions
    var shapes = [batchFirst ? [0, time, width] : [time, 0, width], [layers, 0, outputSize]]
    if kind == .lstm { shapes.append([layers, 0, hiddenSize]) }
    let operands = [x] + weights.entries.map { $0.1.value } + [hidden, cell].compactMap { $0 }
    let results = Tensor.withoutElements(kind.rawValue, operands, shapes)
    return (results[0], results[1], kind == .lstm ? results[2] : nil)
  }

  /// The walk over packed sequences; states are in the order of the batch.
  func walkPacked(
    _ x: PackedSequence, hidden: Tensor?, cell: Tensor?
  ) -> (output: PackedSequence, hidden: Tensor, cell: Tensor?) {
    func sorted(_ state: Tensor?) -> Tensor? {
      guard let state, let order = x.sortedIndices else { return state }
      return state.indexSelect(dim: 1, index: order)
    }
    func unsorted(_ state: Tensor) -> Tensor {
      x.unsortedIndices.map { state.indexSelect(dim: 1, index: $0) } ?? state
    }
    let result = walk(x.data, x.batchSizes, hidden: sorted(hidden), cell: sorted(cell))
    return (x.with(data: result.output), unsorted(result.hidden), result.cell.map(unsorted))
  }

  /// The sizes, and what differs from the defaults.
  open override var extraDescription: String {
    var text = "\(inputSize), \(hiddenSize)"
    if projSize > 0 { text += ", proj_size=\(projSize)" }
    if numLayers != 1 { text += ", num_layers=\(numLayers)" }
    if !hasBias { text += ", bias=False" }
    if batchFirst { text += ", batch_first=True" }
    if dropout != 0 { text += ", dropout=\(dropout)" }
    if bidirectional { text += ", bidirectional=True" }
    return text
  }
}
