import Datasets
import Foundation
import Tensors
import Testing

private func inTableFolder(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("torus-table-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

private func write(_ text: String, _ path: String) throws {
  try Data(text.utf8).write(to: URL(fileURLWithPath: path))
}

@Suite struct TableTests {
  @Test func `JSON lines are records of named, typed values`() throws {
    try inTableFolder { folder in
      let path = "\(folder)/a.jsonl"
      try write(
        "{\"text\": \"ä\", \"label\": 1, \"x\": [1, 2.5], \"ok\": true}\r\n\r\n"
          + "{\"text\": \"b\", \"label\": 2.5, \"x\": null}\n[1]\n{\"text\":\n", path)
      let file = try JSONLinesFile(path: path)
      #expect(file.count == 4)
      let first = try file[0]
      #expect(try first.string("text") == "ä" && first.int("label") == 1)
      #expect(try first.doubles("x") == [1, 2.5] && first.bool("ok"))
      let second = try file[1]
      #expect(second.line == 3 && !second.has("x") && second.has("text"))
      #expect(try second.double("label") == 2.5)
      func words(_ body: () throws -> Void) throws -> String {
        "\(try #require(#expect(throws: DataError.self, performing: body)))"
      }
      #expect(
        try words { _ = try second.int("label") }.contains(
          "line 3, “label”: 2.5 stands where a whole"))
      #expect(try words { _ = try second.string("no") }.contains("Name one of: text, label, x"))
      #expect(try words { _ = try file[2] }.contains("line 4: it is no JSON object"))
      #expect(try words { _ = try file[3] }.contains("line 5: it is not JSON"))
      try write("\n\n", path)
      #expect(throws: DataError.self) { try JSONLinesFile(path: path) }
    }
  }

  @Test func `columns of CSV and TSV are read by name and type`() throws {
    try inTableFolder { folder in
      let path = "\(folder)/a.tsv"
      try write("text\tlabel\tscore\tok\na b\t 3\t1e-2\tTrue\nc\tx\tnan\t2\n", path)
      let rows = try CSVFile(path: path, hasHeader: true, separator: "\t").rows
      #expect(rows.count == 2)
      let first = try rows[0]
      #expect(try first.string("text") == "a b" && first.int("label") == 3)
      #expect(try first.double("score") == 0.01 && first.bool("ok"))
      let second = try rows[1]
      #expect(throws: DataError.self) { try second.int("label") }
      #expect(throws: DataError.self) { try second.double("score") }
      #expect(throws: DataError.self) { try second.bool("ok") }
      // Into a loader with its default collation.
      let pairs = Subset(rows, indices: [0, 0]).mapped {
        (try $0.string("text"), try $0.int("label"))
      }
      for (texts, labels) in DataLoader(pairs, batchSize: 2) {
        #expect(texts == ["a b", "a b"] && labels.array(of: Int.self) == [3, 3])
      }
    }
  }

  @Test func `a token file is read in contexts from mapped memory`() throws {
    try inTableFolder { folder in
      let path = "\(folder)/train.bin"
      let ids: [UInt16] = [0, 1, 2, 3, 4, 65535, 6, 7]
      try ids.withUnsafeBytes { Data($0) }.write(to: URL(fileURLWithPath: path))
      let tokens = try TokenFile(path: path, context: 3)
      #expect(tokens.tokenCount == 8 && tokens.count == 2)
      #expect(tokens[0].0 == [0, 1, 2] && tokens[0].1 == [1, 2, 3])
      #expect(tokens[1].0 == [3, 4, 65535] && tokens[1].1 == [4, 65535, 6])
      #expect(try TokenFile(path: path, context: 3, stride: 1).count == 5)
      #expect(try TokenFile(path: path, width: .uint32, context: 3)[0].0[0] == 1 << 16)
      #expect(try TokenFile(path: path, context: 7).count == 1)
      #expect(throws: DataError.self) { try TokenFile(path: path, context: 8) }
      #expect(throws: DataError.self) { try TokenFile(path: "\(folder)/none", context: 8) }
      for (inputs, targets) in DataLoader(tokens, batchSize: 2) {
        #expect(inputs.shape == [2, 3] && targets.dtype == .int64)
      }
      try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
      #expect(throws: DataError.self) { try TokenFile(path: path, context: 1) }
    }
  }
}
