import Tokenizers

/// A window of a question's context, as a model reads it: the question, and as much of the context as has
/// room.
public struct AnswerWindow: Sendable, Equatable {
  /// The question's place among the records.
  public let record: Int
  /// Where each token stands in the context, in code points; nil for tokens of the question and special
  /// ones.
  public let offsets: [Range<Int>?]
}

/// Questions with the windows of their contexts.
public struct AnswerWindows: Sendable {
  /// The questions.
  public let records: [QuestionRecord]
  /// What models read, with `start_positions` and `end_positions`: one for each window.
  public let features: TextFeatures
  private let all: TextFeatures

  /// The fields by which a window is found again, which no model reads.
  private enum Place {
    static let record = "record"
    static let offsets = "offsets"
  }

  /// Questions with the features of their windows, as ``features(of:from:_:maxLength:stride:)`` makes
  /// them.
  public init(_ records: [QuestionRecord], _ features: TextFeatures) {
    self.records = records
    all = features
    self.features = features.leavingOut([Place.record, Place.offsets])
  }

  /// Cuts the contexts of questions into windows.
  /// - Throws: An error where a question leaves no room for its context.
  public init(
    _ records: [QuestionRecord], _ tokenizer: PreTrainedTokenizer, maxLength: Int, stride: Int
  ) throws {
    self.init(
      records,
      try TextFeatures(
        Self.features(of: records, from: 0, tokenizer, maxLength: maxLength, stride: stride)))
  }

  /// The question that a window is of, by its place among the records.
  public func record(ofWindow index: Int) -> Int {
    guard case .int(let record) = all.field(Place.record, of: index) else { return 0 }
    return record
  }

  /// What a feature is of.
  public func window(_ index: Int) -> AnswerWindow {
    let bounds = all.field(Place.offsets, of: index)?.ints ?? []
    let offsets = stride(from: 0, to: bounds.count - 1, by: 2).map { place -> Range<Int>? in
      bounds[place] < 0 ? nil : bounds[place]..<max(bounds[place], bounds[place + 1])
    }
    return AnswerWindow(record: record(ofWindow: index), offsets: offsets)
  }

  /// Cuts contexts into windows of at most `maxLength` tokens with the question, of which neighbours
  /// have `stride` in common, as Hugging Face's `run_qa` does.
  ///
  /// The first answer is learnt. A window that does not hold all of it points to its first special
  /// token, as one of a question without an answer does.
  /// - Parameters:
  ///   - records: Questions with their contexts.
  ///   - first: The place of the first of these records among all.
  ///   - tokenizer: What divides them into tokens.
  ///   - maxLength: The most tokens of a window, question included.
  ///   - stride: How many tokens neighbours have in common.
  /// - Throws: An error where a question leaves no room for its context.
  public static func features(
    of records: [QuestionRecord], from first: Int, _ tokenizer: PreTrainedTokenizer,
    maxLength: Int, stride: Int
  ) throws -> [TextFeature] {
    var options = CallOptions()
    options.maxLength = maxLength
    options.stride = stride
    options.returnOverflowingTokens = true
    options.returnOffsetsMapping = true
    // Where texts are filled up on the left, the context stands first.
    let contextIsSecond = tokenizer.paddingSide == .right
    options.truncation = contextIsSecond ? .onlySecond : .onlyFirst
    // Some questions begin with spaces, which would take up room.
    let questions = records.map { String($0.question.drop { $0.isWhitespace }) }
    let contexts = records.map(\.context)
    let encoding = try tokenizer(
      contextIsSecond ? questions : contexts, textPair: contextIsSecond ? contexts : questions,
      options)
    return (0..<encoding.count).map { row in
      let record = encoding.overflowToSampleMapping?[row] ?? row
      let sequences = encoding.sequenceIds(row)
      let places = encoding.offsetMapping?[row] ?? []
      let offsets = zip(places, sequences).map { $1 == (contextIsSecond ? 1 : 0) ? $0 : nil }
      var feature = TextEncoder.feature(encoding, row)
      let ids = encoding.inputIds[row]
      let special = tokenizer.clsTokenId ?? tokenizer.bosTokenId
      let none = special.flatMap { ids.firstIndex(of: $0) } ?? 0
      let answer =
        records[record].answers.first.flatMap { Self.positions(of: $0, in: offsets) }
        ?? none..<none
      feature["start_positions"] = .int(answer.lowerBound)
      feature["end_positions"] = .int(answer.upperBound)
      feature[Place.record] = .int(first + record)
      feature[Place.offsets] = .ints(
        offsets.flatMap { [$0?.lowerBound ?? -1, $0?.upperBound ?? -1] })
      return feature
    }
  }

  /// The first and the last token of an answer, as the bounds of a range; nil where the window does not
  /// hold all of it.
  static func positions(
    of answer: QuestionRecord.Answer, in offsets: [Range<Int>?]
  ) -> Range<Int>? {
    guard var start = offsets.firstIndex(where: { $0 != nil }),
      var end = offsets.lastIndex(where: { $0 != nil }),
      let first = offsets[start], let last = offsets[end]
    else { return nil }
    let (length, overflows) = answer.start.addingReportingOverflow(answer.text.unicodeScalars.count)
    guard !overflows, first.lowerBound <= answer.start, last.upperBound >= length else {
      return nil
    }
    let bounds = (start, end)
    while start <= bounds.1, let place = offsets[start], place.lowerBound <= answer.start {
      start += 1
    }
    while end >= bounds.0, let place = offsets[end], place.upperBound >= length { end -= 1 }
    let (from, to) = (start - 1, end + 1)
    return from <= to ? from..<to : nil
  }
}
