import Tensors

extension GenerationRun {
  /// Decoding with drafts (Leviathan et al. 2023): tokens that an assistant proposes, or that are
  /// copied from the prompt, are checked in one pass of the model.
  ///
  /// Greedy results equal those without drafts; sampled ones have the same distribution.
  func assist(
    _ assistant: (any GenerativeModel)?, inputs: Tensor, mask: Tensor?
  ) throws -> GenerationOutput {
    guard prompts.rows.count == 1, plan.sequences == 1 else {
      throw GenerationError("num_return_sequences", "drafts work for one prompt and one sequence")
    }
    guard plan.config.useCache ?? true else {
      throw GenerationError("use_cache", "drafts need the cache")
    }
    var drafter: any Drafter
    if let assistant, plan.config.promptLookupNumTokens == nil {
      drafter = try AssistantDrafter(assistant, self, inputs: inputs, mask: mask)
    } else {
      drafter = PromptLookup(plan, vocabulary: model.vocabularySize)
    }
    let state = start(rollback: plan.maxLength)
    var record = GenerationRecord(plan.config)
    streamer?.put(state.rows[0])
    var isOpen = true
    while isOpen {
      let ids = state.rows[0]
      let draft = try drafter.draft(after: ids)
      let accepted = try check(draft, state, &record)
      var row = ids
      for token in accepted where isOpen {
        row.append(token)
        streamer?.put([token])
        isOpen = try !plan.ended([row], record.scores)[0]
      }
      // All but the last token are the draft's own, whose keys the cache holds.
      state.crop(to: row.count - 1)
      state.append([row[row.count - 1]])
      drafter.note(proposed: draft.tokens.count, accepted: row.count - ids.count - 1)
    }
    streamer?.end()
    return record.output(Tensor(state.rows))
  }

  /// The tokens of a draft that hold, and one more.
  private func check(
    _ draft: Draft, _ state: DecodingState, _ record: inout GenerationRecord
  ) throws -> [Int] {
    let ids = state.rows[0]
    for token in draft.tokens { state.append([token]) }
    let raw = try state.logits(
      last: draft.tokens.count + 1, chunk: plan.config.prefillChunkSize
    ).select(dim: 0, index: 0)
    var rows: [Tensor] = []
    for index in 0...draft.tokens.count {
      let row = raw.narrowed(dim: 0, start: index, length: 1)
      rows.append(try plan.processed([ids + draft.tokens.prefix(index)], row))
    }
    let scores = Tensor.cat(rows, dim: 0)
    let chosen = try accepted(draft, scores, step: ids.count - plan.promptLength)
    for index in chosen.indices {
      record.add(scores: rows[index], logits: raw.narrowed(dim: 0, start: index, length: 1))
    }
    // What would follow an end is not taken.
    return Array(chosen.prefix((chosen.firstIndex(where: plan.eos.contains) ?? chosen.count) + 1))
  }

  private func accepted(_ draft: Draft, _ scores: Tensor, step: Int) throws -> [Int] {
    // Every row stands for a token of the one prompt.
    try checkNumbers(scores.amax(), step: step)
    if plan.doSample, let proposed = draft.scores {
      return speculated(draft.tokens, proposed, scores)
    }
    let selected = try self.chosen(scores, step: step)
    let matches = zip(draft.tokens, selected).prefix { $0 == $1 }.count
    return Array(selected.prefix(matches + 1))
  }

  /// Accepts each drafted token with probability min(1, p/q); at the first refusal draws from
  /// (p − q)₊, after the last acceptance once more from p.
  private func speculated(_ tokens: [Int], _ proposed: Tensor, _ scores: Tensor) -> [Int] {
    let (p, q) = (scores.softmax(dim: -1), proposed.softmax(dim: -1))
    let places = Tensor(tokens).unsqueezed(1)
    let ratio =
      p.narrowed(dim: 0, start: 0, length: tokens.count).gather(dim: 1, index: places)
      / q.gather(dim: 1, index: places)
    let draws = Tensor.rand([tokens.count], generator: generator).array(of: Float.self)
    let matches = zip(draws, ratio.array(of: Float.self)).prefix { $0 <= $1 }.count
    var next = p.select(dim: 0, index: matches)
    if matches < tokens.count {
      let rest = (next - q.select(dim: 0, index: matches)).clamp(min: 0)
      next = rest / rest.sum()
    }
    let drawn = next.unsqueezed(0).multinomial(1, generator: generator).item(Int.self)
    return tokens.prefix(matches) + [drawn]
  }
}

/// Proposed tokens, with the scores that they were drawn by, `[tokens, vocabulary]`, where there are
/// any.
struct Draft {
  var tokens: [Int] = []
  var scores: Tensor?
}

/// Something that proposes tokens.
protocol Drafter {
  /// Tokens that may follow.
  mutating func draft(after ids: [Int]) throws -> Draft
  /// Is told how many of its tokens held.
  mutating func note(proposed: Int, accepted: Int)
}

/// Proposes what followed the last tokens earlier in the text (prompt lookup decoding; Saxena 2023).
struct PromptLookup: Drafter {
  private var plan: GenerationPlan
  private let vocabulary, count, longest: Int

