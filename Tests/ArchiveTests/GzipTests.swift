import Archives
import Foundation
import Testing

@Suite("gzip")
struct GzipTests {
  private let text = Data((0..<5000).map { UInt8(truncatingIfNeeded: $0 * $0 / 7) })

  @Test("contents come back, of one member and of several")
  func members() throws {
    let (first, second) = (try Gzip.compress(text), try Gzip.compress(Data("more".utf8)))
    #expect(Gzip.isGzip(first) && !Gzip.isGzip(text))
    #expect(try Gzip.decompress(first) == text)
    #expect(try Gzip.decompress(first + second + Data(count: 512)) == text + Data("more".utf8))
    #expect(try Gzip.decompress(Gzip.compress(Data())).isEmpty)
  }

  @Test("the same contents are the same bytes")
  func equal() throws {
    #expect(try Gzip.compress(text) == Gzip.compress(text))
  }

  @Test("what is cut off, changed or followed by other bytes is refused")
  func damage() throws {
    let whole = try Gzip.compress(text)
    for length in [3, 12, whole.count / 2, whole.count - 1] {
      #expect(throws: ArchiveError.self) { try Gzip.decompress(whole.prefix(length)) }
    }
    var changed = whole
    // The checksum of the contents is in the last eight bytes.
    changed[changed.count - 6] ^= 1
    #expect(throws: ArchiveError.self) { try Gzip.decompress(changed) }
    #expect(throws: ArchiveError.self) { try Gzip.decompress(whole + Data("x".utf8)) }
    #expect(throws: ArchiveError.self) { try Gzip.decompress(Data("plain".utf8)) }
  }

  @Test("contents beyond the limit are refused before they fill the memory")
  func limit() throws {
    let zeros = try Gzip.compress(Data(count: 1 << 20))
    #expect(try Gzip.decompress(zeros, limit: 1 << 20).count == 1 << 20)
    let error = #expect(throws: ArchiveError.self) {
      try Gzip.decompress(zeros, limit: (1 << 20) - 1)
    }
    guard case .oversized = error else {
      Issue.record("\(String(describing: error)) is not about the size")
      return
    }
  }

  @Test("CRC-32 is that of RFC 1952, in one piece or in several")
  func checksum() {
    let bytes = Array("123456789".utf8)
    func crc(_ bytes: ArraySlice<UInt8>, _ before: UInt32 = 0) -> UInt32 {
      bytes.withUnsafeBytes { crc32(of: $0, continuing: before) }
    }
    #expect(crc(bytes[...]) == 0xcbf4_3926)
    #expect(crc(bytes[4...], crc(bytes[..<4])) == 0xcbf4_3926)
  }
}
