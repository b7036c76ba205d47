import Base
import Foundation
import Tensors
import Transformers

/// Logits in, logits out: `processors/cases.json`, a unit for each class of transformers.
struct ProcessorSuite: Suite {
  private struct Case {
    let id, type: String
    let args: JSONValue
  }

  private let cases: Grouped<Case>
  private let tensors: TensorFile

  init(path: URL) throws {
    let file = path.file("cases.json")
    let json = try JSONValue(file)
    let list = (json["cases"] ?? json).array ?? []
    let all = list.compactMap { item -> Case? in
      guard let id = item["id"]?.string, let type = item["class"]?.string else { return nil }
      return Case(id: id, type: type, args: item["args"] ?? .object([]))
    }
    guard all.count == list.count, !all.isEmpty else { throw RunnerError("\(file.path): no cases") }
    cases = Grouped(all) { $0.type }
    tensors = try TensorFile(
      file.deletingLastPathComponent().appendingPathComponent("cases.safetensors"))
  }

  var units: [String] { cases.units }

  func checks(of unit: String) throws -> [Check] {
    cases[unit].map { item in
      Check(id: item.id) {
        let processor = try ProcessorRows.processor(item.type, Arguments(json: item.args))
        let ids = try tensors.tensor("\(item.id).input_ids").rows()
        let got = try processor(ids, tensors.tensor("\(item.id).scores"))
        try Comparison.check(
          got, tensors.tensor("\(item.id).output"), "output", Tolerance.outputs)
      }
    }
  }
}

/// The constructors by transformers' class names.
private enum ProcessorRows {
  static func processor(_ type: String, _ a: Arguments) throws -> any LogitsProcessor {
    let kept = try a.int("min_tokens_to_keep") ?? 1
    let filler = try a.double("filter_value") ?? -.infinity
    switch type {
    case "TemperatureLogitsWarper":
      return try TemperatureLogitsWarper(temperature: a.need("temperature", a.double))
    case "TopKLogitsWarper":
      return try TopKLogitsWarper(
        topK: a.need("top_k", a.int), minTokensToKeep: kept, filterValue: filler)
    case "TopPLogitsWarper":
      return try TopPLogitsWarper(
        topP: a.need("top_p", a.double), minTokensToKeep: kept, filterValue: filler)
    case "MinPLogitsWarper":
      return try MinPLogitsWarper(
        minP: a.need("min_p", a.double), minTokensToKeep: kept, filterValue: filler)
    case "TypicalLogitsWarper":
      return try TypicalLogitsWarper(
        mass: a.double("mass") ?? 0.9, minTokensToKeep: kept, filterValue: filler)
    case "TopHLogitsWarper":
      return try TopHLogitsWarper(topH: a.need("top_h", a.double), filterValue: filler)
    case "EpsilonLogitsWarper":
      return try EpsilonLogitsWarper(
        epsilon: a.need("epsilon", a.double), minTokensToKeep: kept, filterValue: filler)
    case "EtaLogitsWarper":
      return try EtaLogitsWarper(
        epsilon: a.need("epsilon", a.double), minTokensToKeep: kept, filterValue: filler)
    case "RepetitionPenaltyLogitsProcessor":
      return try RepetitionPenaltyLogitsProcessor(
        penalty: a.need("penalty", a.double),
        promptIgnoreLength: a.ids("prompt_ignore_length") ?? [])
    case "EncoderRepetitionPenaltyLogitsProcessor":
      return try EncoderRepetitionPenaltyLogitsProcessor(
        penalty: a.need("penalty", a.double),
        encoderInputIds: a.need("encoder_input_ids", a.words))
    case "NoRepeatNGramLogitsProcessor":
      return try NoRepeatNGramLogitsProcessor(ngramSize: a.need("ngram_size", a.int))
    case "EncoderNoRepeatNGramLogitsProcessor":
      return try EncoderNoRepeatNGramLogitsProcessor(
        encoderNGramSize: a.need("encoder_ngram_size", a.int),
        encoderInputIds: a.need("encoder_input_ids", a.words))
    default: return try lengthOrToken(type, a)
    }
  }

  private static func lengthOrToken(_ type: String, _ a: Arguments) throws -> any LogitsProcessor {
    switch type {
    case "SequenceBiasLogitsProcessor":
      return try SequenceBiasLogitsProcessor(sequenceBias: a.need("sequence_bias", a.biases))
    case "NoBadWordsLogitsProcessor":
      return try NoBadWordsLogitsProcessor(
        badWordsIds: a.need("bad_words_ids", a.words), eosTokenId: a.ids("eos_token_id") ?? [])
    case "MinLengthLogitsProcessor":
      return try MinLengthLogitsProcessor(
        minLength: a.need("min_length", a.int), eosTokenId: a.need("eos_token_id", a.ids))
    case "MinNewTokensLengthLogitsProcessor":
      return try MinNewTokensLengthLogitsProcessor(
        promptLengthToSkip: a.need("prompt_length_to_skip", a.int),
        minNewTokens: a.need("min_new_tokens", a.int), eosTokenId: a.need("eos_token_id", a.ids))
    case "ForcedBOSTokenLogitsProcessor":
      return try ForcedBOSTokenLogitsProcessor(bosTokenId: a.need("bos_token_id", a.int))
    case "ForcedEOSTokenLogitsProcessor":
      return try ForcedEOSTokenLogitsProcessor(
        maxLength: a.need("max_length", a.int), eosTokenId: a.need("eos_token_id", a.ids))
    case "InfNanRemoveLogitsProcessor": return InfNanRemoveLogitsProcessor()
    case "ExponentialDecayLengthPenalty":
      let decay = try a.need("exponential_decay_length_penalty", a.pair)
      return try ExponentialDecayLengthPenalty(
        start: decay.0, factor: decay.1, eosTokenId: a.need("eos_token_id", a.ids),
        inputIdsLength: a.need("input_ids_seq_length", a.int))
    case "SuppressTokensLogitsProcessor":
      return try SuppressTokensLogitsProcessor(suppressTokens: a.need("suppress_tokens", a.ids))
    case "SuppressTokensAtBeginLogitsProcessor":
      return try SuppressTokensAtBeginLogitsProcessor(
        beginSuppressTokens: a.need("begin_suppress_tokens", a.ids),
        beginIndex: a.need("begin_index", a.int))
    case "ClassifierFreeGuidanceLogitsProcessor":
      return try ClassifierFreeGuidanceLogitsProcessor(
        guidanceScale: a.need("guidance_scale", a.double))
    case "WatermarkLogitsProcessor":
      let scheme = a.json["seeding_scheme"]?.string ?? "lefthash"
      guard let scheme = WatermarkingConfig.SeedingScheme(rawValue: scheme) else {
        throw Unsupported(scheme)
      }
      return try WatermarkLogitsProcessor(
        vocabularySize: a.need("vocab_size", a.int),
        WatermarkingConfig(
          greenlistRatio: a.double("greenlist_ratio") ?? 0.25, bias: a.double("bias") ?? 2,
          hashingKey: a.int("hashing_key") ?? 15_485_863, seedingScheme: scheme,
          contextWidth: a.int("context_width") ?? 1))
    case "LogitNormalization": return LogitNormalization()
    default: throw Unsupported(type)
    }
  }
}
