import Base

/// A model as it stands in a file: its settings and its tables.
struct ModelTables: Sendable {
  enum Kind: String {
    case bpe = "BPE"
    case wordPiece = "WordPiece"
    case unigram = "Unigram"
    case wordLevel = "WordLevel"
  }

  var kind: Kind
  var vocabulary: Vocabulary
  /// Of a BPE model.
  var merges = MergeTable([])
  /// Of a Unigram model, by id.
  var scores: [Double] = []
  var settings = BPEModel.Settings()
  var unknownToken = "[UNK]"
  var continuingPrefix = "##"
  var longestWord = 100
  var unknownId: Int?
  var byteFallback = false

  init(kind: Kind, vocabulary: Vocabulary) {
    self.kind = kind
    self.vocabulary = vocabulary
  }
}

/// Reads the `model` of a tokenizer.json straight into tables.
struct ModelReader {
  private let p: UnsafePointer<UInt8>
  private let members: [String: Range<Int>]
  private let scanner: JSONScanner

  init(_ p: UnsafePointer<UInt8>, _ range: Range<Int>) throws(JSONParser.Fault) {
    self.p = p
    var scanner = JSONScanner(p, range)
    var members: [String: Range<Int>] = [:]
    try scanner.object { one, name throws(JSONParser.Fault) in members[name] = try one.skip() }
    self.members = members
    self.scanner = scanner
  }

  func read() throws(JSONParser.Fault) -> ModelTables {
    let kind = try kind()
    var tables: ModelTables
    if kind == .unigram {
      let (vocabulary, scores) = try pieces()
      tables = ModelTables(kind: kind, vocabulary: vocabulary)
      tables.scores = scores
      tables.unknownId = try value("unk_id")?.int
      if let id = tables.unknownId, !(0..<scores.count).contains(id) {
        throw scanner.fault("model.unk_id is \(id), and there are \(scores.count) tokens")
      }
      tables.byteFallback = try value("byte_fallback")?.bool ?? false
      return tables
    }
    tables = ModelTables(kind: kind, vocabulary: try vocabulary())
    let unknown = try value("unk_token")?.string
    switch kind {
    case .bpe:
      tables.settings.unknownToken = unknown
      tables.settings.dropout = try value("dropout")?.double
      tables.settings.continuingPrefix = try value("continuing_subword_prefix")?.string
      tables.settings.endOfWordSuffix = try value("end_of_word_suffix")?.string
      if tables.settings.continuingPrefix?.isEmpty == true {
        tables.settings.continuingPrefix = nil
      }
      if tables.settings.endOfWordSuffix?.isEmpty == true { tables.settings.endOfWordSuffix = nil }
      tables.settings.fusesUnknown = try value("fuse_unk")?.bool ?? false
      tables.settings.byteFallback = try value("byte_fallback")?.bool ?? false
      tables.settings.ignoresMerges = try value("ignore_merges")?.bool ?? false
      if let dropout = tables.settings.dropout, !(0...1).contains(dropout) {
        throw scanner.fault("model.dropout is \(dropout), which is not between 0 and 1")
      }
      tables.merges = try merges(tables)
    case .wordPiece:
      tables.unknownToken = unknown ?? "[UNK]"
      tables.continuingPrefix = try value("continuing_subword_prefix")?.string ?? "##"
      tables.longestWord = try value("max_input_chars_per_word")?.count ?? 100
    case .wordLevel: tables.unknownToken = unknown ?? "<unk>"
    case .unigram: break
    }
    return tables
  }

  private func value(_ name: String) throws(JSONParser.Fault) -> JSONValue? {
    guard let range = members[name] else { return nil }
    return try scanner.value(range)
  }

  private func kind() throws(JSONParser.Fault) -> ModelTables.Kind {
    guard let name = try value("type")?.string else {
      // Files of early versions have no type.
      if members["merges"] != nil { return .bpe }
      guard let range = members["vocab"] else { throw scanner.fault("the model has no vocab") }
      if p[range.lowerBound] == 0x5b { return .unigram }
      return members["max_input_chars_per_word"] != nil ? .wordPiece : .wordLevel
    }
    guard let kind = ModelTables.Kind(rawValue: name) else {
      throw scanner.fault(
        "the model's type is \"\(name)\"; known are BPE, WordPiece, Unigram, WordLevel")
    }
    return kind
  }

