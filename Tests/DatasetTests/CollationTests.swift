import Datasets
import Tensors
import Testing

@Suite("Collation")
struct CollationTests {
  @Test("images become a batch of their shape with labels")
  func images() {
    let records = (0..<3).map { index in
      LabelledImage(pixels: (0..<4).map { Float(10 * index + $0) }, label: index)
    }
    let batch = Collate.images(records, shape: [1, 2, 2])
    #expect(batch.images.shape == [3, 1, 2, 2] && batch.images.dtype == .float32)
    #expect(batch.images.array() == [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23] as [Float])
    #expect(batch.labels.shape == [3] && batch.labels.array() == [0, 1, 2])
  }

  @Test("sentences are padded at the end and keep their lengths")
  func sentences() {
    let batch = Collate.sentences([
      LabelledSentence(tokens: [5, 6, 7], label: 1), LabelledSentence(tokens: [8], label: 0),
    ])
    #expect(batch.tokens.shape == [2, 3] && batch.tokens.array() == [5, 6, 7, 8, 0, 0])
    #expect(batch.lengths.array() == [3, 1] && batch.labels.array() == [1, 0])
  }

  @Test("contexts and their targets are shifted by one")
  func contexts() {
    let batch = Collate.contexts([
      TextContext(inputs: [1, 2], targets: [2, 3]), TextContext(inputs: [4, 5], targets: [5, 6]),
    ])
    #expect(batch.inputs.shape == [2, 2] && batch.inputs.array() == [1, 2, 4, 5])
    #expect(batch.targets.array() == [2, 3, 5, 6])
  }

  @Test("rows of tensors are read together and stacked")
  func tensors() throws {
    let data = TensorDataset(
      Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [3, 2]), Tensor([7, 8, 9]))
    #expect(data.count == 3)
    let loader = DataLoader(
      data, batches: BatchSampler(SequentialSampler(count: 3), batchSize: 2),
      collate: TensorDataset.collate)
    let batch = try #require(try loader.next()).content
    #expect(batch[0].shape == [2, 2] && batch[0].array() == [1, 2, 3, 4] as [Float])
    #expect(batch[1].array() == [7, 8])
  }
}
