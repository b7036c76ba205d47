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
    let (x, y) = (Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [3, 2]), Tensor([7, 8, 9]))
    var sums: [Double] = []
    for (rows, labels) in DataLoader(TensorDataset(x, y), batchSize: 2) {
      sums += [rows.sum().item(), labels.sum().item()]
    }
    #expect(sums == [10, 15, 11, 9])
    for rows in DataLoader(TensorDataset(x), batchSize: 3) {
      #expect(rows.shape == [3, 2] && rows.array() == [1, 2, 3, 4, 5, 6] as [Float])
    }
    for (rows, labels, again) in DataLoader(TensorDataset(x, y, x), batchSize: 3) {
      #expect(rows.shape == again.shape && labels.shape == [3])
    }
    let data = TensorDataset([x, y])
    #expect(data.count == 3 && data[1].count == 2)
    let loader = DataLoader(data, batchSize: 2, collate: TensorDataset.collate)
    let batch = try #require(try loader.next()).content
    #expect(batch[0].shape == [2, 2] && batch[0].array() == [1, 2, 3, 4] as [Float])
    #expect(batch[1].array() == [7, 8])
  }

  @Test("an array is a dataset of its elements")
  func arrays() {
    let pairs = [([1, 2], "a"), ([3, 4], "b"), ([5, 6], "c")]
    var seen: [String] = []
    for (ids, names) in DataLoader(pairs, batchSize: 2) {
      seen += names
      #expect(ids.shape == [names.count, 2])
    }
    #expect(seen == ["a", "b", "c"])
    let sampler = DistributedSampler(pairs, rank: 1, worldSize: 2, shuffle: false)
    #expect(sampler.count == 2 && sampler.indices(epoch: 0) == [1, 0])
  }
}
