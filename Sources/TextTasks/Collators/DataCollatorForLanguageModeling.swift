import Tensors
import Tokenizers

/// Fills texts up and makes labels for language models
/// (`transformers.DataCollatorForLanguageModeling`).
///
/// With `mlm` some tokens are hidden, which the model has to guess: each token but special ones is
/// chosen with `mlmProbability`; of those chosen `maskReplaceProb` become the mask, `randomReplaceProb`
/// any token, and the rest stays. Without it the labels are the ids, but for the padding token: also
/// where that token ends texts, as in transformers.
///
/// Draws come in PyTorch's order: which tokens, which become the mask, which any other, and which
/// other.
public struct DataCollatorForLanguageModeling: DataCollator {
  /// The settings, by transformers' names.
  public struct Options: Equatable, Sendable {
    /// Whether tokens are hidden.
    public var mlm = true
    /// Whether all tokens of a word are hidden together; needs `offset_mapping`.
    public var wholeWordMask = false
    /// How many tokens are chosen.
    public var mlmProbability = 0.15
    /// How many of them become the mask.
    public var maskReplaceProb = 0.8
    /// How many of them become any token.
    public var randomReplaceProb = 0.1
    /// Lengths are rounded up to a multiple of this.
    public var padToMultipleOf: Int?

    /// transformers' defaults.
    public init() {}
  }

  private let tokenizer: PreTrainedTokenizer
  private let options: Options
  private let generator: Generator?

  /// - Parameters:
  ///   - tokenizer: Which tokens fill up, hide and are special.
  ///   - options: How tokens are hidden.
  ///   - generator: What draws come from; nil is `Generator.default`.
  /// - Throws: ``CollationError`` where settings do not fit each other or the tokenizer.
  public init(
    _ tokenizer: PreTrainedTokenizer, _ options: Options = Options(), generator: Generator? = nil
  ) throws(CollationError) {
    var options = options
    for (name, value) in [
      ("mlm_probability", options.mlmProbability), ("mask_replace_prob", options.maskReplaceProb),
      ("random_replace_prob", options.randomReplaceProb),
      (
        "mask_replace_prob + random_replace_prob",
        options.maskReplaceProb + options.randomReplaceProb
      ),
    ] where !(0...1).contains(value) {
      throw CollationError("\(name) must lie between 0 and 1, and is \(value)")
    }
    if options.mlm, tokenizer.maskTokenId == nil {
      throw CollationError(
        "the tokenizer has no mask token, which masked language modelling needs; set mlm to false for "
          + "a model that tells the next token")
    }
    if options.wholeWordMask {
      guard options.mlm else { throw CollationError("whole_word_mask needs mlm") }
      (options.maskReplaceProb, options.randomReplaceProb) = (1, 0)
    }
    self.tokenizer = tokenizer
    self.options = options
    self.generator = generator
  }

  /// The batch with labels.
  public func callAsFunction(_ features: [TextFeature]) throws -> TextBatch {
    let offsets =
      features.first?["offset_mapping"] == nil
      ? nil : try Stacking.values(features, "offset_mapping")
    let batch = try tokenizer.pad(
      features.without("offset_mapping"), PaddingOptions(padToMultipleOf: options.padToMultipleOf))
    return try labelled(batch, offsets)
  }

  /// The batch of rows of ids alone, which gets no mask, with labels.
  public func callAsFunction(rows: [[Int]]) throws -> TextBatch {
    let longest = rows.map(\.count).max() ?? 0
    let padding = PaddingOptions(padToMultipleOf: options.padToMultipleOf)
    let isFull = rows.allSatisfy { $0.count == padding.rounded(longest) }
    var batch = try tokenizer.pad(
      rows.map { ["input_ids": .ints($0)] },
      isFull ? PaddingOptions(padding: .doNotPad) : padding)
    batch["attention_mask"] = nil
    return try labelled(batch, nil)
  }

