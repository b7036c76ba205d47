import Tensors

/// Guidance where a model has scored rows and, behind them, as many without their prompt: u + γ·(c − u) of the
/// first half c and the second half u (`transformers.ClassifierFreeGuidanceLogitsProcessor`).
public struct ClassifierFreeGuidanceLogitsProcessor: LogitsProcessor {
  private let scale: Double

  /// A scale γ > 1.
  /// - Throws: ``GenerationError`` where γ is not above 1.
  public init(guidanceScale: Double) throws(GenerationError) {
    guard guidanceScale > 1, guidanceScale.isFinite else {
      throw GenerationError("guidance_scale", "must be above 1, not \(guidanceScale)")
    }
    scale = guidanceScale
  }

  /// `[N, vocabulary]` of scores `[2N, vocabulary]`.
  /// - Throws: ``GenerationError`` where there are not twice as many scores as rows.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    let rows = inputIds.count
    guard scores.shape[0] == 2 * rows else {
      throw GenerationError(
        "guidance_scale",
        "\(scores.shape[0]) rows of scores for \(rows) rows of ids, not twice as many")
    }
    let without = scores.narrowed(dim: 0, start: rows, length: rows)
    return without + (scores.narrowed(dim: 0, start: 0, length: rows) - without) * scale
  }
}

/// Makes what a prompt says weigh more (classifier-free guidance; Sanchez et al. 2023): u + γ·(c − u),
/// where c are the log-probabilities behind the prompt, and u those that the model gives to the same
/// continuation behind a negative prompt or, without one, behind the prompt's last token alone.
///
/// It reads the negative prompt itself, and remembers what it has read: it serves one run of generate at
/// a time, and begins anew where the prompt is another one. As in transformers a negative prompt's
/// padding takes positions, and in beam search the rows that u comes from keep their places when beams
/// change theirs.
public final class UnbatchedClassifierFreeGuidanceLogitsProcessor: LogitsProcessor {
  private let scale: Double
  private let model: any GenerativeModel
  private let negative: (rows: [[Int]], mask: [[Bool]]?)?
  private let useCache: Bool
  private var state: DecodingState?
  /// What the rows began with when the state was made.
  private var prompts: [[Int]] = []
  private var length = 0

  /// Guidance by a model.
  /// - Parameters:
  ///   - guidanceScale: γ: above 1 for more of the prompt, below 1 for more of the negative one; 1
  ///     changes nothing.
  ///   - model: The decoder that gives u.
  ///   - unconditionalIds: The negative prompts `[N, T]`, or `[1, T]` for all; nil for the last token of
  ///     each prompt.
  ///   - unconditionalAttentionMask: `[N, T]`, 1 where a token counts; by default all do.
  ///   - useCache: Whether keys and values are kept.
  /// - Throws: ``GenerationError`` where γ is no number, the model has an encoder, or ids or mask do not
  ///   fit.
  public init(
    guidanceScale: Double, model: any GenerativeModel, unconditionalIds: Tensor? = nil,
    unconditionalAttentionMask: Tensor? = nil, useCache: Bool = true
  ) throws(GenerationError) {
    guard guidanceScale.isFinite else {
      throw GenerationError("guidance_scale", "must be a number, not \(guidanceScale)")
    }
    guard !model.isEncoderDecoder else {
      throw GenerationError(
        "guidance_scale",
        "an encoder-decoder's answers have no negative prompt to stand behind; leave it out")
    }
    (scale, self.model, self.useCache) = (guidanceScale, model, useCache)
    guard let ids = unconditionalIds else {
      guard unconditionalAttentionMask == nil else {
        throw GenerationError("negative_prompt_attention_mask", "there are no negative_prompt_ids")
      }
      negative = nil
      return
    }
    guard ids.rank == 2, ids.dtype.isInteger, ids.count > 0 else {
      throw GenerationError("negative_prompt_ids", "ids of [N, T] are expected, not \(ids.shape)")
    }
    let rows = ids.idRows
    if let outside = rows.joined().first(where: { !(0..<model.vocabularySize).contains($0) }) {
      throw GenerationError(
        "negative_prompt_ids", "\(outside) is outside the vocabulary of \(model.vocabularySize)")
    }
    if let mask = unconditionalAttentionMask, mask.shape != ids.shape {
      throw GenerationError(
        "negative_prompt_attention_mask", "\(mask.shape) for ids of \(ids.shape)")
    }
    let mask = unconditionalAttentionMask.map { ($0.dtype == .bool ? $0 : $0.ne(0)).boolRows }
    negative = (rows, mask.flatMap { $0.allSatisfy { !$0.contains(false) } ? nil : $0 })
  }

  /// u + γ·(c − u), or c where γ is 1.
  /// - Throws: ``GenerationError`` where the number of negative prompts does not fit the rows, or the
  ///   model has no position for another token.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    let conditional = scores.logSoftmax(dim: -1)
    if scale == 1 { return conditional }
    let unconditional = try state(behind: inputIds).logits().select(dim: 1, index: 0)
      .logSoftmax(dim: -1)
    return (conditional - unconditional) * scale + unconditional
  }

  /// The state that has the rows' newest tokens to read.
  private func state(behind rows: [[Int]]) throws(GenerationError) -> DecodingState {
    defer { length = rows[0].count }
    let isSame =
      rows.count == prompts.count && zip(rows, prompts).allSatisfy { $0.starts(with: $1) }
    if isSame, let state, rows[0].count == length + 1 {
      state.append(rows.map { $0[length] })
      return state
    }
    // Drafts are taken back: what remains is read anew.
    if !isSame { prompts = rows }
    let new = try begun(prompts)
    for index in prompts[0].count..<rows[0].count { new.append(rows.map { $0[index] }) }
    state = new
    return new
  }

  private func begun(_ prompts: [[Int]]) throws(GenerationError) -> DecodingState {
    guard let negative else {
      return state(prompts.map { $0.suffix(1) }, nil)
    }
    guard prompts.count % negative.rows.count == 0 else {
      throw GenerationError(
        "negative_prompt_ids", "\(negative.rows.count) negative prompts for \(prompts.count) rows")
    }
    let each = prompts.count / negative.rows.count
    return state(
      prompts.indices.map { negative.rows[$0 / each] },
      negative.mask.map { mask in prompts.indices.map { mask[$0 / each] } })
  }

  private func state(_ rows: [[Int]], _ mask: [[Bool]]?) -> DecodingState {
    DecodingState(
      model, rows: rows, mask: mask, encoded: nil, useCache: useCache, capacity: 256,
      countsPadding: true)
  }
}
