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
    let wanted = answer + [try #require(gpt2.eosTokenID)]
    #expect(labels.filter { $0 != -100 } == wanted)
    #expect(Array(feature.inputIds.suffix(wanted.count)) == wanted)
  }

  @Test("packed texts fill blocks, one after another")
  func packing() throws {
    let encoder = TextEncoder(try tokenizer("gpt2"), maxLength: 4)
    let blocks = encoder.packed([
      ["input_ids": .ints([1, 2, 3])], ["input_ids": .ints([4, 5, 6, 7, 8])],
      ["input_ids": .ints([9])],
    ])
    #expect(blocks.map(\.inputIds) == [[1, 2, 3, 4], [5, 6, 7, 8]])
    #expect(encoder.packed([["input_ids": .ints([1])]]).map(\.inputIds) == [[1]])
  }

  @Test("what breaks a file's form is named with its line")
  func broken() throws {
    #expect(throws: (any Error).self) { try table("a.jsonl", "{\"a\": 1}\n[1]\n") }
    #expect(throws: (any Error).self) { try table("a.txt", "\n \n") }
    #expect(throws: (any Error).self) { try table("a.txt", "0 a\nalone\n", .labelFirst) }
  }
}