  init(_ plan: GenerationPlan, vocabulary: Int) {
    (self.plan, self.vocabulary) = (plan, vocabulary)
    // It forbids nothing.
    self.plan.removeGuidance()
    count = plan.config.promptLookupNumTokens ?? 10
    longest = plan.config.maxMatchingNgramSize ?? 2
  }

  func draft(after ids: [Int]) throws -> Draft {
    // One token is always the model's own.
    if plan.maxLength == ids.count + 1 { return Draft() }
    for size in stride(from: min(longest, ids.count - 1), to: 0, by: -1) {
      let last = ids.suffix(size)
      for start in 0...(ids.count - size) where ids[start..<(start + size)] == last {
        let first = start + size
        let end = min(first + count, ids.count, plan.maxLength)
        guard first < end else { continue }
        let allowed = try allowed(Array(ids[first..<end]), after: ids)
        if allowed.isEmpty { continue }
        let stop = allowed.firstIndex(where: plan.eos.contains) ?? allowed.count
        return Draft(tokens: Array(allowed.prefix(stop)))
      }
    }
    return Draft()
  }

  func note(proposed: Int, accepted: Int) {}

  /// The tokens up to the first that a rule forbids.
  private func allowed(_ tokens: [Int], after ids: [Int]) throws -> [Int] {
    let blank = Tensor.ones([1, vocabulary])
    for (index, token) in tokens.enumerated() {
      let scores = try plan.processed([ids + tokens.prefix(index)], blank)
      let score = scores[0, token].item(Float.self)
      if score == -.infinity || score == -Float.greatestFiniteMagnitude {
        return Array(tokens.prefix(index))
      }
    }
    return tokens
  }
}

/// Proposes what a smaller model would say.
struct AssistantDrafter: Drafter {
  private let run: GenerationRun
  private let state: DecodingState
  private var count: Int
  private let threshold: Double
  private let isConstant: Bool
  private let minLength: Int

  init(
    _ assistant: any GenerativeModel, _ main: GenerationRun, inputs: Tensor, mask: Tensor?
  ) throws {
    guard assistant.vocabularySize == main.model.vocabularySize else {
      throw GenerationError(
        "assistant",
        "its vocabulary of \(assistant.vocabularySize) is not the model's of \(main.model.vocabularySize)"
      )
    }
    guard assistant.isEncoderDecoder == main.model.isEncoderDecoder else {
      throw GenerationError("assistant", "both models must be decoders, or both encoder-decoders")
    }
    var plan = main.plan
    // The shortest length is kept by ending drafts late, which the model checks.
    plan.processors = plan.processors.filter { !($0 is MinLengthLogitsProcessor) }
    plan.removeGuidance()
    let encoded =
      assistant.isEncoderDecoder
      ? try assistant.encoded(ModelInputs(inputIds: inputs, attentionMask: mask)) : nil
    run = GenerationRun(
      model: assistant, plan: plan,
      prompts: PreparedPrompts(
        rows: main.prompts.rows, mask: main.prompts.mask, encoded: encoded), streamer: nil,
      generator: main.generator)
    state = run.start(rollback: plan.maxLength)
    let own = assistant.generationConfig
    count = own.numAssistantTokens ?? plan.config.numAssistantTokens ?? 20
    threshold = own.assistantConfidenceThreshold ?? plan.config.assistantConfidenceThreshold ?? 0.4
    isConstant = (own.numAssistantTokensSchedule ?? "constant") == "constant"
    minLength =
      plan.config.minNewTokens.map { $0 + plan.promptLength } ?? plan.config.minLength ?? 0
  }

  func draft(after ids: [Int]) throws -> Draft {
    let limit = min(count, run.plan.maxLength - ids.count - 1)
    guard limit > 0 else { return Draft() }
    follow(ids)
    let least = max(min(limit, minLength - ids.count), 0)
    var (tokens, rows): ([Int], [Tensor]) = ([], [])
    while tokens.count < limit {
      let logits = try state.logits(chunk: run.plan.config.prefillChunkSize).select(
        dim: 1, index: 0)
      var scores = try run.plan.processed(state.rows, logits)
      if tokens.count < least { scores = scores.filling(tokens: run.plan.eos, with: -.infinity) }
      let token = try run.chosen(scores, step: state.rows[0].count - run.plan.promptLength)[0]
      state.append([token])
      tokens.append(token)
      rows.append(scores)
      if run.plan.eos.contains(token) { break }
      if threshold > 0 {
        let probability = scores.softmax(dim: -1)[0, token].item(Double.self)
        if probability < threshold { break }
      }
    }
    return Draft(tokens: tokens, scores: Tensor.cat(rows, dim: 0))
  }

  mutating func note(proposed: Int, accepted: Int) {
    guard !isConstant, proposed > 0 else { return }
    count = accepted == proposed ? count + 2 : max(1, count - 1)
  }

  /// Makes the state's row the given one, keeping what was read of it.
  private func follow(_ ids: [Int]) {
    let common = zip(state.rows[0], ids).prefix { $0 == $1 }.count
    // The last token has to be read again for its logits.
    state.crop(to: min(common, ids.count - 1))
    for token in ids[state.rows[0].count...] { state.append([token]) }
  }
}
