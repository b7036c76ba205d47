import Tensors

/// A call of generate with everything decided: whose settings hold, where sequences end, which rules
/// change scores.
struct GenerationPlan {
  let config: GenerationConfig
  let maxLength: Int
  let promptLength: Int
  let eos: [Int]
  /// What fills finished rows.
  let pad: Int?
  let doSample: Bool
  let beams, sequences: Int
  private let vocabularySize: Int
  var processors: [any LogitsProcessor] = []
  var criteria: [any StoppingCriterion] = []

  /// How many rows each prompt has.
  var rowsOfPrompt: Int { max(beams, sequences) }

  /// Decides for a call.
  /// - Parameters:
  ///   - call: The caller's settings, before the model's own.
  ///   - promptLength: The number of tokens that rows begin with.
  /// - Throws: ``GenerationError`` where settings cannot be followed.
  init(
    _ model: any GenerativeModel, _ call: GenerationConfig, promptLength: Int
  ) throws(GenerationError) {
    let config = call.filled(from: model.generationConfig)
    try config.validate()
    self.config = config
    self.promptLength = promptLength
    vocabularySize = model.vocabularySize
    if let new = config.maxNewTokens {
      maxLength = promptLength + new
    } else if let length = config.maxLength {
      maxLength = length
    } else {
      maxLength = min(promptLength + 20, model.maxPositions ?? .max)
    }
    guard promptLength < maxLength else {
      throw GenerationError(
        "max_length",
        "the prompt of \(promptLength) tokens leaves none of \(maxLength); set max_new_tokens")
    }
    eos = config.eosTokenId ?? []
    pad = config.padTokenId ?? eos.first
    doSample = config.doSample ?? false
    (beams, sequences) = (config.numBeams ?? 1, config.numReturnSequences ?? 1)
  }

  /// Collects the rules for scores in transformers' order.
  /// - Parameters:
  ///   - paddingLengths: How many tokens of padding each row begins with, where there is padding.
  ///   - encoderIds: The prompts, or what the encoder read of them.
  ///   - guidance: What weighs the prompt against a negative one; it comes first.
  ///   - own: The caller's processors; one that is of a type which a setting stands for takes its
  ///     place.
  mutating func addProcessors(
    paddingLengths: [Int], encoderIds: [[Int]], guidance: (any LogitsProcessor)?,
    own: [any LogitsProcessor],
    prefixAllowedTokens: ((Int, [Int]) throws -> [Int])?
  ) throws(GenerationError) {
    var list = guidance.map { [$0] } ?? []
    list += try scoreRules(paddingLengths, encoderIds, prefixAllowedTokens)
    for processor in own {
      if let place = list.firstIndex(where: { type(of: $0) == type(of: processor) }) {
        list[place] = processor
      } else {
        list.append(processor)
      }
    }
    if doSample { list += try warpers() }
    if let watermark = config.watermarkingConfig {
      list.append(try WatermarkLogitsProcessor(vocabularySize: vocabularySize, watermark))
    }
    if config.renormalizeLogits ?? false { list.append(LogitNormalization()) }
    processors = list
  }

  /// Leaves guidance out: drafts do without it, since the model checks them.
  mutating func removeGuidance() {
    processors.removeAll { $0 is UnbatchedClassifierFreeGuidanceLogitsProcessor }
  }

