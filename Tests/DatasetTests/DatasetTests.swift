import Datasets
import Testing

@Suite("Datasets")
struct DatasetTests {
  struct Odd: Error {}

  @Test("subset, concatenation and map read through to the right record")
  func composition() throws {
    let numbers = ArrayDataset(Array(0..<10))
    let both = ConcatDataset([numbers.subset([9, 3]), numbers.subset([]), numbers.subset([4])])
    #expect(both.count == 3)
    #expect(try (0..<3).map { try both[$0] } == [9, 3, 4])
    let doubled = both.mapped { $0 * 2 }
    #expect(try (0..<3).map { try doubled[$0] } == [18, 6, 8])
  }

  @Test("a record that cannot be read throws when it is read, not before")
  func lazyErrors() throws {
    let picky = ArrayDataset(Array(0..<4)).mapped { number -> Int in
      if number == 3 { throw Odd() }
      return number
    }
    #expect(try picky[2] == 2)
    #expect(throws: Odd.self) { try picky[3] }
  }

  @Test("ranks read disjoint parts of a stream that make up the whole")
  func streams() throws {
    let stream = GeneratedDataset { epoch in (epoch * 100)..<(epoch * 100 + 11) }
    var all: [Int] = []
    for rank in 0..<3 {
      var reader = try stream.reader(rank: rank, worldSize: 3, epoch: 2)
      var part: [Int] = []
      while let number = reader.next() { part.append(number) }
      #expect(part == Array(stride(from: 200 + rank, to: 211, by: 3)))
      all += part
    }
    #expect(all.sorted() == Array(200..<211))
  }
}
