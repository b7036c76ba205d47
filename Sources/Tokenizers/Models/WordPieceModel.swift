/// WordPiece: the longest token that a word begins with, then the longest that goes on, and so on.
struct WordPieceModel: TokenModel {
  let vocabulary: Vocabulary
  let unknownToken: String
  /// What tokens inside a word begin with.
  let continuingPrefix: String
  /// Words of more code points are unknown.
  let longestWord: Int
  private let unknown: Int?
  /// The tokens inside words, without their prefix.
  private let continuing: Vocabulary

  init(
    vocabulary: Vocabulary, unknownToken: String, continuingPrefix: String, longestWord: Int
  ) {
    self.vocabulary = vocabulary
    self.unknownToken = unknownToken
    self.continuingPrefix = continuingPrefix
    self.longestWord = longestWord
    unknown = vocabulary.id(of: unknownToken)
    let prefix = Array(continuingPrefix.utf8)
    if prefix.isEmpty {
      continuing = vocabulary
      return
    }
    var blob: [UInt8] = []
    var ends: [Int] = []
    var ids: [Int] = []
    for id in vocabulary.ids {
      guard let bytes = vocabulary.bytes(of: id), bytes.starts(with: prefix) else { continue }
      blob.append(contentsOf: bytes[prefix.count...])
      ends.append(blob.count)
      ids.append(id)
    }
    continuing = Vocabulary(blob: blob, ends: ends, ids: ids)
  }

  func tokenize(
    _ p: UnsafePointer<UInt8>, _ range: Range<Int>, into sink: inout TokenSink, _ scratch: Scratch
  ) throws(TokenizerError) {
    let start = range.lowerBound
    let n = range.count
    // A word may be too long in code points only where it is in bytes.
    if n > longestWord, isTooLong(p, range) { return try appendUnknown(range, &sink) }
    let whole = vocabulary.id(of: p + start, n)
    if whole >= 0 { return sink.append(whole, start, range.upperBound) }
    if n > WordCache.longest {
      guard let count = divide(p, range, scratch) else { return try appendUnknown(range, &sink) }
      return sink.append(scratch.symbols, count, at: start)
    }
    let key = WordCache.Key(p + start, n)
    if scratch.cache.find(key, at: start, into: &sink) { return }
    var count = 1
    if let found = divide(p, range, scratch) {
      count = found
    } else {
      guard let unknown else { throw TokenizerError.missingUnknownToken(unknownToken) }
      scratch.symbols[0] = BPESymbol(id: Int32(unknown), length: Int32(n), previous: 0, next: 0)
    }
    scratch.cache.keep(key, scratch.symbols, count)
    sink.append(scratch.symbols, count, at: start)
  }

  private func appendUnknown(
    _ range: Range<Int>, _ sink: inout TokenSink
  ) throws(TokenizerError) {
    guard let unknown else { throw TokenizerError.missingUnknownToken(unknownToken) }
    sink.append(Int32(unknown), range.lowerBound, range.upperBound)
  }

  private func isTooLong(_ p: UnsafePointer<UInt8>, _ range: Range<Int>) -> Bool {
    var count = 0
    for i in range where p[i] & 0xc0 != 0x80 { count += 1 }
    return count > longestWord
  }

  /// Leaves the word's tokens in the scratch's symbols and returns how many there are; nil where a
  /// part is unknown.
  private func divide(
    _ p: UnsafePointer<UInt8>, _ range: Range<Int>, _ scratch: Scratch
  ) -> Int? {
    scratch.reserve(range.count)
    let symbols = scratch.symbols
    var count = 0
    var start = range.lowerBound
    while start < range.upperBound {
      let table = start == range.lowerBound ? vocabulary : continuing
      var end = min(range.upperBound, start + table.longest)
      while end > start, end < range.upperBound, p[end] & 0xc0 == 0x80 { end -= 1 }
      var id: Int32 = -1
      while end > start {
        id = table.id(of: p + start, end - start)
        if id >= 0 { break }
        end -= 1
        while end > start, p[end] & 0xc0 == 0x80 { end -= 1 }
      }
      guard id >= 0 else { return nil }
      symbols[count] = BPESymbol(
        id: id, length: Int32(truncatingIfNeeded: end - start), previous: 0, next: 0)
      count += 1
      start = end
    }
    return count
  }
}