  private func scoreRules(
    _ paddingLengths: [Int], _ encoderIds: [[Int]],
    _ prefixAllowedTokens: ((Int, [Int]) throws -> [Int])?
  ) throws(GenerationError) -> [any LogitsProcessor] {
    var list: [any LogitsProcessor] = []
    if let bias = config.sequenceBias {
      list.append(try SequenceBiasLogitsProcessor(sequenceBias: bias))
    }
    if let penalty = config.encoderRepetitionPenalty, penalty != 1 {
      list.append(
        try EncoderRepetitionPenaltyLogitsProcessor(
          penalty: penalty, encoderInputIds: encoderIds))
    }
    if let penalty = config.repetitionPenalty, penalty != 1 {
      list.append(
        try RepetitionPenaltyLogitsProcessor(
          penalty: penalty, promptIgnoreLength: paddingLengths))
    }
    if let size = config.noRepeatNgramSize, size > 0 {
      list.append(try NoRepeatNGramLogitsProcessor(ngramSize: size))
    }
    if let size = config.encoderNoRepeatNgramSize, size > 0 {
      list.append(
        try EncoderNoRepeatNGramLogitsProcessor(
          encoderNGramSize: size, encoderInputIds: encoderIds))
    }
    if let words = config.badWordsIds {
      list.append(try NoBadWordsLogitsProcessor(badWordsIds: words, eosTokenId: eos))
    }
    let minLength = config.minNewTokens.map { $0 + promptLength } ?? config.minLength ?? 0
    if minLength > 0, !eos.isEmpty {
      list.append(try MinLengthLogitsProcessor(minLength: minLength, eosTokenId: eos))
    }
    if let prefixAllowedTokens {
      list.append(
        PrefixConstrainedLogitsProcessor(
          prefixAllowedTokens: prefixAllowedTokens, numBeams: rowsOfPrompt))
    }
    if let token = config.forcedBosTokenId {
      list.append(ForcedBOSTokenLogitsProcessor(bosTokenId: token))
    }
    if let tokens = config.forcedEosTokenId {
      list.append(try ForcedEOSTokenLogitsProcessor(maxLength: maxLength, eosTokenId: tokens))
    }
    if config.removeInvalidValues ?? false { list.append(InfNanRemoveLogitsProcessor()) }
    if let decay = config.exponentialDecayLengthPenalty {
      list.append(
        try ExponentialDecayLengthPenalty(
          start: decay.start, factor: decay.factor, eosTokenId: eos,
          inputIdsLength: promptLength))
    }
    if let tokens = config.suppressTokens {
      list.append(SuppressTokensLogitsProcessor(suppressTokens: tokens))
    }
    if let tokens = config.beginSuppressTokens {
      // A forced first token comes before what is suppressed.
      let begin =
        promptLength > 1 || config.forcedBosTokenId == nil ? promptLength : promptLength + 1
      list.append(
        SuppressTokensAtBeginLogitsProcessor(beginSuppressTokens: tokens, beginIndex: begin))
    }
    return list
  }

  /// The rules for sampling. Beams keep a token more than those that end sequences, so that some go
  /// on.
  private func warpers() throws(GenerationError) -> [any LogitsProcessor] {
    let kept = beams > 1 ? max(eos.count, 1) + 1 : 1
    var list: [any LogitsProcessor] = []
    if let temperature = config.temperature, temperature != 1 {
      list.append(try TemperatureLogitsWarper(temperature: temperature))
    }
    if let share = config.topH { list.append(try TopHLogitsWarper(topH: share)) }
    let topK = config.topK ?? 50
    if topK != 0 { list.append(try TopKLogitsWarper(topK: topK, minTokensToKeep: kept)) }
    if let mass = config.topP, mass < 1 {
      list.append(try TopPLogitsWarper(topP: mass, minTokensToKeep: kept))
    }
    if let share = config.minP {
      list.append(try MinPLogitsWarper(minP: share, minTokensToKeep: kept))
    }
    if let mass = config.typicalP, mass < 1 {
      list.append(try TypicalLogitsWarper(mass: mass, minTokensToKeep: kept))
    }
    if let epsilon = config.epsilonCutoff, epsilon > 0, epsilon < 1 {
      list.append(try EpsilonLogitsWarper(epsilon: epsilon, minTokensToKeep: kept))
    }
    if let epsilon = config.etaCutoff, epsilon > 0, epsilon < 1 {
      list.append(try EtaLogitsWarper(epsilon: epsilon, minTokensToKeep: kept))
    }
    return list
  }

  /// Collects the rules that end sequences.
  mutating func addCriteria(
    own: [any StoppingCriterion], decode: (([Int]) throws -> String)?
  ) throws(GenerationError) {
    var list: [any StoppingCriterion] = [MaxLengthCriteria(maxLength: maxLength)]
    if let seconds = config.maxTime { list.append(MaxTimeCriteria(maxTime: seconds)) }
    if let texts = config.stopStrings {
      guard let decode else {
        throw GenerationError(
          "stop_strings", "texts are looked for in decoded tokens: give generate `decode`")
      }
      list.append(try StopStringCriteria(stopStrings: texts, decode: decode))
    }
    if !eos.isEmpty { list.append(EosTokenCriteria(eosTokenId: eos)) }
    criteria = list + own
  }

  /// Which rows end with their last token.
  func ended(_ rows: [[Int]], _ scores: [Tensor]?) throws -> [Bool] {
    var result = [Bool](repeating: false, count: rows.count)
    for criterion in criteria {
      for (row, ends) in try criterion(rows, scores).enumerated() where ends { result[row] = true }
    }
    return result
  }

  /// Scores behind all rules.
  func processed(_ rows: [[Int]], _ scores: Tensor) throws -> Tensor {
    try processors.reduce(scores) { try $1(rows, $0) }
  }
}
