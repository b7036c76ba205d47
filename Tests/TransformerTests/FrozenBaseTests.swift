import Foundation
import NN
import Optimizers
import Tensors
import Testing
import Transformers

/// What stays as it is while adapters are trained: weights in mapped files, and weights in blocks.
@Suite("Frozen base models")
struct FrozenBaseTests {
  private let llama = ModelConfiguration([
    "model_type": "llama", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 64,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "max_position_embeddings": 32,
  ])
  private let ids = ModelInputs(inputIds: Tensor([[5, 9, 33, 2, 60], [1, 2, 3, 4, 5]]))

  private func saved(_ folder: String) throws {
    let model = try Generator(seed: 3).asDefault {
      try AutoModelForCausalLM.fromConfiguration(llama)
    }
    try model.savePretrained(folder)
  }

  private func logits(_ model: Module) throws -> Tensor {
    let model = try #require(model as? any LabelledModel)
    return noGrad { model(ids, labels: nil).logits }
  }

  /// Whether a tensor's memory belongs to a file of this process.
  private func isMapped(_ tensor: Tensor, _ file: String) throws -> Bool {
    let address = tensor.withBytes { UInt(bitPattern: $0.baseAddress) }
    // The file has no size, so that it is read until it ends.
    let handle = try #require(FileHandle(forReadingAtPath: "/proc/self/maps"))
    let maps = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
    return maps.split(separator: "\n").contains { line in
      guard line.hasSuffix(file), let range = line.split(separator: " ").first else { return false }
      let bounds = range.split(separator: "-").compactMap { UInt($0, radix: 16) }
      return bounds.count == 2 && bounds[0] <= address && address < bounds[1]
    }
  }

  @Test("mapped weights lie in the file, compute the same, and change for this process alone")
  func mapped() throws {
    try withFolder { folder in
      try saved(folder)
      let file = "\(folder)/model.safetensors"
      let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
      let copied = try Pretrained.load(folder, task: .causalLM)
      let mapped = try Pretrained.load(folder, task: .causalLM, .init(mapsWeights: true))
      let large = mapped.namedParameters().filter { $0.parameter.count >= 1024 }
      #expect(large.count >= 8)
      for (name, parameter) in large {
        #expect(try isMapped(parameter.value.detach(), "model.safetensors"), "\(name)")
      }
      #expect(
        try !isMapped(try #require(copied.parameters().first).value.detach(), "model.safetensors"))
      #expect(try logits(mapped).distance(to: logits(copied)) == 0)
      let weight = try #require(large.first?.parameter)
      weight.assign(Tensor.zeros(weight.shape))
      #expect(weight.value.abs().sum().item(Float.self) == 0)
      #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == bytes)
    }
  }

  @Test(
    "a product with blocks is that of the rounded weight, and so is its gradient",
    arguments: [BlockTensor.Format.q8_0, .q4_0, .nf4])
  func products(format: BlockTensor.Format) {
    let generator = Generator(seed: 5)
    let weight = Tensor.randn([48, 32], generator: generator)
    let blocks = BlockTensor(weight, format)
    let rounded = blocks.tensor()
    let error = (rounded - weight).abs().max().item(Float.self)
    #expect(error > 0 && error < (format == .q8_0 ? 0.02 : 0.5))
    for isTransposed in [false, true] {
      let data = Tensor.randn([2, 3, isTransposed ? 48 : 32], generator: generator)
      let bias = Tensor.randn([isTransposed ? 32 : 48], generator: generator)
      var (x, y) = (data.clone(), data.clone())
      x.requiresGrad = true
      y.requiresGrad = true
      let a = x.linear(blocks, bias, isTransposed: isTransposed)
      let b = isTransposed ? y.matmul(rounded) + bias : y.linear(rounded, bias)
      #expect(a.detach().distance(to: b.detach()) < 1e-5)
      a.square().sum().backward()
      b.square().sum().backward()
      guard let first = x.grad, let second = y.grad else { continue }
      #expect(first.distance(to: second) < 1e-3)
    }
  }

  @Test(
    "heads in blocks score a few rows, and exactly where there are many or their weight is trained")
  func heads() throws {
    for isTied in [true, false] {
      let configuration = llama
      configuration["tie_word_embeddings"] = .bool(isTied)
      let model = try Generator(seed: 3).asDefault {
        try AutoModelForCausalLM.fromConfiguration(configuration)
      }
      let few = ModelInputs(inputIds: Tensor([[5, 9, 33]]))
      func score(_ inputs: ModelInputs) -> Tensor {
        noGrad { model(inputs, labels: nil).logits }
      }
      let (before, beforeMany, count) = (score(few), score(ids), model.parameterCount)
      #expect(model.quantizeHeads(.q8_0) == 64 * 32)
      #expect(model.quantizeHeads(.q8_0) == 0)
      #expect(model.parameterCount == (isTied ? count : count - 64 * 32))
      let distance = score(few).distance(to: before)
      #expect(distance > 0 && distance < 0.01, "\(isTied) \(distance)")
      #expect(score(ids).equal(beforeMany) == isTied)
      let trained = model(few, labels: nil).logits.detach()
      #expect(trained.equal(before) == isTied)
      // A copy goes its own way, and keeps its blocks.
      let copy = model.copy()
      #expect(noGrad { copy(few, labels: nil).logits }.equal(score(few)))
      model.unquantizeHeads()
      #expect(isTied ? score(few).equal(before) : score(few).distance(to: before) < 0.01)
      let values = model.parameters().reduce(0) { $0 + $1.count }
      #expect(values == count)
    }
  }

  @Test("adapters learn beside weights in blocks, which have no place among the parameters")
  func blocks() throws {
    try withFolder { folder in
      try saved(folder)
      let model = try Pretrained.load(folder, task: .causalLM)
      let before = try logits(model)
      let peft = try PeftModel(model, LoraConfig(r: 2, taskType: "CAUSAL_LM"))
      // Seven weights in each of two layers; the head stays.
      #expect(model.quantizeLinearWeights(.q8_0) == 14)
      #expect(model.quantizeLinearWeights(.q8_0) == 0)
      let names = Set(model.namedParameters().map(\.name))
      #expect(!names.contains("model.layers.0.mlp.up_proj.weight"))
      #expect(names.contains("model.layers.0.self_attn.q_proj.lora_A.weight"))
      let quantized = try logits(model)
      #expect(quantized.distance(to: before) > 0 && quantized.distance(to: before) < 0.05)
      let optimizer = AdamW(peft.trainableParameters, lr: 0.02)
      var losses: [Float] = []
      let labelled = try #require(model as? any LabelledModel)
      for _ in 0..<6 {
        optimizer.zeroGrad()
        let loss = try #require(labelled(ids, labels: ids.inputIds).loss)
        losses.append(loss.item(Float.self))
        loss.backward()
        optimizer.step()
      }
      #expect(losses[5] < losses[0])
      let trained = try logits(model)
      try peft.savePretrained("\(folder)/adapter")
      // Merged, the adapted weights are numbers again.
      try peft.mergeAndUnload()
      #expect(try logits(model).distance(to: trained) < 1e-4)
    }
  }

  @Test("an adapters' folder names its base, beside it or as it stands")
  func auto() throws {
    try withFolder { folder in
      try saved("\(folder)/frozen-base")
      let model = try Pretrained.load("\(folder)/frozen-base", task: .causalLM)
      for (name, place) in [("near", "../frozen-base"), ("far", "\(folder)/frozen-base")] {
        var config = LoraConfig(r: 2, taskType: "CAUSAL_LM")
        config.initialization = .random
        config.baseModelNameOrPath = place
        let peft = try PeftModel(model, config)
        let wanted = try logits(model)
        try peft.savePretrained("\(folder)/\(name)")
        peft.unload()
        let loaded = try AutoPeftModel.fromPretrained("\(folder)/\(name)")
        #expect(try logits(loaded.model).distance(to: wanted) < 1e-6)
        // Read as a model of its own, it is merged.
        let merged = try Pretrained.load("\(folder)/\(name)")
        #expect(try logits(merged).distance(to: wanted) < 1e-5)
        #expect(merged.namedParameters().allSatisfy { !$0.name.contains("lora") })
      }
      var config = LoraConfig(r: 2, taskType: "CAUSAL_LM")
      config.baseModelNameOrPath = nil
      try PeftModel(model, config).savePretrained("\(folder)/nameless")
      #expect {
        try AutoPeftModel.fromPretrained("\(folder)/nameless")
      } throws: { "\($0)".contains("base_model_name_or_path") }
    }
  }

