import Base
import Tensors
import Tokenizers

/// How far records are filled up, by the settings of transformers' collators.
public struct PaddingOptions: Equatable, Sendable {
  /// What shorter records are filled up to.
  public var padding = CallOptions.PaddingStrategy.longest
  /// The length of `max_length`; nil for the model's.
  public var maxLength: Int?
  /// Lengths are rounded up to a multiple of this.
  public var padToMultipleOf: Int?

  /// To the longest record, or as given.
  public init(
    padding: CallOptions.PaddingStrategy = .longest, maxLength: Int? = nil,
    padToMultipleOf: Int? = nil
  ) {
    self.padding = padding
    self.maxLength = maxLength
    self.padToMultipleOf = padToMultipleOf
  }

  /// A length rounded up.
  func rounded(_ length: Int) -> Int {
    guard let multiple = padToMultipleOf, multiple > 0 else { return length }
    return (length + multiple - 1) / multiple * multiple
  }
}

extension PreTrainedTokenizer {
  /// Fills rows of tokens up to one length and makes tensors of all fields (`tokenizer.pad`).
  ///
  /// Ids are filled up with the padding token, masks with 0, segments with the padding token's, and
  /// masks of special tokens with 1. All other fields must be equally long. Where the model reads a
  /// mask and there is none, it is made. Rows longer than a given length stay as they are.
  /// - Throws: ``TextTasks/CollationError``.
  public func pad(
    _ features: [TextFeature], _ options: PaddingOptions = PaddingOptions()
  ) throws(CollationError) -> TextBatch {
    guard let first = features.first else { throw CollationError("a batch has no records") }
    let ids = try Stacking.values(features, "input_ids")
    var lengths: [Int] = []
    for value in ids {
      guard let row = value.ints else {
        throw CollationError("input_ids must be a row of ids, not \(value)")
      }
      lengths.append(row.count)
    }
    guard options.padding == .doNotPad || padTokenId != nil else {
      throw CollationError(
        "records are to be filled up, and the tokenizer has no padding token; give it one, such as the "
          + "token that ends texts: addSpecialTokens with pad")
    }
    let target: Int?
    switch options.padding {
    case .doNotPad: target = nil
    case .longest: target = options.rounded(lengths.max() ?? 0)
    case .maxLength: target = (options.maxLength ?? modelMaxLength).map(options.rounded)
    }
    var filled: [(name: String, fill: Int)] = [
      ("input_ids", padTokenId ?? 0), ("attention_mask", 0), ("token_type_ids", padTokenTypeID),
      ("special_tokens_mask", 1),
    ]
    let masks = modelInputNames.contains("attention_mask")
    if !masks { filled.removeAll { $0.name == "attention_mask" } }
    var batch = TextBatch()
    for name in first.names {
      var values = try Stacking.values(features, name)
      if let fill = filled.first(where: { $0.name == name })?.fill, let target {
        values = values.map { filledUp($0, to: target, with: fill) }
      }
      if case .text = values[0] { continue }
      batch[name] = try Stacking.tensor(values, name)
    }
    if masks, batch["attention_mask"] == nil {
      let rows = lengths.map {
        filledUp(.ints([Int](repeating: 1, count: $0)), to: target ?? $0, with: 0)
      }
      batch["attention_mask"] = try Stacking.tensor(rows, "attention_mask")
    }
    return batch
  }

  /// The segment of padding.
  var padTokenTypeID: Int { configuration["pad_token_type_id"]?.int ?? 0 }

  /// A row filled up on the tokenizer's side.
  func filledUp(_ value: FeatureValue, to length: Int, with fill: Int) -> FeatureValue {
    guard let row = value.ints, row.count < length else { return value }
    let more = [Int](repeating: fill, count: length - row.count)
    return .ints(paddingSide == .right ? row + more : more + row)
  }
}
