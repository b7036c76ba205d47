import Checkpoints
import Foundation
import NN
import Tensors
import Testing
import Transformers

@Suite("Pretrained models")
struct PretrainedTests {
  private let inputs = ModelInputs(inputIds: tokens, attentionMask: mask)

  private func masked(
    _ changes: [String: ConfigurationValue] = [:]
  ) throws -> any LabelledModel {
    try Generator(seed: 3).asDefault {
      let model = try AutoModelForMaskedLM.fromConfiguration(tinyBert(changes))
      model.eval()
      return model
    }
  }

  @Test("a saved model is the same when it is loaded again, in one file and in many")
  func roundTrip() throws {
    try withFolder { folder in
      let model = try masked()
      let expected = model(inputs, labels: nil).logits
      try model.savePretrained(folder, maxShardSize: 2000)
      #expect(FileManager.default.fileExists(atPath: "\(folder)/model.safetensors.index.json"))
      let sharded = try AutoModelForMaskedLM.fromPretrained(folder)
      #expect(sharded.loadReport?.isClean == true)
      #expect(sharded(inputs, labels: nil).logits.distance(to: expected) == 0)
      try model.savePretrained(folder)
      let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      #expect(files == ["config.json", "model.safetensors"])
      let whole = try AutoModelForMaskedLM.fromPretrained(folder)
      #expect(whole(inputs, labels: nil).logits.distance(to: expected) == 0)
    }
  }

  @Test("a folder names the dtype that its weights have, and they are loaded in it")
  func converted() throws {
    try withFolder { folder in
      let model = try masked()
      model.to(.bfloat16)
      try model.savePretrained(folder)
      let configuration = try ModelConfiguration(path: "\(folder)/config.json")
      #expect(configuration["dtype"] == .string("bfloat16"))
      let loaded = try AutoModelForMaskedLM.fromPretrained(folder)
      #expect(loaded.parameters().allSatisfy { $0.dtype == .bfloat16 })
    }
  }

  @Test("weights that torch.save wrote are read as well")
  func pickled() throws {
    try withFolder { folder in
      let model = try masked()
      try model.savePretrained(folder)
      try model.stateDict().save(pth: "\(folder)/pytorch_model.bin")
      try FileManager.default.removeItem(atPath: "\(folder)/model.safetensors")
      let loaded = try AutoModelForMaskedLM.fromPretrained(folder)
      #expect(loaded.loadReport?.isClean == true)
      let expected = model(inputs, labels: nil).logits
      #expect(loaded(inputs, labels: nil).logits.distance(to: expected) == 0)
    }
  }

