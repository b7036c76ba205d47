import Torus

/// Two hidden layers with tanh over points. `[N, 2] → [N, classes]`.
final class SpiralNet: Module, Layer {
  let fc1: Linear
  let fc2: Linear
  let fc3: Linear

  init(hidden: Int, classes: Int) {
    fc1 = Linear(2, hidden)
    fc2 = Linear(hidden, hidden)
    fc3 = Linear(hidden, classes)
  }

  func forward(_ points: Tensor) -> Tensor { fc3(fc2(fc1(points).tanh()).tanh()) }
}

extension ModelDefinition {
  /// `model: {name: spiral-net, hidden: 32}`
  static let spiralNet = ModelDefinition(
    "spiral-net", "two layers with tanh over points", SpiralNetOptions.self,
    records: PointRecords.self
  ) { options, records in
    let model = SpiralNet(hidden: options.hidden, classes: records.classes)
    return PreparedModel(classifier: model) { model($0[0]) }
  }
}

/// Keys of `spiral-net`.
struct SpiralNetOptions: ConfigurationSection {
  var hidden = 32
  static let fields: [Field<Self>] = [
    Field("hidden", \.hidden, in: .count(), "width of each hidden layer")
  ]
}

extension MetricDefinition {
  /// `metrics: [confidence]`
  static let confidence = MetricDefinition(
    "confidence", "the probability of the likeliest class", unit: .percent
  ) { logits, _ in logits.softmax(dim: -1).max(dim: -1).values.sum() }
}
