import Datasets
import Tensors
import Testing

@Suite struct DefaultLoaderTests {
  @Test func `numbers, arrays, tensors, texts and dictionaries are collated by themselves`() throws
  {
    var numbers: [[Int]] = []
    for x in DataLoader(ArrayDataset([1, 2, 3]), batchSize: 2) {
      numbers.append(x.array(of: Int.self))
    }
    #expect(numbers == [[1, 2], [3]])
    let rows = DataLoader(ArrayDataset([[1, 2], [3, 4]] as [[Float]]), batchSize: 2)
    #expect(rows.map(\.shape) == [[2, 2]])
    let tensors = DataLoader(ArrayDataset([Tensor.ones([2]), Tensor.zeros([2])]), batchSize: 2)
    #expect(tensors.map { $0.array(of: Float.self) } == [[1, 1, 0, 0]])
    #expect(Array(DataLoader(ArrayDataset(["a", "b"]), batchSize: 2)) == [["a", "b"]])
    let named = DataLoader(ArrayDataset([["x": 1], ["x": 2]]), batchSize: 2)
    #expect(named.map { $0["x"]?.array(of: Int.self) } == [[1, 2]])
    let truths = DataLoader(ArrayDataset([true, false]), batchSize: 2)
    #expect(truths.map(\.dtype) == [.bool])
  }

  @Test func `a loop over pairs takes them apart`() {
    let dataset = ArrayDataset((0..<5).map { (Tensor.full([3], Float($0)), $0) })
    var labels: [[Int]] = []
    for (x, y) in DataLoader(dataset, batchSize: 2) {
      #expect(x.shape == [y.count, 3])
      labels.append(y.array(of: Int.self))
    }
    #expect(labels == [[0, 1], [2, 3], [4]])
    let dropped = DataLoader(dataset, batchSize: 2, dropLast: true)
    #expect(dropped.map { $0.1.count } == [2, 2])
    let triples = DataLoader(ArrayDataset([(1, "a", 2.5), (2, "b", 3.5)]), batchSize: 2)
    for (number, text, real) in triples {
      #expect(number.count == 2 && text == ["a", "b"] && real.dtype == .float64)
    }
  }

  @Test func `each loop has an epoch of its own, also after one that was left`() throws {
    let loader = DataLoader(ArrayDataset(Array(0..<64)), batchSize: 8, shuffle: true, seed: 5)
    func order() -> [Int] { loader.flatMap { $0.array(of: Int.self) } }
    let (first, second) = (order(), order())
    #expect(first != second && first.sorted() == Array(0..<64) && second.sorted() == first.sorted())
    for _ in loader { break }
    #expect(order().count == 64)
    #expect(loader.epoch == 4)
    // A place that was saved in the middle is where the next loop begins.
    let other = DataLoader(ArrayDataset(Array(0..<64)), batchSize: 8, shuffle: true, seed: 5)
    _ = try other.next()
    let again = DataLoader(ArrayDataset(Array(0..<64)), batchSize: 8, shuffle: true, seed: 5)
    try again.restore(other.state)
    #expect(again.flatMap { $0.array(of: Int.self) } == Array(first[8...]))
  }

  @Test func `records that do not fit each other are an error of next`() {
    let rows = DataLoader(ArrayDataset([[1, 2], [3]] as [[Float]]), batchSize: 2)
    #expect(throws: DataError.self) { try rows.next() }
    let named = DataLoader(ArrayDataset([["x": 1], ["y": 2]]), batchSize: 2)
    #expect(throws: DataError.self) { try named.next() }
  }

  @Test func `an empty dataset has no batches`() {
    #expect(Array(DataLoader(ArrayDataset([] as [String]), batchSize: 2)).isEmpty)
  }
}
