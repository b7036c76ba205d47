/// Byte-pair encoding: a word's characters, of which the pair with the lowest rank is merged until
/// none is left.
final class BPEModel: TokenModel {
  /// What the model's settings are called in tokenizer.json.
  struct Settings: Sendable, Equatable {
    var dropout: Double?
    var unknownToken: String?
    var continuingPrefix: String?
    var endOfWordSuffix: String?
    var fusesUnknown = false
    var byteFallback = false
    var ignoresMerges = false
  }

  let vocabulary: Vocabulary
  let settings: Settings
  let merges: MergeTable
  /// The vocabulary by what is looked up: bytes where words come as bytes, else the tokens' text.
  let lookup: Vocabulary
  /// Whether words come as bytes, which the tokens' text writes in the byte-level alphabet.
  let takesBytes: Bool
  /// The symbols of single bytes, or of ASCII characters.
  let symbolOfByte: Block<Int32>
  let fallback: [Int32]
  let unknown: Int32?
  private let borders: MergeBorders?
  private let dropout: Double
  private let ignoresMerges: Bool

  /// - Parameters:
  ///   - takesBytes: Whether words come as bytes; needs a vocabulary with all 256 of them.
  ///   - dividesLongTexts: Whether whole texts come as words, so that it pays to know where no merge
  ///     ever reaches across.
  init(
    vocabulary: Vocabulary, merges: MergeTable, settings: Settings, takesBytes: Bool,
    dividesLongTexts: Bool
  ) {
    self.vocabulary = vocabulary
    self.merges = merges
    self.settings = settings
    self.takesBytes = takesBytes
    dropout = settings.dropout ?? 0
    ignoresMerges = settings.ignoresMerges && dropout == 0
    lookup = takesBytes ? Self.byBytes(vocabulary) : vocabulary
    var symbols = [Int32](repeating: -1, count: 256)
    for byte in 0..<(takesBytes ? 256 : 128) {
      symbols[byte] = lookup.id(of: [UInt8(byte)]).map { Int32($0) } ?? -1
    }
    symbolOfByte = Block(symbols, -1)
    fallback = (0..<256).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      let token = "<0x" + (digits.utf8.count < 2 ? "0" : "") + digits + ">"
      return vocabulary.id(of: token).map { Int32($0) } ?? -1
    }
    unknown = settings.unknownToken.flatMap { vocabulary.id(of: $0) }.map { Int32($0) }
    let isPlain =
      (settings.dropout ?? 0) == 0 && settings.continuingPrefix == nil
      && settings.endOfWordSuffix == nil && !settings.ignoresMerges
    // Characters that are dropped move the offsets of all that follows in the word.
    let dropsCharacters =
      settings.unknownToken == nil && !(settings.byteFallback && fallback.allSatisfy { $0 >= 0 })
    borders =
      dividesLongTexts && isPlain && !dropsCharacters
      ? MergeBorders(
        vocabulary: vocabulary, merges: merges, byteTokens: settings.byteFallback ? fallback : [])
      : nil
  }

  /// Whether every byte has a token in the byte-level alphabet.
  static func hasAllBytes(_ vocabulary: Vocabulary) -> Bool {
    ByteLevelAlphabet.codePoints.allSatisfy { point in
      var bytes: [UInt8] = []
      bytes.append(codePoint: point)
      return vocabulary.id(of: bytes) != nil
    }
  }

  private static func byBytes(_ vocabulary: Vocabulary) -> Vocabulary {
    var blob: [UInt8] = []
    var ends: [Int] = []
    var ids: [Int] = []
    for id in vocabulary.ids {
      guard let token = vocabulary.bytes(of: id), let bytes = ByteLevelAlphabet.decode(token)
      else { continue }
      blob += bytes
      ends.append(blob.count)
      ids.append(id)
    }
    return Vocabulary(blob: blob, ends: ends, ids: ids)
  }

  func tokenize(
    _ p: UnsafePointer<UInt8>, _ range: Range<Int>, into sink: inout TokenSink, _ scratch: Scratch
  ) throws(TokenizerError) {
    guard let borders, range.count > WordCache.longest else {
      return try tokenize(word: p, range.lowerBound, range.count, &sink, scratch)
    }
    var start = range.lowerBound
    while start < range.upperBound {
      let end = borders.next(p, start, range.upperBound, self)
      try tokenize(word: p, start, end - start, &sink, scratch)
      start = end
    }
  }

  @inline(__always)
  private func tokenize(
    word p: UnsafePointer<UInt8>, _ start: Int, _ n: Int, _ sink: inout TokenSink,
    _ scratch: Scratch
  ) throws(TokenizerError) {
    let word = p + start
    var whole: Int32 = -1
    if n <= lookup.longest {
      whole = lookup.id(of: word, n)
      if whole >= 0, ignoresMerges || scratch.canonical.base[Int(whole)] == 1 {
        return sink.append(whole, start, start + n)
      }
    }
    if n > WordCache.longest || dropout > 0 {
      let count = try merge(word, n, scratch)
      return sink.append(scratch.symbols, count, at: start)
    }
    let key = WordCache.Key(word, n)
    if scratch.cache.find(key, at: start, into: &sink) { return }
    let count = try merge(word, n, scratch)
    let symbols = scratch.symbols
    if count == 1, symbols[0].id == whole, Int(symbols[0].length) == n {
      scratch.canonical.base[Int(whole)] = 1
      return sink.append(whole, start, start + n)
    }
    scratch.cache.keep(key, symbols, count)
    sink.append(symbols, count, at: start)
  }

  /// Leaves the word's tokens in the scratch's symbols and returns how many there are.
  private func merge(
    _ word: UnsafePointer<UInt8>, _ n: Int, _ scratch: Scratch
  ) throws(TokenizerError) -> Int {
    var count = n
    if takesBytes {
      scratch.reserve(n)
      let symbols = scratch.symbols
      for i in 0..<n {
        symbols[i] = BPESymbol(
          id: symbolOfByte.base[Int(word[i])], length: 1, previous: 0, next: 0)
      }
    } else {
      count = try addSymbols(word, n, scratch)
    }
    if count < 2 { return count }
    if dropout > 0 || count > 48 {
      return BPEMerging.mergeLong(scratch, count, merges, dropout: dropout)
    }
    return BPEMerging.mergeShort(scratch.symbols, scratch.ranks, count, merges)
  }

  /// The id of a code point's bytes, or −1.
  @inline(__always)
  func symbol(_ p: UnsafePointer<UInt8>, _ length: Int) -> Int32 {
    length == 1 ? symbolOfByte.base[Int(p[0])] : lookup.id(of: p, length)
  }

  private func addSymbols(
    _ word: UnsafePointer<UInt8>, _ n: Int, _ scratch: Scratch
  ) throws(TokenizerError) -> Int {
    let prefix = Array((settings.continuingPrefix ?? "").utf8)
    let suffix = Array((settings.endOfWordSuffix ?? "").utf8)
    let isPlain = prefix.isEmpty && suffix.isEmpty
    scratch.reserve(n * (1 + prefix.count) + suffix.count)
    let symbols = scratch.symbols
    var count = 0
    // Unknown characters that wait to be joined by more.
    var waiting = 0
    func add(_ id: Int32, _ length: Int) {
      symbols[count] = BPESymbol(id: id, length: Int32(length), previous: 0, next: 0)
      count += 1
    }
    var i = 0
    while i < n {
      let length = UTF8Reader.length(word[i])
      var text: [UInt8] = []
      let id: Int32
      if isPlain {
        id = symbol(word + i, length)
      } else {
        if i > 0 { text += prefix }
        text += UnsafeBufferPointer(start: word + i, count: length)
        if i + length == n { text += suffix }
        id = vocabulary.id(of: text).map { Int32($0) } ?? -1
      }
      if id >= 0 {
        if waiting > 0, let unknown { add(unknown, waiting) }
        waiting = 0
        add(id, length)
      } else if settings.byteFallback,
        addBytes(isPlain ? Array(UnsafeBufferPointer(start: word + i, count: length)) : text, add)
      {
        // Nothing is left to do: the bytes have tokens. An unknown one before them still waits, as
        // in the reference.
      } else if settings.unknownToken != nil {
        guard let unknown else {
          throw TokenizerError.missingUnknownToken(settings.unknownToken ?? "")
        }
        if settings.fusesUnknown {
          waiting += length
        } else {
          if waiting > 0 { add(unknown, waiting) }
          waiting = length
        }
      }
      i += length
    }
    if waiting > 0, let unknown { add(unknown, waiting) }
    return count
  }

  private func addBytes(_ bytes: [UInt8], _ add: (Int32, Int) -> Void) -> Bool {
    guard bytes.allSatisfy({ fallback[Int($0)] >= 0 }) else { return false }
    for byte in bytes { add(fallback[Int(byte)], 1) }
    return true
  }
}
