import Models
import NN
import Tensors

/// A model with the way in which it is fed.
typealias FedModel = (model: Module, forward: (Workload.Content) throws -> StepOutput)

/// The models: a line each.
let modelRegistry: [Maker<WorkloadData.Kind, FedModel>] = [
  Maker("mlp", "fully connected layers", MLPOptions.self) { options, kind in
    let (shape, classes) = try imageSize("mlp", kind)
    let model = MLP(
      inputs: shape.reduce(1, *), hidden: options.hidden, classes: classes,
      dropout: options.dropout)
    return (model, { .classification(model($0[0]), $0[1]) })
  },
  Maker("digits-cnn", "two convolutions over 8×8 digits", CNNOptions.self) { options, kind in
    try imageNetwork("digits-cnn", options, kind)
  },
  Maker("mnist-cnn", "two convolutions over 28×28 images", CNNOptions.self) { options, kind in
    try imageNetwork("mnist-cnn", options, kind)
  },
  Maker("char-gpt", "a GPT over characters", CharGPTOptions.self) { options, kind in
    guard case .characters(let vocabulary, let context) = kind else {
      throw WorkloadError(model: "char-gpt", needs: "characters", given: kind.name)
    }
    let model = CharGPT(
      vocabulary: vocabulary, context: context, layers: options.layers, heads: options.heads,
      width: options.width, dropout: options.dropout, bias: options.bias)
    return (
      model,
      { batch in
        StepOutput(loss: F.crossEntropy(model(batch[0]).flattened(to: 1), batch[1].flattened()))
      }
    )
  },
  Maker("text-lstm", "a sentence classifier", TextLSTMOptions.self) { options, kind in
    guard case .sentences(let vocabulary, let classes) = kind else {
      throw WorkloadError(model: "text-lstm", needs: "sentences", given: kind.name)
    }
    let model = TextLSTM(
      vocabulary: vocabulary, classes: classes, embedding: options.embedding,
      hidden: options.hidden, layers: options.layers, bidirectional: options.bidirectional,
      pooling: options.pooling.model, dropout: options.dropout)
    return (model, { .classification(model($0[0], lengths: $0[1]), $0[2]) })
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
  _ name: String, _ options: CNNOptions, _ kind: WorkloadData.Kind
) throws -> FedModel {
  let (shape, classes) = try imageSize(name, kind)
  let model = ImageCNN(
    size: shape[1], channels: (options.channels[0], options.channels[1]), hidden: options.hidden,
    classes: classes, dropout: options.dropout)
  return (model, { .classification(model($0[0]), $0[1]) })
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
