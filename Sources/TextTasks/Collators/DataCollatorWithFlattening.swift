import Tensors

/// Puts all records of a batch in one row, without padding
/// (`transformers.DataCollatorWithFlattening`).
///
/// Positions begin anew with each record, by which models see that it is another text; the label of
/// its first token does not count, since nothing of the record tells it.
public struct DataCollatorWithFlattening: DataCollator {
  /// Whether positions are returned.
  public var returnPositionIds = true
  /// The label of each record's first token.
  public var separatorId = -100
  /// Whether the records' bounds are returned (`cu_seq_lens_q`, `max_length_q` and the same for k).
  public var returnFlashAttentionBounds = false
  /// Whether each token's record is returned (`seq_idx`).
  public var returnSequenceIndex = false
  /// The position of each record's first token.
  public var positionIdsStart = 0

  /// A collator.
  public init() {}

  /// The batch, `[1, tokens]`. Records without a token are left out.
  public func callAsFunction(_ features: [TextFeature]) throws -> TextBatch {
    let features = features.filter { !$0.inputIds.isEmpty }
    guard let first = features.first else {
      throw CollationError("every record of the batch is empty")
    }
    let hasLabels = first["labels"] != nil
    var (ids, labels, positions, records): ([Int], [Int], [Int], [Int]) = ([], [], [], [])
    var bounds = [0]
    for (number, feature) in features.enumerated() {
      let row = feature.inputIds
      guard let own = hasLabels ? feature["labels"]?.ints : row, own.count == row.count else {
        throw CollationError("record \(number) of the batch has not a label for each token")
      }
      ids += row
      labels += [separatorId] + own.dropFirst()
      positions += positionIdsStart..<(positionIdsStart + row.count)
      records += repeatElement(number, count: row.count)
      bounds.append(ids.count)
    }
    var batch = TextBatch()
    batch["input_ids"] = Tensor([ids])
    batch["labels"] = Tensor([labels])
    if returnPositionIds { batch["position_ids"] = Tensor([positions]) }
    if returnSequenceIndex { batch["seq_idx"] = Tensor([records]).to(.int32) }
    if returnFlashAttentionBounds {
      let longest = features.map(\.inputIds.count).max() ?? 0
      for side in ["q", "k"] {
        batch["cu_seq_lens_\(side)"] = Tensor(bounds).to(.int32)
        batch.numbers["max_length_\(side)"] = longest
      }
    }
    return batch
  }
}