  @Test("a tied weight is written once, and one that a file holds of its own is used")
  func tiedWeights() throws {
    try withFolder { folder in
      let model = try masked()
      try model.savePretrained(folder)
      let path = "\(folder)/model.safetensors"
      var state = try StateDict(safetensors: path)
      #expect(state["cls.predictions.decoder.weight"] == nil)
      let table = try #require(state["bert.embeddings.word_embeddings.weight"])
      state["cls.predictions.decoder.weight"] = table
      try state.save(safetensors: path)
      let tied = try AutoModelForMaskedLM.fromPretrained(folder)
      #expect(tied.namedParameters().count == model.namedParameters().count)
      state["cls.predictions.decoder.weight"] = table * 2
      try state.save(safetensors: path)
      let own = try AutoModelForMaskedLM.fromPretrained(folder)
      #expect(own.namedParameters().count == model.namedParameters().count + 1)
      let difference = own(inputs, labels: nil).logits - model(inputs, labels: nil).logits
      #expect(difference.abs().max().item() > 1e-3)
      try own.savePretrained(folder)
      let again = try AutoModelForMaskedLM.fromPretrained(folder)
      #expect(
        again(inputs, labels: nil).logits.distance(to: own(inputs, labels: nil).logits) == 0)
    }
  }

  @Test("a head that a file lacks is new, and one that the model lacks is not used; both are said")
  func otherHead() throws {
    try withFolder { folder in
      try masked().savePretrained(folder)
      let model = try AutoModelForSequenceClassification.fromPretrained(
        folder, overrides: ["num_labels": 3])
      let report = try #require(model.loadReport)
      #expect(
        report.missing == [
          "bert.pooler.dense.weight", "bert.pooler.dense.bias", "classifier.weight",
          "classifier.bias",
        ])
      #expect(report.unexpected.contains("cls.predictions.bias"))
      #expect(model(inputs, labels: nil).logits.shape == [2, 3])
      let classifier = try #require(model.stateDict()["classifier.weight"])
      let deviation = (classifier * classifier).mean().item().squareRoot()
      #expect(deviation > 0.01 && deviation < 0.03)
      #expect(model.configuration["architectures"] == ["BertForSequenceClassification"])
      #expect(try model.configuration.labels == ["LABEL_0", "LABEL_1", "LABEL_2"])
    }
  }

  @Test("the family's prefix may be missing or too much")
  func prefixes() throws {
    try withFolder { folder in
      try Generator(seed: 4).asDefault {
        let base = try AutoModel.fromConfiguration(tinyBert())
        try base.savePretrained(folder)
        let headed = try AutoModelForSequenceClassification.fromPretrained(folder)
        #expect(headed.loadReport?.missing == ["classifier.weight", "classifier.bias"])
        try headed.savePretrained(folder)
        let again = try AutoModel.fromPretrained(folder)
        #expect(again.loadReport?.missing == [])
        #expect(again.loadReport?.unexpected == ["classifier.bias", "classifier.weight"])
        for (name, tensor) in base.stateDict() {
          #expect(again.stateDict()[name]?.distance(to: tensor) == 0, "\(name)")
        }
      }
    }
  }

  @Test("TensorFlow's names of norms, and buffers of old versions, are no news")
  func oldNames() throws {
    try withFolder { folder in
      let model = try masked()
      try model.savePretrained(folder)
      let path = "\(folder)/model.safetensors"
      var old = StateDict()
      for (name, tensor) in try StateDict(safetensors: path) {
        old[
          name.replacing("LayerNorm.weight", with: "LayerNorm.gamma")
            .replacing("LayerNorm.bias", with: "LayerNorm.beta")] = tensor
      }
      old["bert.embeddings.position_ids"] = Tensor.arange(12).unsqueezed(0)
      try old.save(safetensors: path)
      let loaded = try AutoModelForMaskedLM.fromPretrained(folder)
      #expect(loaded.loadReport?.isClean == true)
      let expected = model(inputs, labels: nil).logits
      #expect(loaded(inputs, labels: nil).logits.distance(to: expected) == 0)
    }
  }

  @Test("a shape that differs is an error that names it, unless it may be new")
  func shapes() throws {
    try withFolder { folder in
      try masked().savePretrained(folder)
      let error = #expect(throws: ModelError.self) {
        try AutoModelForMaskedLM.fromPretrained(folder, overrides: ["vocab_size": 41])
      }
      #expect(error?.problem == .mismatch)
      #expect(error?.message.contains("word_embeddings.weight is [40, 16]") == true)
      let model = try AutoModelForMaskedLM.fromPretrained(
        folder, overrides: ["vocab_size": 41], ignoreMismatchedSizes: true)
      #expect(model.loadReport?.mismatched.count == 2)
      #expect(model(inputs, labels: nil).logits.shape == [2, 5, 41])
    }
  }

  @Test("weights keep the type they were saved with, unless another is asked for")
  func types() throws {
    try withFolder { folder in
      try Generator(seed: 3).asDefault {
        let model = try AutoModelForMaskedLM.fromConfiguration(tinyBert(), dtype: .bfloat16)
        #expect(model.parameters().allSatisfy { $0.dtype == .bfloat16 })
        try model.savePretrained(folder)
        let half = try AutoModelForMaskedLM.fromPretrained(folder)
        #expect(half.parameters().allSatisfy { $0.dtype == .bfloat16 })
        #expect(half(inputs, labels: nil).logits.dtype == .bfloat16)
        let wide = try AutoModelForMaskedLM.fromPretrained(folder, dtype: .float32)
        #expect(wide.parameters().allSatisfy { $0.dtype == .float32 })
      }
    }
  }

  @Test("missing and truncated files are errors that name them")
  func damage() throws {
    try withFolder { folder in
      let none = #expect(throws: ModelError.self) { try AutoModel.fromPretrained(folder) }
      #expect(none?.message.contains("config.json") == true)
      let absent = #expect(throws: ModelError.self) {
        try AutoModel.fromPretrained("\(folder)/absent")
      }
      #expect(absent?.problem == .missing)
      try masked().savePretrained(folder)
      let path = "\(folder)/model.safetensors"
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      try whole.prefix(whole.count - 100).write(to: URL(fileURLWithPath: path))
      let truncated = #expect(throws: CheckpointError.self) {
        try AutoModel.fromPretrained(folder)
      }
      #expect(truncated?.problem == .truncated)
      try FileManager.default.removeItem(atPath: path)
      let weights = #expect(throws: ModelError.self) { try AutoModel.fromPretrained(folder) }
      #expect(weights?.message.contains("model.safetensors") == true)
    }
  }
}
