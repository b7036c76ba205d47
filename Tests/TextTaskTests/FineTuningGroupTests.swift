import NN
import Optimizers
import Testing
import TextTasks
import Transformers

@Suite("Fine-tuning groups")
struct FineTuningGroupTests {
  private func model() throws -> PretrainedModel {
    let configuration = ModelConfiguration([
      "model_type": "bert", "vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 2,
      "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 8,
    ])
    return try AutoModelForSequenceClassification.fromConfiguration(configuration)
  }

  @Test("every trained parameter is in one group, and each layer learns more slowly than the next")
  func layers() throws {
    let model = try model()
    let groups = FineTuningGroups(lr: 1, weightDecay: 0.1, layerDecay: 0.5)(model)
    let rates = Dictionary(
      groups.flatMap { group in group.names.map { ($0 ?? "", group.lr) } },
      uniquingKeysWith: { _, _ in .nan })
    #expect(rates.count == model.namedParameters().count)
    #expect(rates["classifier.weight"] == 1 && rates["bert.pooler.dense.weight"] == 1)
    #expect(rates["bert.encoder.layer.1.output.dense.bias"] == 0.5)
    #expect(rates["bert.encoder.layer.0.attention.self.query.weight"] == 0.25)
    #expect(rates["bert.embeddings.word_embeddings.weight"] == 0.125)
    let decays = Dictionary(
      groups.flatMap { group in group.names.map { ($0 ?? "", group.weightDecay) } },
      uniquingKeysWith: { _, _ in .nan })
    #expect(decays["bert.embeddings.word_embeddings.weight"] == 0.1)
    #expect(decays["bert.embeddings.LayerNorm.weight"] == 0)
    #expect(decays["classifier.bias"] == 0)
  }

  @Test("frozen parameters are in no group, and whole parts of names are what freezes")
  func frozen() throws {
    let model = try model()
    let counts = model.freeze(["embeddings", "encoder.layer.0", "layer.10"])
    #expect(counts == [5, 16, 0])
    let names = FineTuningGroups(lr: 1)(model).flatMap(\.names).compactMap { $0 }
    #expect(!names.contains { $0.contains("embeddings") || $0.contains("layer.0.") })
    #expect(names.contains("bert.encoder.layer.1.output.dense.weight"))
  }
}
