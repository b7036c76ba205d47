import Datasets
import Foundation
import Testing

@Suite("Text sources")
struct TextSourceTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("sentences are read with labels and lengths, and words become numbers")
  func sentences() throws {
    let path = try folder.write(
      "train.txt", "1 a good  film\r\n0 bad film\n\n1 a cr\u{e8}me br\u{fb}l\u{e9}e film")
    let sentences = try LabelledSentences(path: path)
    #expect(sentences.count == 3 && sentences.classCount == 2)
    #expect(sentences.lengths == [3, 2, 4])
    let counts = sentences.countWords(in: [0..<3])
    let vocabulary = Vocabulary(counts: counts)
    // Falling count, then bytes.
    #expect(
      vocabulary.words
        == ["<pad>", "<unk>", "film", "a", "bad", "br\u{fb}l\u{e9}e", "cr\u{e8}me", "good"])
    #expect(
      try sentences.encoded(by: vocabulary)[0] == LabelledSentence(tokens: [3, 7, 2], label: 1))
    #expect(vocabulary.encode("good day") == [7, Vocabulary.unknown])
    #expect(Vocabulary(counts: counts, minimumCount: 2).words.count == 4)
    #expect(Vocabulary(counts: counts, maximumSize: 3).words == ["<pad>", "<unk>", "film"])
  }

  @Test("counts of shards, summed over ranks, give the vocabulary of the whole")
  func shardedVocabulary() throws {
    let lines = (0..<40).map { "\($0 % 2) w\($0 % 7) w\($0 % 3) <pad>" }
    let path = try folder.write("train.txt", lines.joined(separator: "\n"))
    let sentences = try LabelledSentences(path: path)
    let whole = sentences.countWords(in: [0..<40])
    let plan = try ShardPlan(for: sentences.fingerprint, worldSize: 3, batchSize: 8, seed: 0)
    let parts = (0..<3).map { sentences.countWords(in: plan.ownedRecords(rank: $0)) }
    #expect(parts.allSatisfy { $0 != whole })
    let summed = try parts[1].summed { mine in
      #expect(mine == parts[1].bytes)
      return parts.map(\.bytes)
    }
    #expect(summed == whole)
    #expect(Vocabulary(counts: summed) == Vocabulary(counts: whole))
    // The word <pad> in a text is not the padding token's second number.
    #expect(Vocabulary(counts: whole).words.count == 2 + 7)
    #expect(throws: DataError.self) { try TokenCounts(bytes: Array(parts[0].bytes.dropLast())) }
    var most = TokenCounts()
    for _ in 0..<2 { most.add("w".utf8, count: .max) }
    #expect(most.counts == [Array("w".utf8): .max])
  }

  @Test("words are told apart by their bytes")
  func canonicalEquality() throws {
    let path = try folder.write("s.txt", "0 caf\u{e9} cafe\u{301}\n0 caf\u{e9}")
    let counts = try LabelledSentences(path: path).countWords(in: [0..<2])
    let vocabulary = Vocabulary(counts: counts)
    #expect(vocabulary.count == 4)
    #expect(vocabulary.number(of: "caf\u{e9}".utf8) == 2)
    #expect(vocabulary.number(of: "cafe\u{301}".utf8) == 3)
    let copy = try JSONDecoder().decode(Vocabulary.self, from: JSONEncoder().encode(vocabulary))
    #expect(copy == vocabulary)
    #expect(copy.words.map { Array($0.utf8) } == vocabulary.words.map { Array($0.utf8) })
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(
        Vocabulary.self, from: Data("[\"<pad>\",\"<unk>\",\"a\",\"a\"]".utf8))
    }
  }

  @Test("malformed sentences are refused by line")
  func badSentences() throws {
    func open(_ text: some Sequence<UInt8>, classCount: Int? = 2) throws {
      let path = try folder.write("bad.txt", text)
      _ = try LabelledSentences(path: path, classCount: classCount)
    }
    expectDataError(.malformed, "bad.txt, line 2", "“good” is no class") {
      try open("1 fine\ngood film".utf8)
    }
    expectDataError(.malformed, "line 1", "“-1”") { try open("-1 x".utf8) }
    expectDataError(.outOfRange, "line 3", "label 2", "2 classes") {
      try open("1 a\n\n2 b".utf8)
    }
    expectDataError(.malformed, "line 1", "no words") { try open("1  ".utf8) }
    expectDataError(.empty, "no sentences") { try open("\n\n".utf8) }
    expectDataError(.empty, "no sentences") { try open([]) }
    expectDataError(.malformed, "line 2", "UTF-8", "0xff") {
      try open(Array("1 a\n1 b".utf8) + [0xff])
    }
    expectDataError(.missing, "nowhere.txt") { _ = try LabelledSentences(path: "nowhere.txt") }
    expectDataError(.unreadable, "not a file") { _ = try LabelledSentences(path: folder.path) }
  }

  @Test("malformed UTF-8 is found where it begins")
  func utf8() {
    func check(_ bytes: [UInt8]) -> Int? { bytes.withUnsafeBytes { firstInvalidUTF8(in: $0) } }
    #expect(check(Array("plain ascii, then é, €, 😀 and more".utf8)) == nil)
    #expect(check([]) == nil)
    let bad: [[UInt8]] = [
      [0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x9f, 0x80], [0xed, 0xa0, 0x80],
      [0xf0, 0x8f, 0x80, 0x80],
      [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82], [0xc3], [0xf0, 0x9f, 0x98],
      [0xe2, 0x28, 0xa1],
    ]
    for bytes in bad { #expect(check(Array("12345678é".utf8) + bytes) == 10, "\(bytes)") }
  }

  @Test("a text gives nanoGPT's training positions and validation tail")
  func contexts() throws {
    let text = String((0..<1_000).map { Character(Unicode.Scalar(97 + UInt8($0 * $0 % 23))) })
    let path = try folder.write("text.txt", text)
    let corpus = try TextCorpus(scanning: path)
    let vocabulary = CharacterVocabulary(counts: try corpus.countCharacters(in: [0]))
    #expect(vocabulary.scalars == Array(Set(text.unicodeScalars)).sorted())
    let training = try TextContexts(corpus, .training, contextLength: 64, vocabulary: vocabulary)
    let validation = try TextContexts(
      corpus, .validation, contextLength: 64, vocabulary: vocabulary)
    #expect(training.count == 900 - 64)
    #expect(validation.count == 1)
    let tokens = try vocabulary.encode(text).map(Int.init)
    #expect(try training[835].inputs == Array(tokens[835..<899]))
    #expect(try training[835].targets == Array(tokens[836..<900]))
    #expect(try validation[0].inputs == Array(tokens[900..<964]))
    #expect(vocabulary.decode(tokens) == text)
    expectDataError(.outOfRange, "“é”", "U+E9") { _ = try vocabulary.encode("é") }
  }

  @Test("a folder's texts are found by ending, ordered by bytes and read only when needed")
  func folderOfTexts() throws {
    for (name, letter) in [
      ("b.swift", "b"), ("sub/a.swift", "s"), ("Z.swift", "z"), ("c.txt", "c"),
    ] {
      try folder.write(name, String(repeating: letter, count: 50))
    }
    try folder.write(".hidden/x.swift", "hidden")
    let corpus = try TextCorpus(scanning: folder.path, extensions: ["swift"])
    #expect(corpus.files.map(\.name) == ["Z.swift", "b.swift", "sub/a.swift"])
    #expect(corpus.characterCount == 150)
    let vocabulary = CharacterVocabulary(scalars: "bsz".unicodeScalars)
    let contexts = try TextContexts(corpus, .training, contextLength: 9, vocabulary: vocabulary)
    // The boundary at 135 leaves 50, 50 and 35 characters.
    #expect(contexts.fingerprint.files.map(\.records) == [41, 41, 26])
    #expect(try contexts[0].inputs == Array(repeating: 2, count: 9))
    #expect(try contexts[41].inputs == Array(repeating: 0, count: 9))
    #expect(try contexts[107].inputs == Array(repeating: 1, count: 9))

    // A rank whose files are all there does not miss the others.
    let plan = try ShardPlan(
      for: contexts.fingerprint, worldSize: 3, batchSize: 6, seed: 1, sharding: .file)
    let rank = try #require(plan.shards?.firstIndex(of: [1]))
    try FileManager.default.removeItem(atPath: folder.path + "/Z.swift")
    try FileManager.default.removeItem(atPath: folder.path + "/sub/a.swift")
    let fresh = try TextContexts(corpus, .training, contextLength: 9, vocabulary: vocabulary)
    for index in plan.indices(rank: rank, epoch: 0) {
      #expect(try fresh[index].inputs == Array(repeating: 0, count: 9))
    }
    expectDataError(.missing, "Z.swift") { _ = try fresh[0] }
    expectDataError(.missing, "Z.swift") { try corpus.validate() }
  }

  @Test("a text that is missing, empty, too short, not UTF-8 or changed is refused")
  func badTexts() throws {
    expectDataError(.missing, "nowhere") { _ = try TextCorpus(scanning: "nowhere") }
    expectDataError(.missing, "no files ending in .swift") {
      _ = try TextCorpus(scanning: folder.path, extensions: ["swift"])
    }
    let empty = try folder.write("empty.txt", "")
    expectDataError(.empty, "empty.txt", "no text") { _ = try TextCorpus(scanning: empty) }
    let latin = try folder.write("latin.txt", [0x63, 0x0a, 0xe9, 0x0a])
    expectDataError(.malformed, "latin.txt, line 2", "iconv") {
      _ = try TextCorpus(scanning: latin)
    }

    let marked = try folder.write("marked.txt", [0xef, 0xbb, 0xbf, 0x63, 0xe9, 0x63])
    expectDataError(.malformed, "marked.txt, line 1", "byte 4", "WINDOWS-1252", "marked.txt'") {
      _ = try TextCorpus(scanning: marked)
    }
    let cut = try folder.write("cut.txt", [0x63, 0x0a, 0xe2, 0x82])
    expectDataError(.malformed, "cut.txt, line 2", "cut off") { _ = try TextCorpus(scanning: cut) }
    let image = try folder.write("image.txt", [0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13, 0, 0x49, 0x41])
    expectDataError(.malformed, "image.txt, line 1", "no text") {
      _ = try TextCorpus(scanning: image)
    }

    let short = try folder.write("short.txt", String(repeating: "ab", count: 35))
    let corpus = try TextCorpus(scanning: short)
    let vocabulary = CharacterVocabulary(scalars: "ab".unicodeScalars)
    #expect(
      try TextContexts(corpus, .training, contextLength: 62, vocabulary: vocabulary).count == 1)
    expectDataError(.tooSmall, "short.txt", "63 characters", "needs 64", "shorter context") {
      _ = try TextContexts(corpus, .training, contextLength: 63, vocabulary: vocabulary)
    }
    let contexts = try TextContexts(corpus, .training, contextLength: 8, vocabulary: vocabulary)
    try folder.write("short.txt", "abab")
    expectDataError(.mismatch, "short.txt", "changed") { _ = try contexts[0] }
    expectDataError(.mismatch, "has 4 bytes; it had 70") { try corpus.validate() }
  }

  @Test("labels that no model can have are refused by line")
  func hugeLabels() throws {
    for label in ["9223372036854775807", "99999999999999999999", "16777217"] {
      let path = try folder.write("huge.txt", "0 fine\n\(label) film\n")
      expectDataError(.outOfRange, "huge.txt, line 2", label) {
        _ = try LabelledSentences(path: path)
      }
    }
    #expect(
      try LabelledSentences(path: folder.write("ok.txt", "16777216 film")).classCount == 16_777_217)
  }

  @Test("files from any system give the same text: line ends, byte order marks, UTF-16 and UTF-32")
  func encodings() throws {
    let text = "0 caf\u{e9} 😀\n1 two words\n"
    func bytes(_ text: String, _ size: Int, big: Bool) -> [UInt8] {
      let units = size == 2 ? text.utf16.map(UInt32.init) : text.unicodeScalars.map(\.value)
      return units.flatMap { unit in
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: unit >> (8 * UInt32($0))) }
        return big ? bytes.reversed() : bytes
      }
    }
    let windows = text.replacingOccurrences(of: "\n", with: "\r\n")
    var files: [[UInt8]] = [
      Array(text.utf8), Array(windows.utf8), Array(("\u{feff}" + windows).utf8),
      Array(text.replacingOccurrences(of: "\n", with: "\r").utf8),
    ]
    for size in [2, 4] {
      for big in [false, true] { files.append(bytes("\u{feff}" + windows, size, big: big)) }
    }
    for (index, file) in files.enumerated() {
      let path = try folder.write("text\(index).txt", file)
      let corpus = try TextCorpus(scanning: path)
      #expect(try corpus.read(0) == text, "\(index)")
      #expect(corpus.characterCount == text.unicodeScalars.count)
      let sentences = try LabelledSentences(path: path)
      #expect(sentences.count == 2 && sentences[1].label == 1 && sentences[0].words.count == 2)
    }
    for (index, name) in [(2, "UTF-16"), (4, "UTF-32")] {
      for big in [false, true] {
        let path = try folder.write("bare.txt", bytes(text, index, big: big))
        expectDataError(.malformed, "bare.txt", "\(name)\(big ? "BE" : "LE")", "iconv -f \(name)") {
          _ = try TextCorpus(scanning: path)
        }
      }
    }
    let cut = try folder.write("cut.txt", [0xff, 0xfe, 0x0a, 0, 0x00, 0xd8])
    expectDataError(.malformed, "cut.txt, line 2", "surrogate") {
      _ = try TextCorpus(scanning: cut)
    }
  }

  @Test("links are followed, once, and what is left out is said")
  func links() throws {
    try folder.write("texts/a.txt", "aaa")
    try folder.write("texts/.git/config", "hidden")
    try folder.write("texts/picture.png", "png")
    try folder.write("elsewhere/b.txt", "bb")
    let files = FileManager.default
    let texts = folder.path + "/texts"
    try files.createSymbolicLink(
      atPath: texts + "/linked", withDestinationPath: folder.path + "/elsewhere")
    try files.createSymbolicLink(
      atPath: folder.path + "/elsewhere/back", withDestinationPath: texts)
    try files.createSymbolicLink(atPath: texts + "/c.txt", withDestinationPath: "/nowhere/c.txt")
    try files.createSymbolicLink(atPath: folder.path + "/data", withDestinationPath: texts)
    for path in [texts, folder.path + "/data"] {
      let corpus = try TextCorpus(scanning: path, extensions: ["txt"])
      #expect(corpus.files.map(\.name) == ["a.txt", "linked/b.txt"])
      let leftOut = try #require(corpus.leftOut)
      for words in [
        "1 that are hidden (.git)", "1 that have other endings (picture.png)",
        "1 that lead nowhere (c.txt)", "1 that lead to folders that are read already (linked/back)",
      ] { #expect(leftOut.contains(words), "\(leftOut)") }
    }
    #expect(try TextCorpus(scanning: texts + "/a.txt").leftOut == nil)
    expectDataError(.missing, "no files ending in .md", "have other endings") {
      _ = try TextCorpus(scanning: texts, extensions: ["md"])
    }
  }
}
