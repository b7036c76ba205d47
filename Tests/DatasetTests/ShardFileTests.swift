import Datasets
import Foundation
import Tensors
import Testing

@Suite("Tar shards and other files")
struct ShardFileTests {
  private func records(_ count: Int) -> [ShardRecord] {
    (0..<count).map { number in
      ShardRecord(
        key: "part/\(number)",
        fields: [
          "txt": Data(String(repeating: "ä", count: number * 300).utf8),
          "cls": Data("\(number)\n".utf8),
        ])
    }
  }

  private func written(_ folder: TemporaryFolder) throws -> [String] {
    let writer = WebDatasetWriter(prefix: folder.path + "/a-", maximumRecords: 3)
    for record in records(11) { try writer.write(record) }
    try writer.close()
    return writer.paths
  }

  private func read(_ data: WebDataset, epoch: Int = 0) throws -> [ShardRecord] {
    var (reader, found) = (try data.reader(epoch: epoch), [ShardRecord]())
    while let record = try reader.next() { found.append(record) }
    return found
  }

  @Test("what was written is read, from the middle and by shares too")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let paths = try written(folder)
    #expect(paths.map { ($0 as NSString).lastPathComponent }.last == "a-000003.tar")
    let data = try WebDataset(folder.path + "/a-{000000..000003}.tar")
    #expect(data.paths == paths)
    #expect(try read(data) == records(11))
    #expect(try read(data).map { try $0.int("cls") } == Array(0..<11))
    for skipped in 0...12 {
      var reader = try data.reader(epoch: 0)
      #expect(try reader.skip(skipped) == min(skipped, 11))
      #expect(try reader.next()?.key == (skipped < 11 ? "part/\(skipped)" : nil))
    }
    let shares = try (0..<2).flatMap { try read(data.shard(count: 2, index: $0)) }
    #expect(shares.map(\.key).sorted() == records(11).map(\.key).sorted())
    let mixed = WebDataset(paths: paths, shuffleShards: true, seed: 4)
    let orders = try (0..<6).map { try read(mixed, epoch: $0).map(\.key) }
    #expect(Set(orders).count > 1 && orders.allSatisfy { $0.count == 11 })
    expectDataError(.malformed, "no field") { _ = try records(1)[0].data("jpg") }
    expectDataError(.malformed, "braces") { _ = try WebDataset("a-{3..1}.tar") }
  }

  @Test("a pipeline of shards goes on in the middle")
  func pipeline() throws {
    let folder = try TemporaryFolder()
    let pipeline = Pipeline.from(stream: WebDataset(paths: try written(folder)))
      .shuffle(buffer: 4, seed: 2).map { try $0.int("cls") }
    let whole = Array(pipeline)
    #expect(whole.sorted() == Array(0..<11) && whole != Array(0..<11))
    for stop in 0...11 {
      let reader = try pipeline.reader()
      for _ in 0..<stop { _ = try reader.next() }
      let resumed = try pipeline.reader()
      try resumed.restore(try reader.state())
      var rest: [Int] = []
      while let number = try resumed.next() { rest.append(number) }
      #expect(rest == Array(whole[stop...]))
    }
  }

  @Test("archives of tar itself are read, with long names, folders and gzip")
  func systemTar() throws {
    let folder = try TemporaryFolder()
    let long = String(repeating: "long/", count: 40) + "name"
    try folder.write("in/\(long).seg.txt", "deep")
    try folder.write("in/a.b.c", "one")
    for (format, name) in [("ustar", "u.tar"), ("pax", "p.tar"), ("gnu", "g.tar.gz")] {
      let tar = Process()
      tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      tar.arguments = [
        "tar", "--sort=name", "--format=\(format)", name.hasSuffix("gz") ? "-czf" : "-cf",
        "\(folder.path)/\(name)", "-C", folder.path + "/in", "a.b.c",
      ]
      // ustar has no room for the long name.
      if format != "ustar" { tar.arguments?.append("long") }
      try tar.run()
      tar.waitUntilExit()
      try #require(tar.terminationStatus == 0)
      let found = try read(WebDataset(paths: ["\(folder.path)/\(name)"]))
      #expect(found.first == ShardRecord(key: "a", fields: ["b.c": Data("one".utf8)]))
      if format != "ustar" {
        #expect(
          found.dropFirst() == [ShardRecord(key: long, fields: ["seg.txt": Data("deep".utf8)])])
      }
    }
  }

  @Test("damaged archives are errors that name the place")
  func damaged() throws {
    let folder = try TemporaryFolder()
    let path = try written(folder)[0]
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    for cut in stride(from: 1, to: bytes.count - 1100, by: 97) {
      let broken = WebDataset(paths: [try folder.write("cut.tar", bytes[..<cut])])
      if cut % 512 == 0 {
        _ = try? read(broken)
      } else {
        #expect(throws: DataError.self) { try read(broken) }
      }
    }
    var wrong = bytes
    wrong[3] ^= 1
    expectDataError(.malformed, "byte 0", "checksum") {
      _ = try read(WebDataset(paths: [try folder.write("wrong.tar", wrong)]))
    }
  }

  @Test("lines are read by number, whatever ends them")
  func lines() throws {
    let folder = try TemporaryFolder()
    let lines = try TextLines(path: folder.write("a.txt", "eins\r\n\nzwei\rdrei"))
    #expect((0..<lines.count).map { lines[$0] } == ["eins", "", "zwei", "drei"])
    #expect(lines.map(\.count) == [4, 0, 4, 4] && lines.last == "drei")
    #expect(try TextLines(path: folder.write("b.txt", "a\n", gzip: true)).count == 1)
    #expect(try TextLines(path: folder.write("c.txt", "")).count == 0)
    let shares = (0..<2).flatMap { Array(Pipeline.from(lines).shard(count: 2, index: $0)) }
    #expect(shares == ["eins", "zwei", "", "drei"])
  }

  @Test("rows of NumPy arrays are read from where they lie")
  func numpy() throws {
    let folder = try TemporaryFolder()
    func npy(_ kind: String, _ shape: String, _ body: [UInt8]) -> [UInt8] {
      let text = "{'descr': '\(kind)', 'fortran_order': False, 'shape': (\(shape)), }"
      let padded = text + String(repeating: " ", count: 117 - text.utf8.count) + "\n"
      return [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8) + body
    }
    let bytes = try NumpyDataset(
      path: folder.write("x.npy", npy("|u1", "3, 2", [1, 2, 3, 4, 5, 6])))
    #expect(bytes.count == 3 && bytes.shape == [3, 2])
    #expect(try bytes[2].array(of: Int.self) == [5, 6] && bytes[0].dtype == .uint8)
    let labels = try NumpyDataset(
      path: folder.write("y.npy", npy("<i2", "3,", [7, 0, 8, 0, 9, 1])))
    #expect(try labels[2].item(Int.self) == 265 && labels[0].shape == [])
    for (x, y) in DataLoader(StackDataset(bytes, labels), batchSize: 3, workers: 2) {
      #expect(x.shape == [3, 2] && y.array(of: Int.self) == [7, 8, 265])
    }
    let unsigned = try NumpyDataset(path: folder.write("u.npy", npy("<u2", "2,", [1, 0, 0, 0x80])))
    #expect(try unsigned[1].item(Int.self) == 32_768 && unsigned[1].dtype == .int32)
    expectDataError(.malformed, "no rows") {
      _ = try NumpyDataset(path: folder.write("z.npy", npy("|u1", "", [1])))
    }
  }

  @Test("a table is read by columns of their own types")
  func columns() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      "a.csv", "name,age,height,tall\nAda,36,1.65,true\nBob,40,1.9,False\n")
    let table = try Columns(CSVFile(path: path, hasHeader: true).rows)
    #expect(table.names == ["name", "age", "height", "tall"] && table.count == 2)
    #expect(try table.names.map { try table.kind(of: $0) } == [.string, .int, .double, .bool])
    #expect(try table.strings("name") == ["Ada", "Bob"] && table.ints("age") == [36, 40])
    #expect(try table.bools("tall") == [true, false])
    let numbers = try table.tensor(["age", "height"])
    #expect(numbers.shape == [2, 2] && numbers.array(of: Float.self) == [36, 1.65, 40, 1.9])
    expectDataError(.malformed, "line 2", "a whole number") { _ = try table.ints("name") }
    expectDataError(.malformed, "no “size”", "height") { _ = try table.ints("size") }
    let lines = try folder.write("a.jsonl", "{\"x\": 1}\n{\"x\": 2.5}\n")
    let json = try Columns(JSONLinesFile(path: lines))
    #expect(try json.kind(of: "x") == .double && json.doubles("x") == [1, 2.5])
  }
}
