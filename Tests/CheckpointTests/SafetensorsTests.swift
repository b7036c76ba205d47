import Checkpoints
import Foundation
import NN
import TensorTesting
import Tensors
import Testing

struct SafetensorsGolden: Decodable {
  struct Entry: Decodable {
    var name: String, dtype: String, shape: [Int], hex: String?
  }
  struct Read: Decodable { var `case`: String, hex: String, tensors: [Entry]? }
  struct Written: Decodable { var hex: String, metadata: [String: String]?, tensors: [Entry] }
  var read: [Read]
  var written: [Written]
}

@Suite("Safetensors")
struct SafetensorsTests {
  @Test("files are taken and refused as the reference reader does")
  func reading() throws {
    let cases = try golden("safetensors", as: SafetensorsGolden.self).read
    #expect(cases.count == 99)
    for c in cases {
      let file = try? SafetensorsFile(contents: bytes(hex: c.hex), path: c.case)
      // A type that the reference reader does not know is left unread here.
      #expect((file?.unread.isEmpty ?? false) == (c.tensors != nil), "\(c.case)")
      guard let file, let expected = c.tensors else { continue }
      #expect(file.tensors.count == expected.count, "\(c.case)")
      for entry in expected {
        #expect(file[entry.name]?.dtype.rawValue == entry.dtype, "\(c.case)")
        #expect(file[entry.name]?.shape == entry.shape, "\(c.case)")
      }
    }
  }

  @Test("every refusal names the file, and what is wrong")
  func refusals() throws {
    for c in try golden("safetensors", as: SafetensorsGolden.self).read where c.tensors == nil {
      let error = #expect(throws: CheckpointError.self, "\(c.case)") {
        let file = try SafetensorsFile(contents: bytes(hex: c.hex), path: "model.safetensors")
        if let unread = file.unread.first { throw unread }
      }
      #expect(error?.path == "model.safetensors")
    }
    func open(_ header: String, _ count: Int) throws {
      let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
      _ = try SafetensorsFile(
        contents: length + Data(header.utf8) + Data(count: count), path: "x.safetensors")
    }
    func entry(_ name: String, _ start: Int, _ end: Int) -> String {
      "\"\(name)\":{\"dtype\":\"U8\",\"shape\":[\(end - start)],\"data_offsets\":[\(start),\(end)]}"
    }
    expectCheckpointError(.damaged, "tensor b", "overlaps") {
      try open("{\(entry("a", 0, 4)),\(entry("b", 2, 6))}", 6)
    }
    expectCheckpointError(.damaged, "tensor b", "hole") {
      try open("{\(entry("a", 0, 4)),\(entry("b", 5, 6))}", 6)
    }
    expectCheckpointError(.truncated, "tensor b", "byte 6", "5 are there") {
      try open("{\(entry("a", 0, 4)),\(entry("b", 4, 6))}", 5)
    }
    expectCheckpointError(.damaged, "1 bytes follow") { try open("{\(entry("a", 0, 4))}", 5) }
    expectCheckpointError(.damaged, "not JSON", "at byte 1") { try open("{,}", 0) }
    expectCheckpointError(.truncated, "3 bytes") {
      _ = try SafetensorsFile(contents: Data([1, 2, 3]), path: "x.safetensors")
    }
    expectCheckpointError(.truncated, "ends after") {
      _ = try SafetensorsFile(contents: Data([9, 0, 0, 0, 0, 0, 0, 0, 1]), path: "x")
    }
    expectCheckpointError(.damaged, "limit") {
      _ = try SafetensorsFile(contents: Data(repeating: 255, count: 16), path: "x")
    }
    expectCheckpointError(.missing, "/nowhere/model.safetensors") {
      _ = try SafetensorsFile(path: "/nowhere/model.safetensors")
    }
    expectCheckpointError(.unreadable, "not a file") { _ = try SafetensorsFile(path: "/tmp") }
  }

  @Test("files are written byte for byte as the reference writer does")
  func writing() throws {
    let folder = try TemporaryFolder()
    let dtypes: [String: StoredDType] = [
      "float32": .float32, "int64": .int64, "float64": .float64, "bool": .bool,
      "float16": .float16, "int32": .int32, "uint8": .uint8,
    ]
    for c in try golden("safetensors", as: SafetensorsGolden.self).written {
      let tensors = try c.tensors.map {
        StoredTensor(
          name: $0.name, dtype: try #require(dtypes[$0.dtype]), shape: $0.shape,
          bytes: bytes(hex: $0.hex ?? ""))
      }
      let path = folder.path + "/written.safetensors"
      try SafetensorsWriter.write(
        tensors, metadata: (c.metadata ?? [:]).map { ($0.key, $0.value) }, to: path)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes(hex: c.hex))
    }
    #expect(try folder.contents == ["written.safetensors"])
  }

  @Test("a state dict comes back with its names, shapes, dtypes and bits")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/model.safetensors"
    let state = StateDict([
      (
        "fc.weight",
        Tensor([1, -0.0, .infinity, .nan, .leastNonzeroMagnitude, 3] as [Float], shape: [2, 3])
      ),
      ("fc.bias", Tensor([1, 2] as [Double], dtype: .float64)), ("steps", Tensor([Int.min, 7])),
      ("caf\u{e9}", Tensor([true, false])), ("cafe\u{301}", Tensor([] as [Float], shape: [0, 4])),
      ("scalar", Tensor([BFloat16(1.5)], shape: [])),
    ])
    try state.save(safetensors: path)
    let loaded = try StateDict(safetensors: path)
    #expect(loaded.count == state.count)
    for (name, tensor) in state {
      let other = try #require(loaded[name])
      #expect(StoredTensor(name: name, other) == StoredTensor(name: name, tensor))
    }
  }

  @Test("element types without a tensor type are named")
  func unsupported() throws {
    let tensor = StoredTensor(name: "w", dtype: .float8E4M3, shape: [2], bytes: Data([1, 2]))
    expectCheckpointError(.unsupported, "m.safetensors", "tensor w", "F8_E4M3", "Convert") {
      _ = try tensor.tensor(path: "m.safetensors")
    }
  }

  @Test("a sharded model is read by its index")
  func sharded() throws {
    let folder = try TemporaryFolder()
    try SafetensorsWriter.write([stored("a", [1])], to: folder.path + "/model-1.safetensors")
    try SafetensorsWriter.write(
      [stored("b", [2]), stored("c", [3])], to: folder.path + "/model-2.safetensors")
    func index(_ map: String) throws -> String {
      try folder.write(
        "model.safetensors.index.json", "{\"metadata\":{},\"weight_map\":\(map)}".utf8)
    }
    let good = try index(
      "{\"c\":\"model-2.safetensors\",\"a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\"}")
    let state = try StateDict(safetensors: good)
    #expect(state.names == ["c", "a", "b"])
    #expect(state["c"]?.item(Float.self) == 3)

    let wrong = try index("{\"a\":\"model-2.safetensors\"}")
    expectCheckpointError(.damaged, "tensor a", "model-2") {
      _ = try StateDict(safetensors: wrong)
    }
    let gone = try index("{\"a\":\"model-3.safetensors\"}")
    expectCheckpointError(.missing, "model-3") { _ = try StateDict(safetensors: gone) }
    let outside = try index("{\"a\":\"../model-1.safetensors\"}")
    expectCheckpointError(.damaged, "beside the index") {
      _ = try StateDict(safetensors: outside)
    }
    let empty = try folder.write("model.safetensors.index.json", "{}".utf8)
    expectCheckpointError(.damaged, "weight_map") { _ = try StateDict(safetensors: empty) }
  }
}
