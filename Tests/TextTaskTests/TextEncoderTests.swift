import Foundation
import Testing
import TextTasks
import Tokenizers

@Suite("Records of text")
struct TextEncoderTests {
  private func tokenizer(_ name: String) throws -> PreTrainedTokenizer {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
    return try AutoTokenizer.fromPretrained(
      root.appendingPathComponent("Conformance/huggingface/calls/\(name)").path)
  }

  private func table(_ name: String, _ contents: String, _ lines: TextTable.Lines = .text) throws
    -> TextTable
  {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-\(UUID().uuidString)-\(name)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(contents.utf8).write(to: URL(fileURLWithPath: path))
    return try TextTable(path: path, lines: lines)
  }

  @Test("labels that are numbers keep their places, others are in the order of their names")
  func labels() throws {
    let numbers = try table("a.txt", "3 c\r\n0 a\r\n\r\n1 b\n", .labelFirst)
    let encoder = TextEncoder(try tokenizer("bert"), maxLength: 16)
    #expect(numbers.count == 3)
    #expect(try encoder.labelNames(numbers).names == ["0", "1", "2", "3"])
    let words = try table("a.csv", "text,label\n\"x, y\",pos\nz,neg\n")
    #expect(try encoder.labelNames(words).names == ["neg", "pos"])
    #expect(
      try encoder.classified(words, encoder.labelNames(words)).map { $0["labels"] } == [
        .int(1), .int(0),
      ])
  }

  @Test("a word's first token has its tag, and no other token one")
  func tags() throws {
    let bert = try tokenizer("bert")
    let encoder = TextEncoder(bert, maxLength: 32)
    let words = try table(
      "a.jsonl", #"{"text": ["unbelievable", "cat"], "label": ["B-X", "O"]}"# + "\n")
    let names = try encoder.labelNames(words, ofWords: true)
    #expect(names.names == ["B-X", "O"])
    let feature = try #require(try encoder.words(words, names).first)
    let labels = try #require(feature["labels"]?.ints)
    #expect(labels.count == feature.inputIds.count)
    #expect(labels.filter { $0 != -100 } == [0, 1])
    #expect(labels.first == -100 && labels.last == -100 && labels[1] == 0)
  }

  @Test("of a completion only the completion is learnt, its end included")
  func completions() throws {
    let gpt2 = try tokenizer("gpt2")
    var fields = TextEncoder.Fields()
    fields.text = "prompt"
    fields.target = "answer"
    let encoder = TextEncoder(gpt2, fields, maxLength: 64)
    let rows = try table("a.jsonl", #"{"prompt": "the cat", "answer": " sat"}"#)
    let feature = try #require(try encoder.continuations(rows).first)
    let labels = try #require(feature["labels"]?.ints)
    let answer = try gpt2.backend.encode(" sat", addSpecialTokens: false).ids
    let wanted = answer + [try #require(gpt2.eosTokenId)]
    #expect(labels.filter { $0 != -100 } == wanted)
    #expect(Array(feature.inputIds.suffix(wanted.count)) == wanted)
  }

  @Test("a text without fields is read in pieces that end with lines, and ends once")
  func documents() throws {
    let line = String(repeating: "é word ", count: 40) + "\r\n"
    let text = String(repeating: line, count: 400) + "the end"
    let pieces = try table("a.txt", text, .document)
    #expect(pieces.count > 1)
    // Lines end in one character, as Python reads them.
    let read = try (0..<pieces.count).map { try pieces.text("text", of: $0) }.joined()
    #expect(read.unicodeScalars.elementsEqual(text.unicodeScalars.filter { $0 != "\r" }))
    #expect((0..<pieces.count).map { pieces.goesOn($0) }.lastIndex(of: true) == pieces.count - 2)
    #expect(try pieces.text("text", of: 0).unicodeScalars.last == "\n")
    let gpt2 = try tokenizer("gpt2")
    let features = try TextEncoder(gpt2, maxLength: .max).continuations(pieces)
    let ids = features.flatMap(\.inputIds)
    let end = try #require(gpt2.eosTokenId)
    #expect(ids.last == end && ids.count { $0 == end } == 1)
  }

  @Test("an empty label is no class, and of several classes it is none")
  func emptyLabels() throws {
    let encoder = TextEncoder(try tokenizer("bert"), maxLength: 16)
    let words = try table("a.tsv", "text\tlabel\nthe cat\tgood\na dog\t\nx\tbad\n")
    let names = try encoder.labelNames(words)
    #expect(names.names == ["bad", "good"])
    #expect {
      try encoder.classified(words, names)
    } throws: {
      "\($0)".contains("line 3: the label is empty")
    }
    #expect(
      try encoder.tagged(words, names).map { $0["labels"] } == [
        .doubles([0, 1]), .doubles([0, 0]), .doubles([1, 0]),
      ])
    let null = try table("d.jsonl", "{\"text\": \"x\", \"label\": null}\n")
    #expect { try encoder.labelNames(null) } throws: { "\($0)".contains("line 1: label is null") }
    // What only looks like a number from 0 on is a name.
    let odd = try table("b.tsv", "text\tlabel\nx\t01\ny\t1\n")
    #expect(try encoder.labelNames(odd).names == ["01", "1"])
    let numbers = try table("c.tsv", "text\tlabel\nx\t 0.5 \n")
    #expect(try encoder.rated(numbers).map { $0["labels"] } == [.double(0.5)])
  }

  @Test("a conversation that is none is named with its line")
  func noConversations() throws {
    var fields = TextEncoder.Fields()
    fields.messages = "talk"
    let encoder = TextEncoder(try tokenizer("gpt2"), fields, maxLength: 16)
    for talk in ["\"hello\"", "[]", "{\"role\": \"user\"}"] {
      let rows = try table("a.jsonl", "{\"talk\": \(talk)}\n")
      #expect {
        try encoder.continuations(rows)
      } throws: {
        "\($0)".contains("line 1: talk is no list of messages")
      }
    }
    let rows = try table("a.jsonl", #"{"talk": [{"role": "user", "content": "hi"}]}"#)
    #expect {
      try encoder.continuations(rows)
    } throws: {
      "\($0)".contains("give the model's folder a chat_template.jinja")
    }
  }

  @Test("what breaks a file's form is named with its line")
  func broken() throws {
    #expect(throws: (any Error).self) { try table("a.jsonl", "{\"a\": 1}\n[1]\n") }
    #expect(throws: (any Error).self) { try table("a.txt", "\n \n") }
    #expect(throws: (any Error).self) { try table("a.txt", "0 a\nalone\n", .labelFirst) }
  }
}
