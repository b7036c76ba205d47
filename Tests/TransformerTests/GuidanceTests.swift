import Foundation
import Tensors
import Testing
import Transformers

@Suite("Guidance")
struct GuidanceTests {
  private func model() throws -> any GenerativeModel {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("Conformance/huggingface/generation/mistral-window").path
    return try #require(try Pretrained.load(path) as? any GenerativeModel)
  }

  private let prompt = Tensor([[5, 90, 17, 5, 90, 44, 120, 5]])
  private let negative = Tensor([[0, 44, 7, 90]])

  private func tokens(
    _ settings: [String: ConfigurationValue], negative: Tensor? = nil, mask: Tensor? = nil
  ) throws -> [Int] {
    let config = try GenerationConfig(
      settings: settings.merging(["max_new_tokens": 8]) { a, _ in a })
    let output = try model().generate(
      prompt, config: config, negativePromptIds: negative, negativePromptAttentionMask: mask)
    return Array(output.rows[0].dropFirst(prompt.shape[1]))
  }

  // Made by transformers 5.24: `generate(prompt, max_new_tokens=8, guidance_scale=…)`.
  @Test("guidance writes what transformers writes")
  func golden() throws {
    let alone = try tokens(["guidance_scale": 2.5])
    #expect(alone == [120, 263, 123, 116, 108, 74, 42, 225])
    #expect(try tokens(["guidance_scale": 2.5, "use_cache": false]) == alone)
    #expect(
      try tokens(["guidance_scale": 1.8], negative: negative)
        == [156, 174, 249, 195, 285, 123, 268, 113])
    #expect(
      try tokens(["guidance_scale": 1.8], negative: negative, mask: negative.ne(0))
        == [123, 191, 73, 23, 168, 162, 240, 238])
    #expect(
      try tokens(["guidance_scale": 1.8, "num_beams": 2])
        == [172, 229, 229, 88, 251, 288, 211, 296])
    #expect(try tokens(["guidance_scale": 1], negative: negative) == tokens([:]))
  }

  // Made by transformers 5.24: `generate(prompt, max_new_tokens=8, watermarking_config=…)`.
  @Test("a watermark is transformers'")
  func watermark() throws {
    func marked(_ watermark: WatermarkingConfig) throws -> [Int] {
      var config = GenerationConfig(maxNewTokens: 8)
      config.watermarkingConfig = watermark
      return Array(try model().generate(prompt, config: config).rows[0].dropFirst(8))
    }
    let expected = [123, 93, 4, 38, 39, 136, 292, 61]
    #expect(try tokens(["watermarking_config": ["bias": 4.0]]) == expected)
    #expect(try marked(WatermarkingConfig(bias: 4)) == expected)
    #expect(
      try marked(WatermarkingConfig(greenlistRatio: 0.1, bias: 6, hashingKey: 77))
        == [172, 245, 85, 50, 282, 202, 207, 214])
    #expect(
      try marked(WatermarkingConfig(bias: 4, seedingScheme: .selfHash, contextWidth: 2))
        == [172, 96, 229, 229, 159, 109, 48, 95])
    let error = #expect(throws: GenerationError.self) {
      try tokens(["watermarking_config": ["seeding_scheme": "righthash"]])
    }
    #expect(error?.setting == "watermarking_config")
  }

  @Test("guidance by scores of both halves adds their difference to the second")
  func halves() throws {
    let guidance = try ClassifierFreeGuidanceLogitsProcessor(guidanceScale: 3)
    let scores = try guidance([[0]], Tensor([[1, 5], [2, 4]] as [[Float]]))
    #expect(scores.array(of: Float.self) == [-1, 7])
    #expect(throws: GenerationError.self) { try guidance([[0]], Tensor([[1, 5]] as [[Float]])) }
  }

  @Test("drafts do not change what guidance writes")
  func drafts() throws {
    let plain = try tokens(["guidance_scale": 1.8], negative: negative)
    #expect(
      try tokens(["guidance_scale": 1.8, "prompt_lookup_num_tokens": 3], negative: negative)
        == plain)
    let assisted = try model().generate(
      prompt, config: GenerationConfig(settings: ["max_new_tokens": 8, "guidance_scale": 1.8]),
      negativePromptIds: negative, assistant: model())
    #expect(Array(assisted.rows[0].dropFirst(8)) == plain)
  }

  @Test("several rows of one prompt share its negative prompt")
  func rows() throws {
    let drawn = try model().generate(
      prompt,
      config: GenerationConfig(settings: [
        "max_new_tokens": 3, "guidance_scale": 1.8, "do_sample": true, "top_k": 1,
        "num_return_sequences": 2,
      ]), negativePromptIds: negative)
    #expect(drawn.rows.map { Array($0.dropFirst(8)) } == [[156, 174, 249], [156, 174, 249]])
  }

  @Test("a negative prompt that does not fit is refused by name")
  func refused() throws {
    func problem(_ ids: Tensor?, _ mask: Tensor? = nil) -> String? {
      do {
        _ = try tokens(["guidance_scale": 2], negative: ids, mask: mask)
        return nil
      } catch {
        return (error as? GenerationError)?.setting
      }
    }
    #expect(problem(Tensor([[1_000_000]])) == "negative_prompt_ids")
    #expect(problem(Tensor([1, 2])) == "negative_prompt_ids")
    #expect(problem(Tensor([[1], [2]])) == "negative_prompt_ids")
    #expect(problem(Tensor([[1, 2]]), Tensor([[1]])) == "negative_prompt_attention_mask")
    #expect(problem(nil, Tensor([[1]])) == "negative_prompt_attention_mask")
  }

  @Test("scores that are NaN end generation with the token's number", arguments: [1, 3])
  func notANumber(beams: Int) throws {
    struct Spoiler: LogitsProcessor {
      func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
        inputIds[0].count < 10 ? scores : scores * Double.nan
      }
    }
    for draws in [false, true] {
      let config = try GenerationConfig(settings: [
        "max_new_tokens": 8, "num_beams": .int(beams), "do_sample": .bool(draws),
        "eos_token_id": 299,
      ])
      let error = try #require(throws: GenerationError.self) {
        try model().generate(prompt, config: config, logitsProcessors: [Spoiler()])
      }
      #expect(error.setting == "logits")
      #expect(error.problem.contains("generated token 3 are NaN"), "\(error)")
    }
  }

  @Test("warpers give the filter value to what they leave out")
  func filterValue() throws {
    let scores = Tensor([[1.0, 4.0, 2.0, 3.0]] as [[Float]])
    let warpers: [any LogitsProcessor] = [
      try TopKLogitsWarper(topK: 1, filterValue: -7),
      try TopPLogitsWarper(topP: 0.1, filterValue: -7),
      try MinPLogitsWarper(minP: 0.9, filterValue: -7),
      try TopHLogitsWarper(topH: 0.01, filterValue: -7),
      try EpsilonLogitsWarper(epsilon: 0.6, filterValue: -7),
    ]
    for warper in warpers {
      #expect(try warper([[0]], scores).array(of: Float.self) == [-7, 4, -7, -7], "\(warper)")
    }
  }
}
