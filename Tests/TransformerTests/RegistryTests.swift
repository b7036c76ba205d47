import NN
import Tensors
import Testing
import Transformers

/// A family of a user's own: the mean of embeddings, and a linear layer.
final class BagModel: PretrainedModel, LabelledModel {
  let words: Embedding
  let classifier: Linear

  override init(configuration: ModelConfiguration) {
    words = configuration.embedding(configuration["vocab_size"]?.int ?? 10, 4)
    classifier = configuration.linear(4, 2)
    super.init(configuration: configuration)
    configuration.note(["vocab_size"])
  }

  func callAsFunction(_ inputs: ModelInputs, labels: Tensor?) -> ModelOutput {
    let logits = classifier(words(inputs.inputIds).mean(dim: 1))
    return ModelOutput(
      loss: labels.map { HeadLoss.sequence(logits, $0, configuration) }, logits: logits)
  }
}

@Suite("Model families")
struct RegistryTests {
  @Test("a family of one's own is loaded as those that come with the package")
  func ownFamily() throws {
    ModelRegistry.register(
      ModelFamily(
        ["test-bag"], name: "Bag",
        architectures: [.sequenceClassification: { BagModel(configuration: $0) }]))
    try withFolder { folder in
      let model = try AutoModelForSequenceClassification.fromConfiguration(
        ModelConfiguration(["model_type": "test-bag", "vocab_size": 13]))
      try model.savePretrained(folder)
      let loaded = try AutoModelForSequenceClassification.fromPretrained(folder)
      let output = loaded(inputIds: tokens, labels: Tensor([0, 1]))
      #expect(output.logits.shape == [2, 2])
      #expect(output.loss?.item().isFinite == true)
      #expect(loaded is BagModel)
    }
    let error = #expect(throws: ModelError.self) {
      try AutoModelForMaskedLM.fromConfiguration(ModelConfiguration(["model_type": "test-bag"]))
    }
    #expect(error?.message.contains("ForMaskedLM") == true)
  }
}
