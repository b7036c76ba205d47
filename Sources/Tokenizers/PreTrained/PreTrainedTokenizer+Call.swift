extension PreTrainedTokenizer {
  /// Tokenizes a text, or a pair.
  /// - Returns: One row, or as many as there are windows.
  /// - Throws: ``TokenizerError`` where the text cannot be divided, cut or filled up as asked.
  public func callAsFunction(
    _ text: String, textPair: String? = nil, _ options: CallOptions = CallOptions()
  ) throws -> BatchEncoding {
    // An empty second text is none, as in transformers.
    let pair = textPair.flatMap { $0.isEmpty ? nil : [Tokenizer.Input.text($0)] }
    return try call([.text(text)], pair, options)
  }

  /// Tokenizes a batch of texts, or of pairs, on all cores.
  /// - Throws: ``TokenizerError``, that of the first text that fails.
  public func callAsFunction(
    _ texts: [String], textPair: [String]? = nil, _ options: CallOptions = CallOptions()
  ) throws -> BatchEncoding {
    if options.isSplitIntoWords {
      let pair = textPair.flatMap { $0.isEmpty ? nil : [Tokenizer.Input.words($0)] }
      return try call([.words(texts)], pair, options)
    }
    return try call(texts.map { .text($0) }, textPair?.map { .text($0) }, options)
  }

  /// Tokenizes a batch of texts, or of pairs, which come filled up to one length and cut.
  ///
  /// ```swift
  /// let batch = try tokenizer(["A first text.", "Another one"], padding: true)
  /// ```
  /// - Parameters:
  ///   - texts: The texts.
  ///   - textPair: The second text of each.
  ///   - padding: What shorter texts are filled up to; `true` is the longest of the batch.
  ///   - truncation: What is cut; `true` is the longest first.
  ///   - maxLength: The most tokens, special ones included; nil is what the model takes.
  /// - Throws: ``TokenizerError``, that of the first text that fails.
  public func callAsFunction(
    _ texts: [String], textPair: [String]? = nil, padding: CallOptions.PaddingStrategy,
    truncation: CallOptions.TruncationStrategy? = nil, maxLength: Int? = nil
  ) throws -> BatchEncoding {
    try self(
      texts, textPair: textPair,
      CallOptions(padding: padding, truncation: truncation, maxLength: maxLength))
  }

  /// Tokenizes a batch of texts that are given as words.
  /// - Throws: ``TokenizerError``, that of the first text that fails.
  public func callAsFunction(
    words: [[String]], pairs: [[String]]? = nil, _ options: CallOptions = CallOptions()
  ) throws -> BatchEncoding {
    try call(words.map { .words($0) }, pairs?.map { .words($0) }, options)
  }

  /// The ids of a text, with special tokens.
  /// - Throws: ``TokenizerError`` where the text cannot be divided.
  public func encode(_ text: String, textPair: String? = nil) throws -> [Int] {
    try self(text, textPair: textPair).inputIds[0]
  }

  private func call(
    _ texts: [Tokenizer.Input], _ pairs: [Tokenizer.Input]?, _ options: CallOptions
  ) throws -> BatchEncoding {
    let tokenizer = try configured(options)
    let encodings = try tokenizer.encodeBatch(
      texts, pairs: pairs, addSpecialTokens: options.addSpecialTokens,
      offsets: options.returnOffsetsMapping)
    var rows: [Encoding] = []
    var samples: [Int] = []
    for (sample, encoding) in encodings.enumerated() {
      rows.append(encoding)
      samples.append(sample)
      guard options.returnOverflowingTokens else { continue }
      rows += encoding.overflowing
      samples += encoding.overflowing.map { _ in sample }
    }
    func wants(_ asked: Bool?, _ name: String) -> Bool { asked ?? modelInputNames.contains(name) }
    return BatchEncoding(
      inputIds: rows.map(\.ids),
      tokenTypeIds: wants(options.returnTokenTypeIds, "token_type_ids") ? rows.map(\.typeIds) : nil,
      attentionMask: wants(options.returnAttentionMask, "attention_mask")
        ? rows.map(\.attentionMask) : nil,
      specialTokensMask: options.returnSpecialTokensMask ? rows.map(\.specialTokensMask) : nil,
      offsetMapping: options.returnOffsetsMapping ? rows.map(\.offsets) : nil,
      length: options.returnLength ? rows.map(\.count) : nil,
      overflowToSampleMapping: options.returnOverflowingTokens ? samples : nil,
      encodings: rows)
  }

  /// The pipeline with the truncation and padding of a call.
  private func configured(_ options: CallOptions) throws(TokenizerError) -> Tokenizer {
    var padding = options.padding
    var truncation =
      options.truncation
      ?? (options.maxLength != nil && padding == .doNotPad ? .longestFirst : .doNotTruncate)
    var maxLength = options.maxLength
    if let length = maxLength, length < 0 {
      throw TokenizerError.call("maxLength is \(length); it must not be negative")
    }
    guard options.stride >= 0 else {
      throw TokenizerError.call("stride is \(options.stride); it must not be negative")
    }
    if maxLength == nil {
      if padding == .maxLength {
        if modelMaxLength == nil { padding = .doNotPad } else { maxLength = modelMaxLength }
      }
      if truncation != .doNotTruncate {
        if modelMaxLength == nil { truncation = .doNotTruncate } else { maxLength = modelMaxLength }
      }
    }
    var tokenizer = backend
    tokenizer.padding = nil
    tokenizer.truncation = nil
    if padding != .doNotPad {
      guard let token = specialTokens.pad, let id = padTokenId else {
        throw TokenizerError.call(
          "there is no padding token; set one: addSpecialTokens with pad, such as the eos token")
      }
      if truncation != .doNotTruncate, let multiple = options.padToMultipleOf, multiple > 0,
        let length = maxLength, length % multiple != 0
      {
        throw TokenizerError.call(
          "maxLength \(length) is no multiple of padToMultipleOf \(multiple); make it one")
      }
      tokenizer.padding = Padding(
        length: padding == .maxLength ? maxLength : nil, multipleOf: options.padToMultipleOf,
        direction: options.paddingSide ?? paddingSide, id: id, typeId: 0, token: token)
    }
    if truncation != .doNotTruncate, let length = maxLength {
      let room = length - numSpecialTokensToAdd()
      guard room < 0 || options.stride <= room else {
        throw TokenizerError.call(
          "the stride is \(options.stride), and maxLength \(length) has room for \(room) tokens of a "
            + "text; make the stride smaller or maxLength larger")
      }
      let strategy: Truncation.Strategy =
        switch truncation {
        case .onlyFirst: .onlyFirst
        case .onlySecond: .onlySecond
        default: .longestFirst
        }
      tokenizer.truncation = Truncation(
        maxLength: length, strategy: strategy, stride: options.stride, direction: truncationSide)
    }
    return tokenizer
  }
}
