import Datasets
import Testing

@Suite("Datasets")
struct DatasetTests {
  struct Odd: Error {}

  @Test("subset, concatenation and map read through to the right record")
  func composition() throws {
    let numbers = ArrayDataset(Array(0..<10))
    let both = ConcatDataset([[9, 3], [], [4]].map { Subset(numbers, indices: $0) })
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
}
