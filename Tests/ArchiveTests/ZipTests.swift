import Archives
import Foundation
import Testing

@Suite("zip archives")
struct ZipTests {
  private let entries = [
    ZipWriter.Entry(name: "a/data.pkl", contents: Data("hello".utf8)),
    ZipWriter.Entry(name: "a/ä", contents: Data(repeating: 7, count: 1000)),
    ZipWriter.Entry(name: "empty", contents: Data()),
  ]

  private func archive(alignment: Int = 1, limit: Int = 0xffff_ffff) -> Data {
    ZipWriter.pieces(of: entries, alignment: alignment, limit: limit).reduce(Data(), +)
  }

  @Test(
    "entries come back, aligned or not, with fields of 32 and of 64 bits",
    arguments: [(1, 0xffff_ffff), (64, 0xffff_ffff), (64, 100), (1, 0)])
  func contents(alignment: Int, limit: Int) throws {
    let whole = archive(alignment: alignment, limit: limit)
    let reader = try ZipReader(whole)
    #expect(reader.entries.map(\.name) == entries.map(\.name))
    for entry in entries {
      let found = try #require(reader.entry(entry.name))
      #expect(try reader.contents(of: found) == entry.contents)
    }
    #expect(reader.entry("b") == nil)
    guard alignment > 1 else { return }
    let place = try #require(whole.range(of: entries[1].contents)).lowerBound
    #expect(place % alignment == 0)
  }

  @Test("an archive that is cut off or changed is refused")
  func damage() throws {
    let whole = archive()
    for length in [0, 10, whole.count - 30, whole.count - 1] {
      #expect(throws: ArchiveError.self) { try ZipReader(whole.prefix(length)) }
    }
    var changed = whole
    changed[try #require(whole.range(of: Data("hello".utf8))).lowerBound] ^= 1
    let reader = try ZipReader(changed)
    let entry = try #require(reader.entry("a/data.pkl"))
    #expect(throws: ArchiveError.self) { try reader.contents(of: entry) }
    #expect(throws: ArchiveError.self) { try reader.contents(of: entry, limit: 4) }
  }
}