  private func range(_ name: String) throws(JSONParser.Fault) -> Range<Int> {
    guard let range = members[name] else { throw scanner.fault("the model has no \(name)") }
    return range
  }

  private func vocabulary() throws(JSONParser.Fault) -> Vocabulary {
    let range = try range("vocab")
    var one = JSONScanner(p, range)
    return try Self.vocabulary(&one, bytes: range.count)
  }

  /// An object of tokens with their ids.
  static func vocabulary(
    _ one: inout JSONScanner, bytes: Int
  ) throws(JSONParser.Fault) -> Vocabulary {
    var blob: [UInt8] = []
    var ends: [Int] = []
    var ids: [Int] = []
    blob.reserveCapacity(bytes)
    ends.reserveCapacity(bytes / 12)
    ids.reserveCapacity(bytes / 12)
    try one.expect(0x7b, "{")
    if !one.take(0x7d) {
      repeat {
        try one.string(into: &blob)
        ends.append(blob.count)
        try one.expect(0x3a, "a colon")
        ids.append(try one.count(atMost: Vocabulary.largestID))
      } while one.take(0x2c)
      try one.expect(0x7d, "a comma or }")
    }
    return Vocabulary(blob: blob, ends: ends, ids: ids)
  }

  private func pieces() throws(JSONParser.Fault) -> (Vocabulary, [Double]) {
    var one = JSONScanner(p, try range("vocab"))
    var blob: [UInt8] = []
    var ends: [Int] = []
    var scores: [Double] = []
    try one.array { one throws(JSONParser.Fault) in
      try one.expect(0x5b, "[")
      try one.string(into: &blob)
      ends.append(blob.count)
      try one.expect(0x2c, "a comma")
      scores.append(try one.double())
      try one.expect(0x5d, "]")
    }
    guard blob.count < 1 << 24 else { throw one.fault("the vocabulary is larger than 16 MB") }
    return (Vocabulary(blob: blob, ends: ends, ids: Array(0..<ends.count)), scores)
  }

  private func merges(_ tables: ModelTables) throws(JSONParser.Fault) -> MergeTable {
    var one = JSONScanner(p, try range("merges"))
    var builder = MergeBuilder(tables.vocabulary, prefix: tables.settings.continuingPrefix)
    var text: [UInt8] = []
    try one.array { one throws(JSONParser.Fault) in
      text.removeAll(keepingCapacity: true)
      var middle = -1
      if one.take(0x5b) {
        try one.string(into: &text)
        middle = text.count
        try one.expect(0x2c, "a comma")
        try one.string(into: &text)
        try one.expect(0x5d, "]")
      } else {
        try one.string(into: &text)
        if let space = text.firstIndex(of: 0x20) {
          middle = space
          text.remove(at: space)
        }
      }
      if let problem = builder.add(text, middle) { throw one.fault(problem) }
    }
    return MergeTable(builder.merges)
  }
}

/// Turns pairs of tokens into merges of ids.
struct MergeBuilder {
  private let vocabulary: Vocabulary
  private let prefix: Int
  private(set) var merges: [(left: Int32, right: Int32, result: Int32)] = []

  init(_ vocabulary: Vocabulary, prefix: String?) {
    self.vocabulary = vocabulary
    self.prefix = prefix?.utf8.count ?? 0
  }

  /// Adds a merge of what stands before and behind `middle`.
  /// - Returns: What is wrong with it, or nil.
  mutating func add(_ text: [UInt8], _ middle: Int) -> String? {
    guard middle >= 0, middle <= text.count else {
      return "merge \(merges.count + 1) is no pair of tokens"
    }
    let (left, right, result) = text.withUnsafeBufferPointer { buffer -> (Int32, Int32, Int32) in
      guard let p = buffer.baseAddress else { return (-1, -1, -1) }
      let (a, b) = (middle, text.count - middle)
      let left = vocabulary.id(of: p, a)
      let right = vocabulary.id(of: p + a, b)
      if prefix == 0 { return (left, right, vocabulary.id(of: p, a + b)) }
      let joined = Array(buffer[..<a]) + Array(buffer[a...].dropFirst(prefix))
      return (left, right, vocabulary.id(of: joined).map { Int32($0) } ?? -1)
    }
    guard left >= 0, right >= 0, result >= 0 else {
      let name = String(decoding: text, as: UTF8.self)
      return "merge \(merges.count + 1), to \"\(name)\", has a part that is not in the vocabulary"
    }
    merges.append((left, right, result))
    return nil
  }
}
