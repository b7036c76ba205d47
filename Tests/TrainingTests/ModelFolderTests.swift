import Foundation
import MPITesting
import Testing
import Torus

@Suite("Commands for a model's folder")
struct ModelFolderTests {
  /// A small Llama with new weights and a byte-level tokenizer, saved in a sandbox.
  static func folder(in sandbox: RunSandbox, template: String? = nil) throws -> String {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
    let source = tests.appendingPathComponent("Conformance/huggingface/calls/gpt2").path
    let tokenizer = try AutoTokenizer.fromPretrained(source)
    let path = "\(sandbox.folder)/model"
    try tokenizer.savePretrained(path)
    if let template { try sandbox.file("model/chat_template.jinja", template) }
    let configuration = ModelConfiguration([
      "model_type": "llama", "vocab_size": .int(tokenizer.count), "hidden_size": 16,
      "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
      "num_key_value_heads": 1, "max_position_embeddings": 48, "bos_token_id": .null,
      "eos_token_id": .null,
    ])
    try Generator(seed: 1).asDefault {
      try AutoModelForCausalLM.fromConfiguration(configuration).savePretrained(path)
    }
    return path
  }

  @Test("generate continues a text, alike for a seed, and refuses what it cannot do")
  func generate() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let path = try Self.folder(in: sandbox)
    let drawn = ["generate", path, "--prompt", "the", "--max-new-tokens", "6", "--top-k", "40"]
    let first = try await sandbox.train(drawn, ranks: 0)
    #expect(first.status == 0 && !first.output.isEmpty, "\(first.tail)")
    #expect(try await sandbox.train(drawn, ranks: 0).output == first.output)
    try sandbox.file("bad.txt", Data([0x61, 0xff]))
    for (arguments, words) in [
      (["--prompt", String(repeating: "word ", count: 100)], "the model's context 48"),
      (["--prompt-file", "bad.txt"], "is not UTF-8"),
      (["--prompt-file", "none.txt"], "cannot be read"),
      (["--prompt", "a", "--count", "3"], "--max-new-tokens"),
      (["--prompt", "a", "--set", "no_such=1"], "no_such"),
    ] {
      let result = try await sandbox.train(["generate", path] + arguments, ranks: 0)
      #expect(result.status == 1 && result.errors.contains(words), "\(result.tail)")
    }
    let missing = try await sandbox.train(["generate", "nowhere", "--prompt", "a"], ranks: 0)
    #expect(missing.status == 1 && missing.errors.contains("nowhere"), "\(missing.tail)")
    let weights = "\(path)/model.safetensors"
    let whole = try #require(FileManager.default.contents(atPath: weights))
    try whole.dropLast(50).write(to: URL(fileURLWithPath: weights))
    let cut = try await sandbox.train(["generate", path, "--prompt", "a"], ranks: 0)
    #expect(cut.status == 1 && cut.errors.contains("model.safetensors"), "\(cut.tail)")
  }

  @Test("check tells a folder that is the same from one that is not")
  func check() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let path = try Self.folder(in: sandbox)
    let early = try await sandbox.train(["check", path], ranks: 0)
    #expect(early.status == 1 && early.errors.contains("--record"), "\(early.tail)")
    let recorded = try await sandbox.train(
      ["check", path, "--record", "--text", "one", "--text", "zwölf"], ranks: 0)
    #expect(recorded.status == 0 && recorded.output.contains("2 texts"), "\(recorded.tail)")
    let same = try await sandbox.train(["check", path], ranks: 0)
    #expect(same.status == 0 && same.output.contains("as recorded"), "\(same.tail)")
    let model = try AutoModelForCausalLM.fromPretrained(path)
    for parameter in model.parameters().suffix(1) { Init.normal(parameter, std: 0.1) }
    try model.savePretrained(path)
    let changed = try await sandbox.train(["check", path], ranks: 0)
    #expect(changed.status == 1 && changed.output.contains("logits differ"), "\(changed.tail)")
  }

  @Test("a GGUF file is checked and continued with the tokenizer beside it, or recorded ids")
  func gguf() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let path = try Self.folder(in: sandbox)
    let recorded = try await sandbox.train(["check", path, "--record"], ranks: 0)
    #expect(recorded.status == 0, "\(recorded.tail)")
    try AutoModelForCausalLM.fromPretrained(path).saveGGUF("\(path)/model.gguf", type: .f32)
    try FileManager.default.removeItem(atPath: "\(path)/model.safetensors")
    let bare = "\(sandbox.folder)/bare.gguf"
    try FileManager.default.copyItem(atPath: "\(path)/model.gguf", toPath: bare)
    for arguments in [
      [path], ["\(path)/model.gguf"], [bare, "--file", "\(path)/expectations.json"],
    ] {
      let same = try await sandbox.train(["check"] + arguments, ranks: 0)
      #expect(same.status == 0 && same.output.contains("as recorded"), "\(same.tail)")
    }
    let prompt = ["--prompt", "the", "--max-new-tokens", "6"]
    let first = try await sandbox.train(["generate", path] + prompt, ranks: 0)
    let second = try await sandbox.train(["generate", "\(path)/model.gguf"] + prompt, ranks: 0)
    #expect(first.status == 0 && first.output == second.output, "\(second.tail)")
    let lonely = try await sandbox.train(["generate", bare] + prompt, ranks: 0)
    #expect(lonely.status == 1 && lonely.errors.contains("there is no tokenizer"))
  }

  @Test("a GGUF file with its tokenizer inside is checked, continued and talked to, alone as it is")
  func completeGGUF() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let path = try Self.folder(
      in: sandbox, template: "{% for m in messages %}{{ m.content }}{% endfor %}")
    let recorded = try await sandbox.train(
      ["check", path, "--record", "--text", "the first", "--text", "zwölf"], ranks: 0)
    #expect(recorded.status == 0, "\(recorded.tail)")
    let alone = "\(sandbox.folder)/alone"
    try FileManager.default.createDirectory(atPath: alone, withIntermediateDirectories: true)
    try AutoModelForCausalLM.fromPretrained(path).saveGGUF(
      "\(alone)/model.gguf", type: .f32, tokenizer: AutoTokenizer.fromPretrained(path))
    let prompt = ["--prompt", "the", "--max-new-tokens", "6"]
    let first = try await sandbox.train(["generate", path] + prompt, ranks: 0)
    #expect(first.status == 0, "\(first.tail)")
    for place in [alone, "\(alone)/model.gguf"] {
      let same = try await sandbox.train(
        ["check", place, "--file", "\(path)/expectations.json"], ranks: 0)
      #expect(same.status == 0 && same.output.contains("as recorded"), "\(same.tail)")
      let second = try await sandbox.train(["generate", place] + prompt, ranks: 0)
      #expect(second.output == first.output, "\(second.tail)")
    }
    let talk = try await sandbox.train(["chat", alone, "--max-new-tokens", "3"], ranks: 0)
    #expect(talk.status == 0, "\(talk.tail)")
    try sandbox.file("texts.txt", String(repeating: "the first text of many\n", count: 40))
    try sandbox.file(
      "tune.yaml",
      """
      task: causal-lm
      model: \(alone)/model.gguf
      data: {train: texts.txt, lines: document}
      packing: true
      max_length: 16
      batch_size: 2
      epochs: null
      steps: 2
      lr: 1e-3
      run_dir: runs/tuned
      """)
    let tuned = try await sandbox.train(["finetune", "tune.yaml"], ranks: 0)
    #expect(tuned.status == 0, "\(tuned.tail)")
    let saved = try AutoTokenizer.fromPretrained("\(sandbox.folder)/runs/tuned/model")
    #expect(try saved("the").inputIds == AutoTokenizer.fromPretrained(path)("the").inputIds)
  }

  @Test("weights in blocks write as well, and other words for them are refused")
  func quantized() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let path = try Self.folder(in: sandbox)
    let prompt = [
      "generate", path, "--prompt", "the", "--max-new-tokens", "6", "--temperature", "0",
    ]
    for format in ["q8_0", "q4_0", "nf4"] {
      let written = try await sandbox.train(prompt + ["--quantize", format], ranks: 0)
      #expect(written.status == 0 && !written.output.isEmpty, "\(written.tail)")
    }
    let other = try await sandbox.train(prompt + ["--quantize", "int3"], ranks: 0)
    #expect(other.status != 0 && other.errors.contains("q8_0, q4_0 or nf4"), "\(other.tail)")
  }

  @Test("a conversation keeps to its template and drops the oldest messages where room ends")
  func conversation() throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let path = try Self.folder(in: sandbox)
    #expect(throws: TextError.self) {
      try Conversation(try TextWriter(folder: path), config: GenerationConfig(), seed: 1)
    }
    try sandbox.file(
      "model/chat_template.jinja",
      "{% for m in messages %}{{ m.role[0] }}:{{ m.content }};{% endfor %}a:")
    let writer = try TextWriter(folder: path)
    var config = writer.config
    config.maxNewTokens = 4
    var talk = try Conversation(writer, config: config, seed: 1)
    var streamed = ""
    let answer = try talk.say("hi") { streamed += $0 }
    #expect(streamed == answer && talk.count == 2)
    for _ in 0..<8 { _ = try talk.say("well well") }
    #expect(talk.dropped > 0 && talk.dropped % 2 == 0)
    let before = talk.count
    #expect(throws: TextError.self) { try talk.say(String(repeating: "long ", count: 90)) }
    #expect(talk.count == before)
    talk.reset()
    #expect(talk.count == 0)
  }
}
