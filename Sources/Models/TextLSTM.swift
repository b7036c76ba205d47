import NN
import Tensors

/// A sentence classifier: word embeddings, an LSTM over sentences of different lengths, its states
/// pooled into one vector, and a linear layer. `[N, T] → [N, classes]`.
public final class TextLSTM: Module {
  /// How the states of a sentence become one vector.
  public enum Pooling: String, Sendable, CaseIterable {
    /// The last state of each direction.
    case last
    /// The mean over the sentence's words.
    case mean
    /// The largest value over the sentence's words.
    case max
  }

  /// The word vectors; word 0 is padding.
  public let embedding: Embedding
  /// Reads the sentences.
  public let lstm: LSTM
  /// The logits.
  public let classifier: Linear
  let dropout: Dropout
  private let pooling: Pooling

  /// - Parameters:
  ///   - vocabulary: The number of words, padding and unknown included.
  ///   - classes: The number of logits.
  ///   - embedding: The width of a word's vector.
  ///   - hidden: The width of the LSTM's state, per direction.
  ///   - layers: Stacked LSTM layers.
  ///   - bidirectional: Whether a second LSTM reads each sentence backwards.
  ///   - pooling: How the states become one vector.
  ///   - dropout: The probability with which word vectors and pooled states are thinned out.
  public init(
    vocabulary: Int, classes: Int, embedding: Int = 100, hidden: Int = 128, layers: Int = 1,
    bidirectional: Bool = true, pooling: Pooling = .max, dropout: Double = 0.5
  ) {
    self.embedding = Embedding(vocabulary, embedding, paddingIdx: 0)
    lstm = LSTM(
      embedding, hidden, numLayers: layers, batchFirst: true,
      dropout: layers > 1 ? dropout : 0, bidirectional: bidirectional)
    classifier = Linear(hidden * (bidirectional ? 2 : 1), classes)
    self.dropout = Dropout(dropout)
    self.pooling = pooling
  }

  /// The logits of padded sentences.
  /// - Parameters:
  ///   - words: Word numbers `[N, T]`, padded with 0.
  ///   - lengths: The number of words of each sentence, `[N]`.
  public func callAsFunction(_ words: Tensor, lengths: Tensor) -> Tensor {
    let packed = packPaddedSequence(
      dropout(embedding(words)), lengths: lengths.array(of: Int.self), batchFirst: true,
      enforceSorted: false)
    let (output, state) = lstm(packed)
    return classifier(dropout(pooled(output, state.hidden, lengths)))
  }

  private func pooled(_ output: PackedSequence, _ hidden: Tensor, _ lengths: Tensor) -> Tensor {
    if pooling == .last {
      let last = hidden.shape[0]
      return Tensor.cat(
        (lstm.bidirectional ? [last - 2, last - 1] : [last - 1]).map { hidden[$0] }, dim: 1)
    }
    let padding = pooling == .max ? -Double.infinity : 0
    let states = padPackedSequence(output, batchFirst: true, paddingValue: padding).padded
    if pooling == .max { return states.max(dim: 1).values }
    return states.sum(dim: 1) / lengths.to(states.dtype).unsqueezed(1)
  }
}
