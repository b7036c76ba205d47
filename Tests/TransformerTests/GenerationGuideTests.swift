import Foundation
import Tensors
import Testing
import Transformers

/// The examples of docs/nlp.md, on a small model.
@Suite("The guide to generation")
struct GenerationGuideTests {
  private struct NoOddTokens: LogitsProcessor {
    func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
      scores.maskedFill(Tensor.arange(scores.size(-1)).remainder(2).eq(1), -Double.infinity)
    }
  }

  @Test("its examples work")
  func examples() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("Conformance/huggingface/generation/mistral-window").path
    let model = try AutoModelForCausalLM.fromPretrained(path)
    var config = GenerationConfig()
    config.maxNewTokens = 20
    let output = try model.generate(Tensor([[5, 90, 17]]), config: config)
    #expect(output.rows[0].prefix(3) == [5, 90, 17])

    config.doSample = true
    config.temperature = 0.8
    config.topP = 0.9
    let drawn = try model.generate(
      Tensor([[5, 90, 17]]), config: config, generator: Generator(seed: 0))
    #expect(drawn.rows[0].count > 3)

    let ids = Tensor([[0, 5, 90], [12, 7, 31]])
    let both = try model.generate(ids, attentionMask: ids.ne(0), config: config)
    #expect(both.rows.count == 2)

    let even = try model.generate(ids, config: config, logitsProcessors: [NoOddTokens()])
    #expect(even.rows.allSatisfy { $0.dropFirst(3).allSatisfy { $0 % 2 == 0 } })

    var text = ""
    let streamer = TextStreamer(
      skipPrompt: true, decode: { $0.map { "<\($0)>" }.joined() }, output: { text += $0 })
    let streamed = try model.generate(Tensor([[5, 90, 17]]), config: config, streamer: streamer)
    #expect(text == streamed.rows[0].dropFirst(3).map { "<\($0)>" }.joined())
  }
}
