import Foundation
import Tensors
import Testing
import Transformers

@Suite("Generation")
struct GenerationTests {
  private func load(_ folder: String) throws -> any GenerativeModel {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Conformance/huggingface/\(folder)").path
    return try #require(try Pretrained.load(path) as? any GenerativeModel)
  }

  private func model() throws -> any GenerativeModel { try load("generation/mistral-window") }

  private let prompt = Tensor([[5, 90, 17, 5, 90, 44, 120, 5]])

  private func config(_ settings: [String: ConfigurationValue]) throws -> GenerationConfig {
    try GenerationConfig(settings: settings)
  }

  @Test("drafts, caches and chunks do not change a greedy continuation")
  func sameGreedily() throws {
    let model = try model()
    let plain = try model.generate(prompt, config: config(["max_new_tokens": 30])).rows
    #expect(plain[0].count > prompt.shape[1])
    let ways: [[String: ConfigurationValue]] = [
      ["max_new_tokens": 30, "use_cache": false],
      ["max_new_tokens": 30, "prefill_chunk_size": 3],
      ["max_new_tokens": 30, "prompt_lookup_num_tokens": 4],
      ["max_new_tokens": 30, "prompt_lookup_num_tokens": 3, "max_matching_ngram_size": 1],
    ]
    for settings in ways {
      #expect(try model.generate(prompt, config: config(settings)).rows == plain, "\(settings)")
    }
    for threshold in [0.0, 0.4] {
      var settings = try config([
        "max_new_tokens": 30, "assistant_confidence_threshold": .double(threshold),
      ])
      settings.numAssistantTokens = 5
      let assisted = try model.generate(prompt, config: settings, assistant: try self.model())
      #expect(assisted.rows == plain)
    }
  }

