import Foundation
import Tensors
import Testing
import Transformers

/// Folders whose `config.json` names no class, as folders of bare encoders and of early conversions do.
@Suite("Folders that name no class")
struct UnnamedClassTests {
  /// Saves a model with new weights, and takes the class out of its configuration, or all names of it.
  private func save(
    _ model: PretrainedModel, in folder: String, emptied: Bool = false
  ) throws {
    try model.savePretrained(folder)
    let url = URL(fileURLWithPath: "\(folder)/config.json")
    var json = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
    json["architectures"] = emptied ? [] as [String] : nil
    try JSONSerialization.data(withJSONObject: json).write(to: url)
  }

  /// What transformers' classes say is missing of a folder of `BertModel`.
  private static let heads: [(ModelTask, [String])] = [
    (.base, []),
    (.sequenceClassification, ["classifier.bias", "classifier.weight"]),
    (.multipleChoice, ["classifier.bias", "classifier.weight"]),
    (.tokenClassification, ["classifier.bias", "classifier.weight"]),
    (.questionAnswering, ["qa_outputs.bias", "qa_outputs.weight"]),
    (
      .nextSentencePrediction,
      ["cls.seq_relationship.bias", "cls.seq_relationship.weight"]
    ),
    (
      .maskedLM,
      [
        "cls.predictions.bias", "cls.predictions.transform.LayerNorm.bias",
        "cls.predictions.transform.LayerNorm.weight", "cls.predictions.transform.dense.bias",
        "cls.predictions.transform.dense.weight",
      ]
    ),
  ]

  @Test(
    "each head stands on a bare encoder, and what is newly initialised is named", arguments: heads)
  func encoder(task: ModelTask, missing: [String]) throws {
    try withFolder { folder in
      let base = try AutoModel.fromConfiguration(tinyBert())
      base.eval()
      try save(base, in: folder, emptied: task == .base)
      let model = try Pretrained.load(folder, task: task)
      let report = try #require(model.loadReport)
      #expect(report.missing.sorted() == missing, "\(report)")
      for name in missing { #expect("\(report)".contains(name)) }
      #expect(model.parameters().allSatisfy { $0.value.isFinite().all().item() == 1 })
      // The weights below the head are the folder's, and what is saved names its class.
      let name = "encoder.layer.1.output.dense.weight"
      let own = try #require(model.stateDict()[task == .base ? name : "bert.\(name)"])
      #expect(own.distance(to: try #require(base.stateDict()[name])) == 0)
      try model.savePretrained(folder)
      let named = try Pretrained.load(folder)
      #expect(type(of: named) == type(of: model) && named.loadReport?.isClean == true)
    }
  }

  @Test("a head that was saved is found again by its task, and without one the model below it")
  func saved() throws {
    try withFolder { folder in
      let model = try AutoModelForTokenClassification.fromConfiguration(tinyBert())
      model.eval()
      try save(model, in: folder, emptied: true)
      let inputs = ModelInputs(inputIds: tokens, attentionMask: mask)
      let again = try AutoModelForTokenClassification.fromPretrained(folder)
      #expect(again.loadReport?.isClean == true)
      #expect(
        again(inputs, labels: nil).logits.distance(to: model(inputs, labels: nil).logits) == 0)
      let bare = try #require(try Pretrained.load(folder).loadReport)
      #expect(bare.unexpected.sorted() == ["classifier.bias", "classifier.weight"])
      #expect(bare.missing.sorted() == ["pooler.dense.bias", "pooler.dense.weight"])
    }
  }

  @Test("decoders and encoder-decoders", arguments: ["gpt2", "llama", "t5"])
  func writers(family: String) throws {
    var fields: ConfigurationValue = [
      "model_type": .string(family), "vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 1,
      "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 16,
    ]
    switch family {
    case "gpt2":
      fields = [
        "model_type": "gpt2", "vocab_size": 20, "n_embd": 8, "n_layer": 1, "n_head": 2,
        "n_positions": 16,
      ]
    case "t5":
      fields = [
        "model_type": "t5", "vocab_size": 20, "d_model": 8, "d_kv": 4, "d_ff": 16, "num_layers": 1,
        "num_heads": 2,
      ]
    default: break
    }
    let task = family == "t5" ? ModelTask.seq2SeqLM : .causalLM
    try withFolder { folder in
      try save(try AutoModel.fromConfiguration(ModelConfiguration(fields)), in: folder)
      let writer = try Pretrained.load(folder, task: task)
      // Tied tables are no new weights.
      #expect(writer.loadReport?.missing == (family == "llama" ? ["lm_head.weight"] : []))
      #expect(try Pretrained.load(folder).loadReport?.isClean == true)
    }
  }
}
