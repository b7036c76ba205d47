import Checkpoints
import Foundation
import NN
import Optimizers
import Tensors
import Testing
import Transformers

/// Low-rank adapters beside a model's layers.
@Suite("Low-rank adapters")
struct LoraTests {
  private let inputs = ModelInputs(inputIds: tokens, attentionMask: mask)

  private func classifier() throws -> any LabelledModel {
    let model = try Generator(seed: 3).asDefault {
      try AutoModelForSequenceClassification.fromConfiguration(tinyBert())
    }
    model.eval()
    return model
  }

  private func logits(_ model: any LabelledModel) -> Tensor {
    noGrad { model(inputs, labels: nil).logits }
  }

  @Test("a new adapter changes nothing, trains alone, and is taken out without a trace")
  func training() throws {
    let model = try classifier()
    let (before, state) = (logits(model), model.stateDict())
    let peft = try PeftModel(model, LoraConfig(r: 2, targetModules: ["query", "value"]))
    #expect(logits(model).distance(to: before) == 0)
    #expect(peft.trainable.count == 8)
    #expect(peft.trainable.allSatisfy { $0.name.contains("lora_") })
    let optimizer = AdamW(peft.trainableParameters, lr: 0.05)
    var losses: [Float] = []
    for _ in 0..<5 {
      optimizer.zeroGrad()
      guard let loss = model(inputs, labels: Tensor([0, 1])).loss else { return }
      losses.append(loss.item())
      loss.backward()
      optimizer.step()
    }
    #expect(losses[4] < losses[0])
    let trained = logits(model)
    #expect(trained.distance(to: before) > 1e-3)
    peft.withoutAdapters { #expect(logits(model).distance(to: before) == 0) }
    try peft.merge()
    #expect(logits(model).distance(to: trained) < 1e-5)
    peft.withoutAdapters { #expect(logits(model).distance(to: before) == 0) }
    peft.unload()
    #expect(logits(model).distance(to: before) == 0)
    #expect(model.stateDict().names == state.names)
  }

  @Test("biases that train and take in those of B are what they were, where adapters are left out")
  func mergedBiases() throws {
    let model = try classifier()
    let before = logits(model)
    var config = LoraConfig(r: 2, targetModules: ["query"])
    (config.bias, config.loraBias) = (.all, true)
    let peft = try PeftModel(model, config)
    noGrad {
      for parameter in peft.trainableParameters {
        parameter.assign(Tensor.ones(like: parameter.value) * 0.5)
      }
    }
    let changed = logits(model)
    try peft.merge()
    #expect(logits(model).distance(to: changed) < 1e-5)
    peft.withoutAdapters { #expect(logits(model).distance(to: before) == 0) }
    #expect(logits(model).distance(to: changed) < 1e-5)
  }

  private func writer() throws -> any Seq2SeqLanguageModel {
    let configuration = ModelConfiguration([
      "model_type": "t5", "vocab_size": 20, "d_model": 8, "d_kv": 4, "d_ff": 8, "num_layers": 1,
      "num_heads": 2, "decoder_start_token_id": 0, "pad_token_id": 0,
    ])
    let model = try Generator(seed: 4).asDefault {
      try AutoModelForSeq2SeqLM.fromConfiguration(configuration)
    }
    model.eval()
    return model
  }

  private func scores(_ model: any Seq2SeqLanguageModel) -> Tensor {
    noGrad { model(inputIds: Tensor([[3, 4, 5]]), labels: Tensor([[6, 7]])).logits }
  }

  @Test(
    "encoder and decoder read tables of their own, and beside the shared one nothing has an effect")
  func sharedTables() throws {
    let model = try writer()
    let before = scores(model)
    var config = LoraConfig(r: 2, targetModules: ["shared"])
    config.initialization = .random
    let idle = try PeftModel(model, config)
    #expect(scores(model).distance(to: before) == 0)
    idle.unload()
    config.targetModules = .list(["embed_tokens"])
    let peft = try PeftModel(model, config)
    #expect(peft.layers.map(\.name).sorted() == ["decoder.embed_tokens", "encoder.embed_tokens"])
    let adapted = scores(model)
    #expect(adapted.distance(to: before) > 1e-3)
    try withFolder { folder in
      try peft.savePretrained(folder)
      let other = try writer()
      _ = try PeftModel.fromPretrained(other, folder)
      #expect(scores(other).distance(to: adapted) == 0)
    }
  }

  @Test("a table that trains in full leaves those that shared its weight as they were")
  func savedTables() throws {
    for (name, changes) in [("shared", false), ("embed_tokens", true), ("lm_head", true)] {
      let model = try writer()
      let before = scores(model)
      var config = LoraConfig(r: 2, targetModules: ["q"])
      config.modulesToSave = [name]
      let peft = try PeftModel(model, config)
      let own = peft.trainable.filter { !$0.name.contains("lora_") }
      #expect(own.count == (name == "embed_tokens" ? 2 : 1))
      for (_, parameter) in own { parameter.assign(parameter.value.detach() * 1.5) }
      #expect((scores(model).distance(to: before) > 0) == changes, "\(name)")
      let wanted = scores(model)
      try withFolder { folder in
        try peft.savePretrained(folder)
        let other = try writer()
        _ = try PeftModel.fromPretrained(other, folder)
        #expect(scores(other).distance(to: wanted) == 0, "\(name)")
      }
      // The whole model keeps the tables apart in its file as well.
      try peft.mergeAndUnload()
      try withFolder { folder in
        try model.savePretrained(folder)
        let again = try AutoModelForSeq2SeqLM.fromPretrained(folder)
        #expect(scores(again).distance(to: scores(model)) == 0, "\(name)")
      }
    }
  }

  @Test("adapters are saved without the base model and loaded beside it")
  func files() throws {
    try withFolder { folder in
      let model = try classifier()
      var config = LoraConfig(r: 3, loraAlpha: 6, usesDora: true, taskType: "SEQ_CLS")
      config.initialization = .random
      let peft = try PeftModel(model, config)
      let expected = logits(model)
      try peft.merge()
      try peft.savePretrained(folder)
      let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      #expect(files == ["adapter_config.json", "adapter_model.safetensors"])
      let other = try classifier()
      let loaded = try PeftModel.fromPretrained(other, folder)
      #expect(logits(other).distance(to: expected) == 0)
      #expect(loaded.trainable.isEmpty)
      #expect(loaded.config.targetModules == .list(["query", "value"]))
      #expect(loaded.config.modulesToSave == ["classifier", "score"])
    }
  }

  @Test("names that PEFT gives biases of modules that train in full are known")
  func infixes() throws {
    let model = try classifier()
    var config = LoraConfig(r: 2, targetModules: ["query"], taskType: "SEQ_CLS")
    config.bias = .all
    let peft = try PeftModel(model, config)
    for parameter in peft.trainableParameters { parameter.assign(parameter.value.detach() + 0.1) }
    let wanted = logits(model)
    try withFolder { folder in
      try peft.savePretrained(folder)
      let url = URL(fileURLWithPath: "\(folder)/adapter_model.safetensors")
      let own = try SafetensorsFile(path: url.path)
      for infix in ["modules_to_save.default", "modules_to_save"] {
        let renamed = own.tensors.map { tensor in
          StoredTensor(
            name: tensor.name.replacing("model.classifier.", with: "model.classifier.\(infix)."),
            dtype: tensor.dtype, shape: tensor.shape, bytes: tensor.bytes)
        }
        #expect(renamed.contains { $0.name.hasSuffix("\(infix).bias") })
        try SafetensorsWriter.write(renamed, to: "\(folder)/renamed.safetensors")
        try FileManager.default.removeItem(at: url)
        try FileManager.default.moveItem(
          atPath: "\(folder)/renamed.safetensors", toPath: url.path)
        let fresh = try classifier()
        _ = try PeftModel.fromPretrained(fresh, folder)
        #expect(logits(fresh).distance(to: wanted) == 0)
      }
    }
  }

  @Test("a model with adapters is not saved as if it had none, but merged it is")
  func saving() throws {
    try withFolder { folder in
      let model = try classifier()
      var config = LoraConfig(r: 2)
      config.initialization = .random
      let peft = try PeftModel(model, config)
      let expected = logits(model)
      #expect(throws: ModelError.self) { try model.savePretrained(folder) }
      #expect(throws: ModelError.self) { try PeftModel(model, config) }
      try peft.mergeAndUnload()
      try model.savePretrained(folder)
      let merged = try AutoModelForSequenceClassification.fromPretrained(folder)
      #expect(logits(merged).distance(to: expected) < 1e-5)
      #expect(model.parameters().allSatisfy { $0.requiresGrad })
    }
  }

  @Test("bfloat16 weights get adapters in float32")
  func halfWeights() throws {
    let model = try classifier()
    model.to(.bfloat16)
    let peft = try PeftModel(model, LoraConfig(r: 2))
    #expect(peft.trainableParameters.allSatisfy { $0.dtype == .float32 })
    let loss = model(inputs, labels: Tensor([0, 1])).loss
    loss?.backward()
    #expect(peft.trainableParameters.contains { $0.grad != nil })
    #expect(logits(model).dtype == .bfloat16)
  }

  @Test("settings that cannot be followed are errors that name them")
  func refusals() throws {
    func error(_ fields: String) throws -> String {
      try withFolder { folder in
        let peft = try PeftModel(try classifier(), LoraConfig(r: 2))
        try peft.savePretrained(folder)
        let text =
          #"{"peft_type": "LORA", "target_modules": ["query", "value"], "r": 2, \#(fields)}"#
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/adapter_config.json"))
        let model = try classifier()
        let error = #expect(throws: ModelError.self) {
          _ = try PeftModel.fromPretrained(model, folder)
        }
        // What failed leaves the model as it was.
        #expect(model.parameters().allSatisfy { $0.requiresGrad })
        #expect(!model.modules().contains { $0 is LayerAdapter })
        return error?.description ?? ""
      }
    }
    for (field, value) in [
      ("init_lora_weights", #""pissa""#), ("use_qalora", "true"), ("layer_replication", "[[0, 1]]"),
      ("trainable_token_indices", "[1]"), ("bias", #""some""#), ("target_modules", #"["nothing"]"#),
      ("target_modules", #"["attention"]"#), ("target_modules", #""(""#), ("r", "0"),
      ("modules_to_save", #"["no_such"]"#), ("peft_type", #""LOHA""#), ("my_own", "7"),
      ("layers_pattern", #""layer""#), ("lora_dropout", "2"),
    ] {
      #expect(try error(#""\#(field)": \#(value)"#).contains(field), "\(field) \(value)")
    }
    #expect(try error(#""rank_pattern": {"query": 3}"#).contains("[2, 16]"))
    #expect(try error(#""use_dora": true"#).contains("lora_magnitude_vector"))
    // Null and empty ask for nothing.
    try withFolder { folder in
      let peft = try PeftModel(try classifier(), LoraConfig(r: 2))
      try peft.savePretrained(folder)
      let path = "\(folder)/adapter_config.json"
      let text = try String(contentsOfFile: path, encoding: .utf8)
        .replacing("\"r\": 2", with: "\"r\": 2, \"use_qalora\": false, \"eva_config\": null")
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      _ = try PeftModel.fromPretrained(try classifier(), folder)
    }
  }

  @Test("layers are chosen by number, pattern and name")
  func targets() throws {
    func names(_ change: (inout LoraConfig) -> Void) throws -> [String] {
      var config = LoraConfig(r: 2, targetModules: ["query", "output.dense"])
      change(&config)
      return try PeftModel(try classifier(), config).layers.map(\.name)
    }
    #expect(try names { _ in }.count == 6)
    #expect(try names { $0.layersToTransform = [1] }.allSatisfy { $0.contains("layer.1.") })
    #expect(try names { $0.excludeModules = .list(["attention.output.dense"]) }.count == 4)
    #expect(try names { $0.excludeModules = .regex(".*layer\\.0.*") }.count == 3)
    #expect(try names { $0.targetModules = .regex(".*(key|pooler.dense)") }.count == 3)
    let all = try names {
      $0.targetModules = .allLinear
      $0.taskType = "SEQ_CLS"
    }
    #expect(all.count == 13 && !all.contains("classifier"))
  }
}
