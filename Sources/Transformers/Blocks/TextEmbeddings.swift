import NN
import Tensors

/// Tokens, learned positions and text numbers, added, normed and dropped, as BERT and most of its
/// kin have them. `[N, T] → [N, T, width]`.
public final class TextEmbeddings: Module {
  /// How tokens get their positions.
  public enum Positions {
    /// 0, 1, 2, ….
    case sequential
    /// The number of tokens so far that do not pad, plus the padding token's number, which padding
    /// tokens get themselves.
    case afterPadding(Int)
  }

  let wordEmbeddings: Embedding
  let positionEmbeddings: Embedding
  let tokenTypeEmbeddings: Embedding?
  let layerNorm: LayerNorm
  let dropout: Dropout
  private let positions: Positions

  /// Tables of the sizes that a configuration has.
  /// - Parameters:
  ///   - vocabulary: The default of `vocab_size`.
  ///   - paddingIndex: The token that pads: its row gets no gradient.
  ///   - types: The default of `type_vocab_size`; nil where the family has no text numbers.
  init(
    _ configuration: ModelConfiguration, width: Int, vocabulary: Int, paddingIndex: Int?,
    types: Int? = nil, positions: Positions = .sequential, eps: Double, dropout: Double
  ) throws {
    let rows = try configuration.size("max_position_embeddings", 512)
    wordEmbeddings = configuration.embedding(
      try configuration.size("vocab_size", vocabulary), width, paddingIndex: paddingIndex)
    if case .afterPadding(let index) = positions {
      guard (0..<rows).contains(index) else {
        throw configuration.fault(
          "pad_token_id", "positions begin behind \(index), which is none of \(rows)")
      }
      positionEmbeddings = configuration.embedding(rows, width, paddingIndex: index)
    } else {
      positionEmbeddings = configuration.embedding(rows, width)
    }
    tokenTypeEmbeddings = try types.map {
      configuration.embedding(try configuration.size("type_vocab_size", $0), width)
    }
    layerNorm = configuration.layerNorm(width, eps: eps)
    self.dropout = Dropout(dropout)
    self.positions = positions
  }

  /// The norm is written as a class.
  public override class var stateNames: [String: String] { ["layerNorm": "LayerNorm"] }

  func callAsFunction(_ inputs: ModelInputs) -> Tensor {
    let length = inputs.inputIds.shape[1]
    let rows = positionEmbeddings.weight.shape[0]
    var x = wordEmbeddings(inputs.inputIds)
    if let table = tokenTypeEmbeddings {
      x = x + (inputs.tokenTypeIds.map { table($0) } ?? table.rows(0..<1))
    }
    if let positions = inputs.positionIds {
      x = x + positionEmbeddings(positions)
    } else if case .afterPadding(let index) = positions {
      let counted = inputs.inputIds.ne(index).to(.int64)
      require(
        length + index < rows || counted.sum(dim: 1).max().item(Int.self) + index < rows,
        "TextEmbeddings", "\(length) tokens are more than the \(rows - index - 1) positions")
      x = x + positionEmbeddings(counted.cumsum(dim: 1) * counted + index)
    } else {
      require(
        length <= rows, "TextEmbeddings", "\(length) tokens are more than the \(rows) positions")
      x = x + positionEmbeddings.rows(0..<length)
    }
    return dropout(layerNorm(x))
  }
}
