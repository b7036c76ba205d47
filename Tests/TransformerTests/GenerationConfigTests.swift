import Tensors
import Testing
import Transformers

@Suite("Settings of generation")
struct GenerationConfigTests {
  private func problem(_ settings: [String: ConfigurationValue]) -> String? {
    do {
      try GenerationConfig(settings: settings).validate()
      return nil
    } catch {
      return error.setting
    }
  }

  @Test("a call's settings go before the model's")
  func precedence() throws {
    let call = try GenerationConfig(settings: ["max_new_tokens": 3, "do_sample": true])
    let file = try GenerationConfig(settings: ["max_new_tokens": 9, "eos_token_id": [2, 5]])
    let both = call.filled(from: file)
    #expect(both.maxNewTokens == 3)
    #expect(both.doSample == true)
    #expect(both.eosTokenId == [2, 5])
  }

  @Test("a single end is a list of one")
  func singleEnd() throws {
    #expect(try GenerationConfig(settings: ["eos_token_id": 7]).eosTokenId == [7])
  }

  @Test(
    "what cannot be followed is refused by name",
    arguments: [
      ("max_new_tokens", 0), ("num_beams", 0), ("top_k", -1), ("guidance_scale", "strong"),
      ("temperature", "hot"), ("bad_words_ids", [1]), ("no_such_setting", 1),
      ("early_stopping", "soon"), ("num_return_sequences", 2),
      ("cache_implementation", "quantized"),
      ("max_time", -1.0), ("num_assistant_tokens_schedule", "random"),
    ] as [(String, ConfigurationValue)])
  func refused(name: String, value: ConfigurationValue) {
    #expect(problem([name: value]) == name)
  }

  @Test("what changes nothing is taken")
  func neutral() {
    #expect(problem(["guidance_scale": 1, "num_beam_groups": 1, "use_cache": true]) == nil)
    #expect(problem(["num_return_sequences": 2, "do_sample": true]) == nil)
    #expect(problem(["num_return_sequences": 2, "num_beams": 3]) == nil)
  }

  @Test("a forced token must not be ruled out")
  func forcedAndSuppressed() {
    #expect(
      problem(["forced_eos_token_id": 3, "suppress_tokens": [3, 4]]) == "forced_eos_token_id")
    #expect(problem(["forced_eos_token_id": [3, 5], "suppress_tokens": [3, 4]]) == nil)
  }

  @Test("processors refuse numbers out of range by the setting's name")
  func processors() {
    #expect(throws: GenerationError.self) { try TemperatureLogitsWarper(temperature: 0) }
    #expect(throws: GenerationError.self) { try TopKLogitsWarper(topK: 0) }
    #expect(throws: GenerationError.self) { try TopPLogitsWarper(topP: 1.5) }
    #expect(throws: GenerationError.self) { try NoRepeatNGramLogitsProcessor(ngramSize: 0) }
    #expect(throws: GenerationError.self) { try SequenceBiasLogitsProcessor(sequenceBias: []) }
  }

  @Test("a constraint leaves the allowed tokens, also where a rule forbade them all")
  func constraint() throws {
    let processor = PrefixConstrainedLogitsProcessor(
      prefixAllowedTokens: { prompt, ids in prompt == 0 ? [ids.count] : [0, 1] }, numBeams: 1)
    let scores = Tensor([[1, -.infinity, 2], [3, 4, 5]] as [[Float]])
    let result = try processor([[9], [9]], scores).array(of: Float.self)
    #expect(result == [-.infinity, 0, -.infinity, 3, 4, -.infinity])
    let none = PrefixConstrainedLogitsProcessor(prefixAllowedTokens: { _, _ in [] }, numBeams: 1)
    #expect(throws: GenerationError.self) { try none([[9], [9]], scores) }
  }

  @Test("a stop text is found where the last token goes beyond it")
  func stopTexts() throws {
    let words = ["a", "b!", "c", "!x"]
    let criterion = try StopStringCriteria(stopStrings: ["c!", "ab"]) { ids in
      ids.map { words[$0] }.joined()
    }
    #expect(
      try criterion([[2, 3], [0, 1], [1, 0], [0, 1, 2]], nil) == [true, true, false, false])
  }
}