  @Test(
    "a text that goes on is read on, with the tokens of one that is read anew",
    arguments: ["generation/mistral-window", "models/gemma2-lm", "models/gpt-neox-lm"])
  func promptCache(folder: String) throws {
    let model = try load(folder)
    let settings = try config(["max_new_tokens": 9])
    let cache = PromptCache()
    var ids = [5, 9, 17, 5, 9, 44, 12, 5]
    for turn in 0..<3 {
      let fresh = try model.generate(Tensor([ids]), config: settings).rows
      let read = cache.count
      let kept = try model.generate(Tensor([ids]), config: settings, promptCache: cache).rows
      #expect(kept == fresh, "turn \(turn)")
      #expect(turn == 0 || read > 0)
      // All but the newest token was read.
      #expect(cache.count == kept[0].count - 1)
      ids = kept[0] + [7, 3, 11 + turn]
    }
    // A text that begins otherwise is read from where it differs.
    ids = Array(ids.prefix(6)) + [20, 21]
    #expect(
      try model.generate(Tensor([ids]), config: settings, promptCache: cache).rows
        == model.generate(Tensor([ids]), config: settings).rows)
  }

  @Test("a wrong assistant changes nothing but the time")
  func wrongAssistant() throws {
    let model = try model()
    let assistant = try load("models/gpt-neox-lm")
    let settings = try config(["max_new_tokens": 20, "assistant_confidence_threshold": 0])
    let plain = try model.generate(prompt, config: settings).rows
    #expect(try model.generate(prompt, config: settings, assistant: assistant).rows == plain)
  }

  @Test("padding on the left changes nothing")
  func leftPadding() throws {
    let model = try model()
    let settings = try config(["max_new_tokens": 12])
    let alone = try model.generate(prompt, config: settings).rows[0]
    let padded = Tensor([
      [0, 0, 0, 5, 90, 17, 5, 90, 44, 120, 5], [8, 3, 7, 9, 11, 6, 24, 77, 31, 12, 6],
    ])
    let mask = padded.ne(0)
    let both = try model.generate(padded, attentionMask: mask, config: settings).rows
    #expect(Array(both[0].dropFirst(3).prefix(alone.count)) == alone)
  }

  @Test("the same seed draws the same, another one something else")
  func seeds() throws {
    let model = try model()
    let settings = try config(["max_new_tokens": 20, "do_sample": true, "temperature": 1.5])
    func draw(_ seed: UInt64) throws -> [[Int]] {
      try model.generate(prompt, config: settings, generator: Generator(seed: seed)).rows
    }
    #expect(try draw(1) == draw(1))
    #expect(try draw(1) != draw(2))
  }

  @Test("sampling with drafts follows its seed and its length")
  func sampledDrafts() throws {
    let model = try model()
    let settings = try config(["max_new_tokens": 15, "do_sample": true, "eos_token_id": [299]])
    func draw() throws -> [Int] {
      try model.generate(
        prompt, config: settings, assistant: try self.model(), generator: Generator(seed: 3)
      ).rows[0]
    }
    let first = try draw()
    #expect(try draw() == first)
    #expect(first.count == prompt.shape[1] + 15 || first.last == 299)
  }

  @Test("beams come sorted, with the rows that they continued")
  func beams() throws {
    let output = try model().generate(
      prompt, config: config(["max_new_tokens": 8, "num_beams": 4, "num_return_sequences": 3]))
    let scores = try #require(output.sequencesScores).array(of: Float.self)
    #expect(scores == scores.sorted(by: >))
    #expect(output.rows.count == 3)
    let origins = try #require(output.beamIndices)
    #expect(origins.shape == [3, output.sequences.shape[1] - prompt.shape[1]])
  }

  @Test("a stop text ends a sequence, and is kept")
  func stopText() throws {
    let model = try model()
    let plain = try model.generate(prompt, config: config(["max_new_tokens": 12])).rows[0]
    let stop = plain[prompt.shape[1] + 3]
    var settings = try config(["max_new_tokens": 12])
    settings.stopStrings = ["<\(stop)>"]
    #expect(throws: GenerationError.self) { try model.generate(prompt, config: settings) }
    let ended = try model.generate(
      prompt, config: settings, decode: { $0.map { "<\($0)>" }.joined() }
    ).rows[0]
    let first = try #require(plain.dropFirst(prompt.shape[1]).firstIndex(of: stop))
    #expect(ended == Array(plain[...first]))
  }

  @Test("every token is streamed once, with and without drafts")
  func streaming() throws {
    final class Collector: GenerationStreamer {
      var tokens: [Int] = []
      var ends = 0
      func put(_ new: [Int]) { tokens += new }
      func end() { ends += 1 }
    }
    for extra in [[:], ["prompt_lookup_num_tokens": 3]] as [[String: ConfigurationValue]] {
      let collector = Collector()
      let settings = try config(["max_new_tokens": 10].merging(extra) { $1 })
      let output = try model().generate(prompt, config: settings, streamer: collector)
      #expect(collector.tokens == output.rows[0])
      #expect(collector.ends == 1)
    }
    #expect(throws: GenerationError.self) {
      try model().generate(
        prompt, config: config(["num_beams": 2]), streamer: Collector())
    }
  }

  @Test("inputs that cannot be continued are refused")
  func refusals() throws {
    let model = try model()
    #expect(throws: GenerationError.self) { try model.generate(Tensor([[5, 300]])) }
    #expect(throws: GenerationError.self) { try model.generate(Tensor([[5, -1]])) }
    #expect(throws: GenerationError.self) {
      try model.generate(prompt, config: config(["max_length": 8]))
    }
    #expect(throws: GenerationError.self) {
      try model.generate(
        prompt,
        config: config(["do_sample": true, "suppress_tokens": .list((0..<300).map { .int($0) })]))
    }
  }

  @Test("texts packed into one row do not see each other")
  func packing() throws {
    let model = try #require(try model() as? MistralForCausalLM)
    let (first, second) = ([5, 90, 17, 44, 8], [120, 5, 9])
    func logits(_ ids: [Int], _ positions: [Int]? = nil) -> Tensor {
      noGrad {
        model(
          ModelInputs(
            inputIds: Tensor([ids]), positionIds: positions.map { Tensor([$0]) }), labels: nil
        ).logits[0]
      }
    }
    let packed = logits(first + second, [0, 1, 2, 3, 4, 0, 1, 2])
    let alone = Tensor.cat([logits(first), logits(second)], dim: 0)
    #expect(packed.allClose(alone, rtol: 1e-4, atol: 1e-5))
  }
}
