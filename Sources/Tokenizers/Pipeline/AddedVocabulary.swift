/// The added tokens with their ids, and how they are found in a text.
struct AddedVocabulary: Sendable {
  /// Tokens by id.
  private(set) var tokens: [Int: AddedToken] = [:]
  private var ids: [[UInt8]: Int] = [:]
  private var specials: Set<[UInt8]> = []
  /// The texts of those that are looked for in normalized text: normalized themselves.
  private var normalizedContents: [Int: [UInt8]] = [:]
  /// Finds tokens in the text as it comes, and in the normalized text.
  private(set) var plain = TokenFinder([])
  private(set) var normalized = TokenFinder([])

  init() {}

  var isEmpty: Bool { tokens.isEmpty }

  /// The id of an added token.
  func id(of content: String) -> Int? { ids[Array(content.utf8)] }

  /// The text that an id stands for, which is normalized where the token is.
  func content(of id: Int) -> [UInt8]? {
    normalizedContents[id] ?? tokens[id].map { Array($0.content.utf8) }
  }

  func isSpecial(_ content: [UInt8]) -> Bool { specials.contains(content) }

  /// The added tokens in the order of their ids.
  var sorted: [(id: Int, token: AddedToken)] {
    tokens.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Adds tokens, each with its id in the model's vocabulary or the next free one.
  /// - Returns: How many were added or changed.
  mutating func add(
    _ new: [AddedToken], vocabulary: Vocabulary, normalizer: (any Normalizer)?
  ) -> Int {
    var added = 0
    for token in new where !token.content.isEmpty {
      let bytes = Array(token.content.utf8)
      if token.special { specials.insert(bytes) }
      if let id = ids[bytes], tokens[id] == token { continue }
      let id =
        ids[bytes] ?? vocabulary.id(of: bytes)
        ?? max(vocabulary.count, (tokens.keys.max() ?? -1) + 1)
      ids[bytes] = id
      tokens[id] = token
      added += 1
    }
    refresh(normalizer)
    return added
  }

  private mutating func refresh(_ normalizer: (any Normalizer)?) {
    let all = sorted
    plain = TokenFinder(
      all.filter { !$0.token.normalized }.map { (Array($0.token.content.utf8), $0.id, $0.token) })
    let contents = all.filter { $0.token.normalized }.map { id, token in
      var text = AlignedText(Array(token.content.utf8), base: 0, isTracked: false)
      normalizer?.normalize(&text)
      return (bytes: text.bytes, id: id, token: token)
    }
    normalized = TokenFinder(contents)
    normalizedContents = Dictionary(contents.map { ($0.id, $0.bytes) }) { _, last in last }
  }
}

/// Finds tokens in a text, of several that begin at one place the longest.
struct TokenFinder: Sendable {
  private let tokens: [(id: Int, token: AddedToken)]
  private let trie: ByteTrie
  /// Whether a token begins with a byte.
  private let begins: [Bool]
  let isEmpty: Bool

  init(_ patterns: [(bytes: [UInt8], id: Int, token: AddedToken)]) {
    let patterns = patterns.filter { !$0.bytes.isEmpty }
    tokens = patterns.map { ($0.id, $0.token) }
    // Of equal texts the first holds: a vocabulary keeps the last it is given.
    trie = ByteTrie(Vocabulary(patterns.indices.reversed().map { (patterns[$0].bytes, $0) }))
    var begins = [Bool](repeating: false, count: 256)
    for pattern in patterns { begins[Int(pattern.bytes[0])] = true }
    self.begins = begins
    isEmpty = patterns.isEmpty
  }

  /// Divides a range at the tokens in it: gives each part with its token's id, or −1.
  func divide(
    _ p: UnsafePointer<UInt8>, _ range: Range<Int>, keepsSpecial: Bool,
    _ body: (Int, Int, Int) -> Void
  ) {
    guard !isEmpty else { return body(range.lowerBound, range.upperBound, -1) }
    var done = range.lowerBound
    var i = range.lowerBound
    while let match = next(p, range, from: i) {
      i = match.end
      let (id, token) = tokens[match.pattern]
      if keepsSpecial, token.special { continue }
      if token.singleWord, !isSingleWord(p, range, match.start, match.end) { continue }
      var (start, end) = (match.start, match.end)
      if token.lstrip {
        while start > range.lowerBound {
          let (value, length) = UTF8Reader.readBackward(p, start)
          guard CodePoint(value).has(CodePoint.whitespace) else { break }
          start -= length
        }
        start = max(start, done)
      }
      if token.rstrip {
        while end < range.upperBound {
          let (value, length) = UTF8Reader.read(p, end)
          guard CodePoint(value).has(CodePoint.whitespace) else { break }
          end += length
        }
      }
      if done < start { body(done, start, -1) }
      body(start, end, id)
      done = end
    }
    if done != range.upperBound { body(done, range.upperBound, -1) }
  }

  private func isSingleWord(
    _ p: UnsafePointer<UInt8>, _ range: Range<Int>, _ start: Int, _ end: Int
  ) -> Bool {
    if start > range.lowerBound,
      CodePoint(UTF8Reader.readBackward(p, start).value).has(CodePoint.word)
    {
      return false
    }
    return end == range.upperBound || !CodePoint(UTF8Reader.read(p, end).value).has(CodePoint.word)
  }

  private func next(
    _ p: UnsafePointer<UInt8>, _ range: Range<Int>, from: Int
  ) -> (start: Int, end: Int, pattern: Int)? {
    begins.withUnsafeBufferPointer { begins in
      var i = from
      while i < range.upperBound {
        while i < range.upperBound, !begins[Int(p[i])] { i += 1 }
        if i == range.upperBound { return nil }
        var best: (start: Int, end: Int, pattern: Int)?
        trie.tokens(in: p, from: i, to: range.upperBound) { best = (i, $0, Int($1)) }
        if let best { return best }
        i += 1
      }
      return nil
    }
  }
}
