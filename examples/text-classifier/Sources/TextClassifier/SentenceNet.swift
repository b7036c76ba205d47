import Torus

/// Word vectors, an LSTM in both directions over sentences of different lengths, the largest of its states,
/// and a linear layer.
final class SentenceNet: Module {
  let embedding: Embedding
  let lstm: LSTM
  let output: Linear
  let dropout = Dropout(0.5)

  init(words: Int, classes: Int) {
    embedding = Embedding(words, 100, paddingIdx: 0)
    lstm = LSTM(100, 128, batchFirst: true, bidirectional: true)
    output = Linear(256, classes)
  }

  func callAsFunction(_ words: Tensor, lengths: Tensor) -> Tensor {
    let packed = packPaddedSequence(
      dropout(embedding(words)), lengths: lengths.array(of: Int.self), batchFirst: true,
      enforceSorted: false)
    // Padding must not be the largest.
    let states = padPackedSequence(
      lstm(packed).output, batchFirst: true, paddingValue: -Double.infinity)
    return output(dropout(states.padded.max(dim: 1).values))
  }
}
