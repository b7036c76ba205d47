import Models
import NN
import Tensors

/// A model with the way in which it is fed.
struct FedModel {
  let model: Module
  /// What the loss is a mean over; nil for records.
  var targets: TargetCount<Workload.Content>?
  let forward: (Workload.Content) throws -> StepOutput
}

/// What a model is made for.
struct ModelInput {
  let kind: WorkloadData.Kind
  /// Refuses what is too large before memory is asked for.
  let room: MemoryRoom
}

/// The models: a line each.
let modelRegistry: [Maker<ModelInput, FedModel>] = [
  Maker("mlp", "fully connected layers", MLPOptions.self) { options, input in
    let (shape, classes) = try imageSize("mlp", input.kind)
    try input.room.check(options.size(inputs: shape, classes: classes))
    let model = MLP(
      inputs: shape.reduce(1, *), hidden: options.hidden, classes: classes,
      dropout: options.dropout)
    return FedModel(model: model) { .classification(model($0[0]), $0[1]) }
  },
  Maker("digits-cnn", "two convolutions over 8×8 digits", CNNOptions.self) { options, input in
    try imageNetwork("digits-cnn", options, input)
  },
  Maker("mnist-cnn", "two convolutions over 28×28 images", CNNOptions.self) { options, input in
    try imageNetwork("mnist-cnn", options, input)
  },
  Maker("char-gpt", "a GPT over characters", CharGPTOptions.self) { options, input in
    guard case .characters(let vocabulary, let context) = input.kind else {
      throw WorkloadError(model: "char-gpt", needs: "characters", given: input.kind.name)
    }
    try input.room.check(options.size(vocabulary: vocabulary, context: context))
    let model = CharGPT(
      vocabulary: vocabulary, context: context, layers: options.layers, heads: options.heads,
      width: options.width, dropout: options.dropout, bias: options.bias)
    // Every character of a context counts.
    return FedModel(model: model, targets: .perRecord(context)) {
      .tokens(model($0[0]), $0[1])
    }
  },
  Maker("text-lstm", "a sentence classifier", TextLSTMOptions.self) { options, input in
    guard case .sentences(let vocabulary, let classes) = input.kind else {
      throw WorkloadError(model: "text-lstm", needs: "sentences", given: input.kind.name)
    }
    try input.room.check(options.size(vocabulary: vocabulary, classes: classes))
    let model = TextLSTM(
      vocabulary: vocabulary, classes: classes, embedding: options.embedding,
      hidden: options.hidden, layers: options.layers, bidirectional: options.bidirectional,
      pooling: options.pooling.model, dropout: options.dropout)
    // A sentence has one target, its label, so that its loss is a mean over records.
    return FedModel(model: model) { .classification(model($0[0], lengths: $0[1]), $0[2]) }
  },
]

/// A model and data that do not fit each other.
struct WorkloadError: Error, CustomStringConvertible {
  let model: String
  let needs: String
  let given: String

  var description: String {
    "model \(model) needs data of \(needs), and the configured data are \(given); change model.name or data.name"
  }
}

private func imageSize(
  _ name: String, _ kind: WorkloadData.Kind
) throws(WorkloadError) -> (shape: [Int], classes: Int) {
  guard case .images(let shape, let classes) = kind else {
    throw WorkloadError(model: name, needs: "images", given: kind.name)
  }
  return (shape, classes)
}

private func imageNetwork(
  _ name: String, _ options: CNNOptions, _ input: ModelInput
) throws -> FedModel {
  let (shape, classes) = try imageSize(name, input.kind)
  try input.room.check(options.size(inputs: shape, classes: classes))
  let model = ImageCNN(
    size: shape[1], channels: (options.channels[0], options.channels[1]), hidden: options.hidden,
    classes: classes, dropout: options.dropout)
  return FedModel(model: model) { .classification(model($0[0]), $0[1]) }
}

extension TextLSTMOptions.Pooling {
  /// The same as the model names it.
  var model: TextLSTM.Pooling {
    switch self {
    case .last: .last
    case .mean: .mean
    case .max: .max
    }
  }
}
