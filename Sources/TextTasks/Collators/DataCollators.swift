import Tensors
import Tokenizers

/// Stacks records whose fields are equally long (`transformers.DefaultDataCollator`).
///
/// `label` (a number) and `label_ids` (a row) become `labels`; texts are left out.
public struct DefaultDataCollator: DataCollator {
  /// A collator.
  public init() {}

  /// The batch; labels come first.
  public func callAsFunction(_ features: [TextFeature]) throws -> TextBatch {
    guard let first = features.first else { throw CollationError("a batch has no records") }
    var batch = TextBatch()
    if let name = ["label", "label_ids"].first(where: { first[$0] != nil }) {
      var values = try Stacking.values(features, name)
      if name == "label" {
        // A list under this name is several labels of one record, whose loss takes truths as numbers.
        values = values.map {
          if case .ints(let list) = $0 { .doubles(list.map(Double.init)) } else { $0 }
        }
      }
      batch["labels"] = try Stacking.tensor(values, name)
    }
    for name in first.names where name != "label" && name != "label_ids" {
      let values = try Stacking.values(features, name)
      if case .text = values[0] { continue }
      batch[name] = try Stacking.tensor(values, name)
    }
    return batch
  }
}

/// Fills records up to the longest of the batch (`transformers.DataCollatorWithPadding`).
public struct DataCollatorWithPadding: DataCollator {
  private let tokenizer: PreTrainedTokenizer
  private let options: PaddingOptions

  /// - Parameters:
  ///   - tokenizer: Which token fills up, and on which side.
  ///   - options: How far.
  public init(_ tokenizer: PreTrainedTokenizer, _ options: PaddingOptions = PaddingOptions()) {
    self.tokenizer = tokenizer
    self.options = options
  }

  /// The batch; `label` and `label_ids` become `labels`.
  public func callAsFunction(_ features: [TextFeature]) throws -> TextBatch {
    var batch = try tokenizer.pad(features, options)
    for name in ["label", "label_ids"] {
      guard let labels = batch[name] else { continue }
      batch[name] = nil
      batch["labels"] = labels
    }
    return batch
  }
}

/// Fills records and the labels of their tokens up
/// (`transformers.DataCollatorForTokenClassification`).
public struct DataCollatorForTokenClassification: DataCollator {
  private let tokenizer: PreTrainedTokenizer
  private let options: PaddingOptions
  private let labelPadTokenId: Int

  /// - Parameters:
  ///   - tokenizer: Which token fills up, and on which side, labels too.
  ///   - options: How far.
  ///   - labelPadTokenId: What labels are filled up with.
  public init(
    _ tokenizer: PreTrainedTokenizer, _ options: PaddingOptions = PaddingOptions(),
    labelPadTokenId: Int = -100
  ) {
    self.tokenizer = tokenizer
    self.options = options
    self.labelPadTokenId = labelPadTokenId
  }

  /// The batch, its labels as long as its ids.
  public func callAsFunction(_ features: [TextFeature]) throws -> TextBatch {
    let name = features.first?["label"] == nil ? "labels" : "label"
    let rows = features.first?[name] == nil ? nil : try Stacking.values(features, name)
    var batch = try tokenizer.pad(features.without(name), options)
    guard let rows else { return batch }
    let length = batch["input_ids"]?.shape[1] ?? 0
    batch[name] = try Stacking.tensor(
      rows.map { tokenizer.filledUp($0, to: length, with: labelPadTokenId) }, name)
    return batch
  }
}

/// Fills source texts and target texts up, each to its own length
/// (`transformers.DataCollatorForSeq2Seq`).
public struct DataCollatorForSeq2Seq: DataCollator {
  private let tokenizer: PreTrainedTokenizer
  private let options: PaddingOptions
  private let labelPadTokenId: Int
  private let decoderInputIds: ((Tensor) -> Tensor)?

  /// - Parameters:
  ///   - tokenizer: Which token fills up, and on which side, labels too.
  ///   - options: How far; `max_length` holds for labels too.
  ///   - labelPadTokenId: What labels are filled up with.
  ///   - decoderInputIds: Makes the decoder's tokens of the labels, as a model's `shiftedRight`; nil
  ///     leaves that to the model.
  public init(
    _ tokenizer: PreTrainedTokenizer, _ options: PaddingOptions = PaddingOptions(),
    labelPadTokenId: Int = -100, decoderInputIds: ((Tensor) -> Tensor)? = nil
  ) {
    self.tokenizer = tokenizer
    self.options = options
    self.labelPadTokenId = labelPadTokenId
    self.decoderInputIds = decoderInputIds
  }

  /// The batch.
  public func callAsFunction(_ features: [TextFeature]) throws -> TextBatch {
    let name = features.first?["label"] == nil ? "labels" : "label"
    let rows = features.first?[name] == nil ? nil : try Stacking.values(features, name)
    var batch = try tokenizer.pad(features.without(name), options)
    guard var rows else { return batch }
    if options.padding != .doNotPad {
      let longest = rows.map { $0.ints?.count ?? 0 }.max() ?? 0
      let length = options.rounded(
        options.padding == .maxLength ? options.maxLength ?? longest : longest)
      rows = rows.map { tokenizer.filledUp($0, to: length, with: labelPadTokenId) }
    }
    let labels = try Stacking.tensor(rows, name)
    batch["labels"] = labels
    if let decoderInputIds { batch["decoder_input_ids"] = decoderInputIds(labels) }
    return batch
  }
}

/// Fills the choices of questions up (`transformers.DataCollatorForMultipleChoice`).
public struct DataCollatorForMultipleChoice: DataCollator {
  private let tokenizer: PreTrainedTokenizer
  private let options: PaddingOptions

  /// - Parameters:
  ///   - tokenizer: Which token fills up, and on which side.
  ///   - options: How far.
  public init(_ tokenizer: PreTrainedTokenizer, _ options: PaddingOptions = PaddingOptions()) {
    self.tokenizer = tokenizer
    self.options = options
  }

  /// The batch, `[N, choices, T]`, with labels `[N]`.
  public func callAsFunction(_ features: [TextFeature]) throws -> TextBatch {
    guard let first = features.first, let choices = first["input_ids"]?.rows?.count else {
      throw CollationError("input_ids must be a row for each choice")
    }
    let name = first["label"] == nil ? "labels" : "label"
    let labels = try Stacking.values(features, name)
    var flat: [TextFeature] = []
    for feature in features {
      for choice in 0..<choices {
        var row = TextFeature()
        for field in feature.names where field != name {
          guard let rows = feature[field]?.rows, rows.count == choices else {
            throw CollationError("\(field) must be a row for each of the \(choices) choices")
          }
          row[field] = .ints(rows[choice])
        }
        flat.append(row)
      }
    }
    var batch = try tokenizer.pad(flat, options)
    for field in batch.names {
      batch[field] = batch[field]?.reshaped([features.count, choices, -1])
    }
    batch["labels"] = try Stacking.tensor(labels, name)
    return batch
  }
}

extension [TextFeature] {
  /// The records without a field.
  func without(_ name: String) -> [TextFeature] {
    map { feature in
      var feature = feature
      feature[name] = nil
      return feature
    }
  }
}