  @Test("an adapters' folder finds its base in the hub's cache, by the base's own revision")
  func hub() throws {
    try withFolder { folder in
      let (base, adapter) = ("\(folder)/models--org--tiny", "\(folder)/models--me--tuned")
      let commit = String(repeating: "a", count: 40)
      try saved("\(base)/snapshots/\(commit)")
      let model = try Pretrained.load("\(base)/snapshots/\(commit)", task: .causalLM)
      var config = LoraConfig(r: 2, taskType: "CAUSAL_LM")
      config.initialization = .random
      config.baseModelNameOrPath = "org/tiny"
      config.revision = "v1"
      let peft = try PeftModel(model, config)
      let wanted = try logits(model)
      let own = String(repeating: "b", count: 40)
      try peft.savePretrained("\(adapter)/snapshots/\(own)")
      for (place, name, content) in [(base, "v1", commit), (adapter, "main", own)] {
        try FileManager.default.createDirectory(
          atPath: "\(place)/refs", withIntermediateDirectories: true)
        try Data(content.utf8).write(to: URL(fileURLWithPath: "\(place)/refs/\(name)"))
      }
      let options = PretrainedOptions(cache: folder)
      let loaded = try AutoPeftModel.fromPretrained("me/tuned", options)
      #expect(try logits(loaded.model).distance(to: wanted) < 1e-6)
      let merged = try Pretrained.load("me/tuned", options)
      #expect(try logits(merged).distance(to: wanted) < 1e-5)
      // The base's revision is not the adapters': one that is not there is named.
      try FileManager.default.removeItem(atPath: "\(base)/refs/v1")
      #expect {
        try AutoPeftModel.fromPretrained("me/tuned", options)
      } throws: { "\($0)".contains("v1") || "\($0)".contains("org/tiny") }
    }
  }
}
