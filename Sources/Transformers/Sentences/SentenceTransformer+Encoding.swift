import NN
import Tensors
import Tokenizers

/// From texts to vectors.
extension SentenceTransformer {
  /// The vectors of texts, `[texts, width]`, in their order (`encode`).
  ///
  /// Texts of like lengths are computed together, longest first, so that little is padded. What is
  /// longer than ``maxSequenceLength`` is cut.
  /// - Parameters:
  ///   - texts: The texts.
  ///   - batchSize: How many texts are computed at once.
  ///   - promptName: The kind of the texts, of ``prompts``; by default ``defaultPromptName``.
  ///   - prompt: What goes before each text, instead of a kind's.
  ///   - truncateDim: How many of a vector's first numbers are kept; nil for all.
  ///   - normalizes: Whether vectors are brought to length 1, after they were cut.
  /// - Throws: ``ModelError`` where there is no such kind, `TokenizerError` where a text cannot be
  ///   tokenized.
  public func encode(
    _ texts: [String], batchSize: Int = 32, promptName: String? = nil, prompt: String? = nil,
    truncateDim: Int? = nil, normalizeEmbeddings normalizes: Bool = false
  ) throws -> Tensor {
    require(batchSize > 0, "encode", "a batch holds at least one text, not \(batchSize)")
    let width = truncateDim ?? dimension
    require(
      (1...dimension).contains(width), "encode",
      "vectors of \(dimension) numbers cannot be cut to \(width)")
    let prompt = try prompt ?? self.prompt(promptName)
    let rows = try self.rows(texts, prompt)
    let promptLength = prompt.isEmpty || pooling.includesPrompt ? 0 : try length(of: prompt)
    let order = rows.indices.sorted { rows[$0].ids.count > rows[$1].ids.count }
    var parts: [Tensor] = []
    noGrad {
      for start in stride(from: 0, to: order.count, by: batchSize) {
        let places = order[start..<Swift.min(start + batchSize, order.count)]
        var vectors = self(inputs(places.map { rows[$0] }), promptLength: promptLength)
        if width < dimension { vectors = vectors.sliced(dim: 1, to: width) }
        parts.append(normalizes ? F.normalize(vectors, dim: -1) : vectors)
      }
    }
    guard !parts.isEmpty else {
      return Tensor.zeros([0, width], dtype: autoModel.configuration.dtype)
    }
    var places = [Int](repeating: 0, count: order.count)
    for (row, place) in order.enumerated() { places[place] = row }
    return noGrad { Tensor.cat(parts).indexSelect(dim: 0, index: Tensor(places)) }
  }

  /// Texts as the model reads them, filled up to the longest: what training calls the model with.
  /// - Parameters:
  ///   - texts: The texts.
  ///   - promptName: The kind of the texts, of ``prompts``; by default ``defaultPromptName``.
  /// - Throws: As ``encode(_:batchSize:promptName:prompt:truncateDim:normalizeEmbeddings:)``.
  public func tokenized(_ texts: [String], promptName: String? = nil) throws -> ModelInputs {
    inputs(try rows(texts, try prompt(promptName)))
  }

  /// A text's tokens.
  private struct Row {
    var ids: [Int]
    var types: [Int]?
  }

  private func rows(_ texts: [String], _ prompt: String) throws -> [Row] {
    guard !texts.isEmpty else { return [] }
    var options = CallOptions()
    if let maxSequenceLength {
      options.truncation = .longestFirst
      options.maxLength = maxSequenceLength
    }
    let batch = try tokenizer(texts.map { prepared(prompt + $0) }, options)
    return batch.inputIds.indices.map {
      Row(ids: batch.inputIds[$0], types: batch.tokenTypeIds?[$0])
    }
  }

  private func prepared(_ text: String) -> String { lowercases ? text.lowercased() : text }

  /// Rows as tensors, filled up on the tokenizer's side.
  private func inputs(_ rows: [Row]) -> ModelInputs {
    let length = rows.map(\.ids.count).max() ?? 0
    // What fills up is masked, so that any token does where there is none for it.
    let filler = tokenizer.padTokenId ?? 0
    let isLeft = tokenizer.paddingSide == .left
    func table(_ filler: Int, _ values: (Row) -> [Int]) -> Tensor {
      let numbers = rows.flatMap { row in
        let own = values(row)
        let fill = [Int](repeating: filler, count: length - own.count)
        return isLeft ? fill + own : own + fill
      }
      return Tensor(numbers, shape: [rows.count, length])
    }
    return ModelInputs(
      inputIds: table(filler) { $0.ids },
      attentionMask: table(0) { [Int](repeating: 1, count: $0.ids.count) },
      tokenTypeIds: rows.first?.types == nil ? nil : table(0) { $0.types ?? [] })
  }

  private func prompt(_ name: String?) throws -> String {
    guard let name = name ?? defaultPromptName else { return "" }
    guard let prompt = prompts[name] else {
      throw ModelError(
        .unsupported, path: autoModel.configuration.path, "no prompt is called “\(name)”",
        remedy: "Known are \(prompts.keys.sorted().joined(separator: ", "))")
    }
    return prompt
  }

  /// How many tokens a prompt takes at the beginning of a text, special ones included, without the
  /// one that ends texts.
  private func length(of prompt: String) throws -> Int {
    let ids = try rows([""], prompt)[0].ids
    guard let last = ids.last, tokenizer.allSpecialIds.contains(last) else { return ids.count }
    return ids.count - 1
  }
}
