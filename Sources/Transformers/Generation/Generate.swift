import NN
import Tensors

extension GenerativeModel {
  /// Continues prompts (`transformers.GenerationMixin.generate`): greedily, by sampling, by beam
  /// search or beam sampling, or with drafts that the model checks.
  ///
  /// ```swift
  /// var config = GenerationConfig()
  /// config.maxNewTokens = 20
  /// let output = try model.generate(Tensor([[464, 2159, 318]]), config: config)
  /// print(output.rows[0])
  /// ```
  /// - Parameters:
  ///   - inputIds: `[N, T]`, padded on the left for decoders and on the right for encoder-decoders.
  ///   - attentionMask: `[N, T]`, 1 where a token counts. By default padding tokens do not, unless
  ///     they are also the token that ends sequences.
  ///   - config: Settings of this call, before the model's own.
  ///   - logitsProcessors: Rules of one's own, before those for sampling.
  ///   - stoppingCriteria: Rules of one's own that end sequences.
  ///   - negativePromptIds: `[N, T]`, or `[1, T]` for all prompts: what `guidance_scale` leads away from;
  ///     by default each prompt's last token.
  ///   - negativePromptAttentionMask: `[N, T]`, 1 where a token of it counts; by default all do.
  ///   - prefixAllowedTokens: The tokens that may follow a row, by the prompt's number and its ids.
  ///   - assistant: A smaller model of the same vocabulary that drafts tokens.
  ///   - streamer: Is given the prompt and every token as soon as it is there; for one prompt.
  ///   - decode: Makes text of tokens, for `stop_strings`.
  ///   - generator: What sampling draws from.
  ///   - promptCache: What an earlier call has read, from which this one goes on where its prompt begins
  ///     alike.
  /// - Throws: ``GenerationError`` where settings or inputs cannot be followed.
  public func generate(
    _ inputIds: Tensor, attentionMask: Tensor? = nil, config: GenerationConfig = GenerationConfig(),
    negativePromptIds: Tensor? = nil, negativePromptAttentionMask: Tensor? = nil,
    logitsProcessors: [any LogitsProcessor] = [],
    stoppingCriteria: [any StoppingCriterion] = [],
    prefixAllowedTokens: ((_ prompt: Int, _ ids: [Int]) throws -> [Int])? = nil,
    assistant: (any GenerativeModel)? = nil, streamer: (any GenerationStreamer)? = nil,
    decode: (([Int]) throws -> String)? = nil, generator: Generator? = nil,
    promptCache: PromptCache? = nil
  ) throws -> GenerationOutput {
    try noGrad {
      guard inputIds.rank == 2, inputIds.dtype.isInteger, inputIds.count > 0 else {
        throw GenerationError("input_ids", "ids of [N, T] are expected, not \(inputIds.shape)")
      }
      let prompts = inputIds.idRows
      if let outside = prompts.joined().first(where: { !(0..<vocabularySize).contains($0) }) {
        throw GenerationError(
          "input_ids", "\(outside) is outside the vocabulary of \(vocabularySize)")
      }
      let prepared = try PreparedPrompts(self, prompts, attentionMask, inputIds, config)
      var plan = try GenerationPlan(self, config, promptLength: prepared.rows[0].count)
      try plan.addProcessors(
        paddingLengths: prepared.paddingLengths(times: plan.rowsOfPrompt), encoderIds: prompts,
        guidance: try plan.config.guidanceScale.flatMap {
          $0 == 1
            ? nil
            : try UnbatchedClassifierFreeGuidanceLogitsProcessor(
              guidanceScale: $0, model: self, unconditionalIds: negativePromptIds,
              unconditionalAttentionMask: negativePromptAttentionMask,
              useCache: plan.config.useCache ?? true)
        },
        own: logitsProcessors, prefixAllowedTokens: prefixAllowedTokens)
      try plan.addCriteria(own: stoppingCriteria, decode: decode)
      let run = GenerationRun(
        model: self, plan: plan, prompts: prepared, streamer: streamer, generator: generator,
        promptCache: promptCache)
      try run.checkStreaming()
      let isAssisted = assistant != nil || plan.config.promptLookupNumTokens != nil
      if plan.beams > 1 { return try run.searchBeams() }
      if isAssisted {
        return try run.assist(assistant, inputs: inputIds, mask: attentionMask)
      }
      return try run.sample()
    }
  }
}