  private func labelled(_ batch: TextBatch, _ offsets: [FeatureValue]?) throws -> TextBatch {
    var batch = batch
    guard let ids = batch["input_ids"] else { throw CollationError("there are no input_ids") }
    let special = batch["special_tokens_mask"]
    batch["special_tokens_mask"] = nil
    guard options.mlm else {
      batch["labels"] = noGrad {
        tokenizer.padTokenId.map { ids.maskedFill(ids.eq($0), -100) } ?? ids
      }
      return batch
    }
    let rows = noGrad { special?.ne(0) ?? isSpecial(ids) }
    let words = try offsets.map { try Words($0, rows, tokenizer.paddingSide) }
    if options.wholeWordMask, words == nil {
      throw CollationError("whole_word_mask needs each token's offset_mapping")
    }
    let (masked, labels) = noGrad { hide(ids, special: rows, options.wholeWordMask ? words : nil) }
    batch["input_ids"] = masked
    batch["labels"] = labels
    return batch
  }

  private func isSpecial(_ ids: Tensor) -> Tensor {
    let special = Set(tokenizer.allSpecialIds)
    return Tensor(ids.array(of: Int.self).map { special.contains($0) }, shape: ids.shape)
  }

  /// Hides tokens: the ids to read and those to guess, −100 where nothing is to be guessed.
  private func hide(_ ids: Tensor, special: Tensor, _ words: Words?) -> (
    ids: Tensor, labels: Tensor
  ) {
    let chance = Tensor.full(ids.shape, options.mlmProbability, dtype: .float32)
      .maskedFill(words?.isNotFirst ?? special, 0)
    var chosen = chance.bernoulli(generator: generator).ne(0)
    if let words { chosen = words.spread(chosen) }
    let labels = ids.maskedFill(chosen.logicalNot(), -100)
    func drawn(_ p: Double) -> Tensor {
      Tensor.full(ids.shape, p, dtype: .float32).bernoulli(generator: generator).ne(0)
    }
    let replaced = drawn(options.maskReplaceProb).logicalAnd(chosen)
    var result = ids.maskedFill(replaced, tokenizer.maskTokenId ?? 0)
    guard options.maskReplaceProb != 1, options.randomReplaceProb != 0 else {
      return (result, labels)
    }
    let other = drawn(min(1, options.randomReplaceProb / (1 - options.maskReplaceProb)))
      .logicalAnd(chosen).logicalAnd(replaced.logicalNot())
    let anyone = Tensor.randint(tokenizer.count, ids.shape, generator: generator)
    result = Tensor.where(other, anyone, result)
    return (result, labels)
  }

  /// Which tokens belong to one word: those between which there is no gap.
  private struct Words {
    private let numbers: [[Int]]
    /// True where a token is special or goes on with a word.
    let isNotFirst: Tensor

    /// - Parameter offsets: A row for each token: its first code point, and the one behind its last.
    init(
      _ offsets: [FeatureValue], _ special: Tensor, _ side: Truncation.Side
    ) throws(CollationError) {
      let shape = special.shape
      let flags = special.array(of: Bool.self)
      var (numbers, rest): ([[Int]], [Bool]) = ([], [])
      for (row, value) in offsets.enumerated() {
        guard var places = value.rows, places.count <= shape[1],
          places.allSatisfy({ $0.count == 2 })
        else { throw CollationError("offset_mapping must be two numbers for each token") }
        let more = [[Int]](repeating: [0, 0], count: shape[1] - places.count)
        places = side == .right ? places + more : more + places
        var (number, end, followsSpecial) = (0, -1, false)
        var line: [Int] = []
        for (token, place) in places.enumerated() {
          let isSpecial = flags[row * shape[1] + token]
          let isFirst = !isSpecial && (place[0] != end || followsSpecial)
          if isFirst { number += 1 }
          line.append(isSpecial ? -1 : number)
          rest.append(!isFirst)
          (end, followsSpecial) = (place[1], isSpecial)
        }
        numbers.append(line)
      }
      self.numbers = numbers
      isNotFirst = Tensor(rest, shape: shape)
    }

    /// All tokens of the words of which one was chosen.
    func spread(_ chosen: Tensor) -> Tensor {
      let flags = chosen.array(of: Bool.self)
      let width = chosen.shape[1]
      let all = numbers.enumerated().flatMap { row, line in
        let words = Set(line.indices.filter { flags[row * width + $0] }.map { line[$0] })
        return line.map { $0 >= 0 && words.contains($0) }
      }
      return Tensor(all, shape: chosen.shape)
    }
  }
}