/// Prompts ready to be read: rows, their padding, and what an encoder made of them.
struct PreparedPrompts {
  let rows: [[Int]]
  let mask: [[Bool]]?
  let encoded: EncodedInputs?

  init(rows: [[Int]], mask: [[Bool]]?, encoded: EncodedInputs?) {
    (self.rows, self.mask, self.encoded) = (rows, mask, encoded)
  }

  init(
    _ model: any GenerativeModel, _ prompts: [[Int]], _ attentionMask: Tensor?,
    _ inputIds: Tensor, _ call: GenerationConfig
  ) throws {
    if let attentionMask, attentionMask.shape != inputIds.shape {
      throw GenerationError(
        "attention_mask", "\(attentionMask.shape) for ids of \(inputIds.shape)")
    }
    let config = call.filled(from: model.generationConfig)
    guard model.isEncoderDecoder else {
      let given = attentionMask.map { ($0.dtype == .bool ? $0 : $0.ne(0)).boolRows }
      let mask = given ?? PreparedPrompts.inferred(prompts, config)
      (rows, encoded) = (prompts, nil)
      self.mask = mask.flatMap { $0.allSatisfy { !$0.contains(false) } ? nil : $0 }
      return
    }
    guard let start = config.decoderStartTokenId ?? config.bosTokenId else {
      throw GenerationError(
        "decoder_start_token_id", "an encoder-decoder's answer has to begin with a token")
    }
    encoded = try model.encoded(ModelInputs(inputIds: inputIds, attentionMask: attentionMask))
    rows = [[Int]](repeating: [start], count: prompts.count)
    mask = nil
  }

  /// Padding where there is any, unless its token also ends sequences.
  private static func inferred(_ prompts: [[Int]], _ config: GenerationConfig) -> [[Bool]]? {
    guard let pad = config.padTokenId ?? config.eosTokenId?.first,
      config.eosTokenId?.contains(pad) != true, prompts.joined().contains(pad)
    else { return nil }
    return prompts.map { $0.map { $0 != pad } }
  }

  /// How many tokens of padding each row begins with; empty where there is no padding.
  func paddingLengths(times: Int) -> [Int] {
    guard let mask else { return [] }
    return mask.flatMap {
      [Int](repeating: $0.firstIndex(of: true) ?? 0, count: times)
    }
  }
}

/// One run of generate.
struct GenerationRun {
  let model: any GenerativeModel
  let plan: GenerationPlan
  let prompts: PreparedPrompts
  let streamer: (any GenerationStreamer)?
  let generator: Generator?
  var promptCache: PromptCache?

  func checkStreaming() throws {
    guard streamer != nil else { return }
    guard plan.beams == 1 else {
      throw GenerationError("streamer", "beams are not known before their end; set num_beams to 1")
    }
    guard prompts.rows.count * plan.sequences == 1 else {
      throw GenerationError("streamer", "one prompt with one sequence can be streamed")
    }
  }

  /// A state that has the prompts to read.
  func start(rollback: Int = 0) -> DecodingState {
    DecodingState(
      model, rows: prompts.rows, mask: prompts.mask, encoded: prompts.encoded,
      useCache: plan.config.useCache ?? true, capacity: min(plan.maxLength, 4096),
      rollback: rollback)
  }

  /// The first logits of every row, `[rows, vocabulary]`. Rows of one prompt read it once.
  func readPrompts(_ state: DecodingState, times: Int) throws -> Tensor {
    let logits = try state.logits(chunk: plan.config.prefillChunkSize).select(dim: 1, index: 0)
    guard times > 1 else { return logits }
    let order = prompts.rows.indices.flatMap { [Int](repeating: $0, count: times) }
    state.reorder(order)
    return logits.indexSelect(dim: 0, index: Tensor(order))
  }

  /// The next tokens: the likeliest, or drawn.
  /// - Throws: ``GenerationError`` where the rules leave nothing to draw from.
  /// - Parameter step: How many tokens were generated before.
  func chosen(_ scores: Tensor, step: Int) throws -> [Int] {
    let largest = scores.amax(dim: -1)
    try checkNumbers(largest, step: step)
    guard plan.doSample else { return scores.argmax(dim: -1).array(of: Int.self) }
    let best = largest.array(of: Float.self)
    guard best.allSatisfy(\.isFinite) else {
      throw GenerationError(
        "do_sample",
        "there is nothing to draw from: the best score of a row is \(best.first { !$0.isFinite } ?? 0)"
      )
    }
    return scores.softmax(dim: -1).multinomial(1, generator: generator).array(of: Int.self)
  }

  /// Makes sure that the best score of each row is a number; a NaN counts as the best.
  func checkNumbers(_ best: Tensor, step: Int) throws(GenerationError) {
    guard let row = best.array(of: Float.self).firstIndex(where: \.isNaN) else { return }
    let prompt = row * prompts.rows.count / best.count
    let place = prompts.rows.count > 1 ? " behind prompt \(prompt + 1)" : ""
    throw GenerationError(
      "logits",
      "the scores of generated token \(step + 1)\(place) are NaN: a weight is NaN or infinite, or numbers grow beyond the weights' type; look at the weights, load them as float32, or set remove_invalid_values to go on regardless"
    )
  }

  /// Greedy decoding and sampling.
  func sample() throws -> GenerationOutput {
    let state = start()
    let isSingle = prompts.rows.count * plan.sequences == 1
    let kept = isSingle && prompts.mask == nil && prompts.encoded == nil ? promptCache : nil
    if let kept { state.resume(from: kept) }
    defer { if let kept { state.keep(in: kept) } }
    var logits = try readPrompts(state, times: plan.sequences)
    streamer?.put(state.rows[0])
    var record = GenerationRecord(plan.config)
    var isOpen = [Bool](repeating: true, count: state.rows.count)
    while true {
      let scores = try plan.processed(state.rows, logits)
      record.add(scores: scores, logits: logits)
      var next = try chosen(scores, step: state.rows[0].count - plan.promptLength)
      if !plan.eos.isEmpty, let pad = plan.pad {
        for row in next.indices where !isOpen[row] { next[row] = pad }
      }
      state.append(next)
      streamer?.put(next)
      for (row, ends) in try plan.ended(state.rows, record.scores).enumerated() where ends {
        isOpen[row] = false
      }
      guard isOpen.contains(true) else { break }
      logits = try state.logits().select(dim: 1, index: 0)
    }
    streamer?.end()
    return record.output(Tensor(state.rows))
  }
}

/// What is kept of every step, where it is asked for.
struct GenerationRecord {
  private(set) var scores: [Tensor]?
  private(set) var logits: [Tensor]?

  init(_ config: GenerationConfig) {
    scores = config.outputScores ?? false ? [] : nil
    logits = config.outputLogits ?? false ? [] : nil
  }

  mutating func add(scores: Tensor, logits: Tensor) {
    self.scores?.append(scores)
    self.logits?.append(logits)
  }

  func output(_ sequences: Tensor) -> GenerationOutput {
    GenerationOutput(sequences: sequences, scores: scores, logits: logits)
  }
}

extension Tensor {
  /// The rows of a matrix of ids.
  var idRows: [[Int]] {
    let all = array(of: Int.self)
    return (0..<shape[0]).map { Array(all[($0 * shape[1])..<(($0 + 1) * shape[1])]) }
  }

  /// The rows of a matrix of truth values.
  var boolRows: [[Bool]] {
    let all = array(of: Bool.self)
    return (0..<shape[0]).map { Array(all[($0 * shape[1])..<(($0 + 1) * shape[1])]) }
  }
}
