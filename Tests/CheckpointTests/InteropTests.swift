import Archives
import Checkpoints
import Foundation
import NN
import TensorTesting
import Tensors
import Testing

struct InteropGolden: Decodable {
  struct Entry: Decodable { var dtype: String, shape: [Int], hex: String }
  var state: [String: Entry]
  var mixed: [String: Entry]
  var optimizer: [String: Entry]
  var arrays: [String: Entry]
}

private let dtypes: [String: StoredDType] = [
  "float32": .float32, "float64": .float64, "float16": .float16, "bfloat16": .bfloat16,
  "int64": .int64, "int32": .int32, "int16": .int16, "int8": .int8, "uint8": .uint8,
  "bool": .bool, "complex64": .complex64, "uint16": .uint16, "float8_e4m3fn": .float8E4M3,
]

private func path(_ name: String) throws -> String {
  let file = name as NSString
  return try #require(
    Bundle.module.url(
      forResource: file.deletingPathExtension, withExtension: file.pathExtension,
      subdirectory: "Golden")
  ).path
}

private func expectEqual(
  _ tensor: StoredTensor?, _ expected: InteropGolden.Entry, _ name: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(tensor?.dtype == dtypes[expected.dtype], "\(name)", sourceLocation: sourceLocation)
  #expect(tensor?.shape == expected.shape, "\(name)", sourceLocation: sourceLocation)
  #expect(tensor?.bytes == bytes(hex: expected.hex), "\(name)", sourceLocation: sourceLocation)
}

@Suite("PyTorch files")
struct PthTests {
  let expected: InteropGolden

  init() throws { expected = try golden("interop") }

  @Test("a module's state dict is read as PyTorch wrote it")
  func stateDict() throws {
    let state = try StateDict(pth: path("state.pth"))
    #expect(
      state.names == [
        "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
        "1.num_batches_tracked",
      ])
    for (name, entry) in expected.state {
      expectEqual(state[name].map { StoredTensor(name: name, $0) }, entry, name)
    }
  }

  @Test("all element types, views, numbers, lists and dicts are read")
  func mixed() throws {
    let file = try PthFile.read(path: path("mixed.pth"))
    for (name, entry) in expected.mixed {
      guard case .tensor(let tensor)? = file["model"]?[name] else {
        Issue.record("\(name) is no tensor")
        continue
      }
      expectEqual(tensor, entry, name)
    }
    #expect(file["epoch"] == .int(300) && file["big"] == .int(1 << 40))
    #expect(file["negative"] == .int(-70_000) && file["rate"] == .double(1e-3))
    #expect(file["flags"] == .tuple([.bool(true), .bool(false), .none]))
    #expect(file["names"] == .list([.string("a"), .string("\u{20ac}")]))
    #expect(
      file["nested"]?["x"]
        == .dictionary([.init(.int(1), .list([.int(2), .tuple([.int(3)])]))]))
    #expect(file["size"] == .tuple([.int(2), .int(3)]) && file["none"] == .tuple([]))
    #expect(file["dtype"] == .string("torch.float32"))
    #expect(file["many"] == .tuple((1...4).map(PthValue.int)))
  }

  @Test("an optimizer's state is read")
  func optimizer() throws {
    let file = try PthFile.read(path: path("optimizer.pth"))
    guard case .dictionary(let states)? = file["state"] else {
      Issue.record("there is no state")
      return
    }
    var count = 0
    for member in states {
      guard case .int(let index) = member.key, case .dictionary(let values) = member.value else {
        continue
      }
      for value in values {
        guard case .string(let name) = value.key, case .tensor(let tensor) = value.value else {
          continue
        }
        expectEqual(tensor, try #require(expected.optimizer["\(index).\(name)"]), name)
        count += 1
      }
    }
    #expect(count == expected.optimizer.count && count == 12)
    guard case .list(let groups)? = file["param_groups"] else {
      Issue.record("there are no groups")
      return
    }
    #expect(groups.first?["lr"] == .double(0.1))
    #expect(groups.first?["params"] == .list((0..<4).map(PthValue.int)))
  }

  @Test("what is written is read back, and a second time written as the same bytes")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let original = try PthFile.read(path: path("mixed.pth"))
    let first = folder.path + "/copy.pth"
    try PthFile.write(original, to: first)
    #expect(try PthFile.read(path: first) == original)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: first))
    try PthFile.write(original, to: first)
    #expect(try Data(contentsOf: URL(fileURLWithPath: first)) == bytes)

    let state = try StateDict(pth: path("state.pth"))
    try state.save(pth: first)
    let loaded = try StateDict(pth: first)
    #expect(loaded.names == state.names)
    for (name, tensor) in state {
      #expect(loaded[name].map { StoredTensor(name: name, $0) } == StoredTensor(name: name, tensor))
    }
  }

  @Test("code is never executed, and foreign files are refused by name")
  func refusals() throws {
    expectCheckpointError(.unsupported, "evil.pth", "posix.system", "Save only tensors") {
      _ = try PthFile.read(path: path("evil.pth"))
    }
    expectCheckpointError(.unsupported, "legacy.pth", "save it again") {
      _ = try PthFile.read(path: path("legacy.pth"))
    }
    expectCheckpointError(.damaged, "data.pkl") { _ = try PthFile.read(path: path("stored.npz")) }
    expectCheckpointError(.mismatch, "“nothing”", "model, epoch") {
      _ = try StateDict(pth: path("mixed.pth"), key: "nothing")
    }
    expectCheckpointError(.mismatch, "a dict", "model") {
      _ = try StateDict(pth: path("mixed.pth"))
    }
    var leftOut: [String] = []
    let rest = try StateDict(pth: path("mixed.pth"), key: "model") { leftOut.append("\($0)") }
    #expect(leftOut.count == 3 && rest["complex"] == nil && rest.names.count > 3, "\(leftOut)")
    for words in ["tensor complex: elements of type C64", "tensor uint16: ", "tensor float8: "] {
      #expect(leftOut.contains { $0.contains("mixed.pth, \(words)") }, "\(leftOut)")
    }
  }

  @Test("every way of cutting or damaging a file is an error or harmless, never a crash")
  func damage() throws {
    let folder = try TemporaryFolder()
    let whole = try Data(contentsOf: URL(fileURLWithPath: path("state.pth")))
    let original = try PthFile.read(path: path("state.pth"))
    for length in stride(from: 0, to: whole.count, by: 7) {
      let file = try folder.write("cut.pth", whole.prefix(length))
      #expect(throws: CheckpointError.self) { try PthFile.read(path: file) }
    }
    for index in whole.indices {
      var damaged = whole
      damaged[index] ^= 0xff
      let file = try folder.write("bad.pth", damaged)
      if let value = try? PthFile.read(path: file) { #expect(value == original, "byte \(index)") }
    }
  }

  @Test("a pickle that is damaged under a right checksum is an error, never a crash")
  func pickleDamage() throws {
    let folder = try TemporaryFolder()
    let whole = try Data(contentsOf: URL(fileURLWithPath: path("mixed.pth")))
    let zip = try ZipReader(whole)
    let pickle = try zip.contents(of: try #require(zip.entry("mixed/data.pkl")))
    for index in pickle.indices {
      for flip: UInt8 in [0x01, 0xff] {
        var damaged = Data(pickle)
        damaged[damaged.startIndex + index - pickle.startIndex] ^= flip
        let entries = try zip.entries.map { entry in
          ZipWriter.Entry(
            name: entry.name,
            contents: entry.name == "mixed/data.pkl" ? damaged : try zip.contents(of: entry))
        }
        let bytes = ZipWriter.pieces(of: entries).reduce(Data(), +)
        // Either outcome is right; reaching the next round is the test.
        _ = try? PthFile.read(path: folder.write("bad.pth", bytes))
      }
    }
  }
}

@Suite("NumPy files")
struct NumpyTests {
  let expected: InteropGolden

  init() throws { expected = try golden("interop") }

  @Test("archives are read stored and compressed", arguments: ["stored.npz", "compressed.npz"])
  func archives(name: String) throws {
    let arrays = try NumpyArray.readArchive(path: path(name))
    #expect(arrays.count == expected.arrays.count)
    for array in arrays {
      expectEqual(array, try #require(expected.arrays[array.name]), array.name)
    }
  }

  @Test("unsigned integers are read in the smallest dtype that holds them")
  func unsigned() throws {
    let folder = try TemporaryFolder()
    func file<Element: FixedWidthInteger>(
      _ dtype: StoredDType, _ values: [Element]
    ) throws -> String {
      let bytes = values.withUnsafeBytes { Data($0) }
      let path = folder.path + "/\(dtype.rawValue).npy"
      try NumpyArray.write(
        StoredTensor(name: "", dtype: dtype, shape: [values.count / 2, 2], bytes: bytes), to: path)
      return path
    }
    let short = try Tensor(npy: file(.uint16, [0, 1, 40_000, UInt16.max]))
    #expect(short.dtype == .int32 && short.array(of: Int.self) == [0, 1, 40_000, 65_535])
    let long = try Tensor(npy: file(.uint32, [0, 1, 3_000_000_000, UInt32.max]))
    #expect(long.dtype == .int64 && long.shape == [2, 2])
    #expect(long.array(of: Int.self) == [0, 1, 3_000_000_000, 4_294_967_295])
    let widest = try Tensor(npy: file(.uint64, [7, UInt64(Int64.max)]))
    #expect(widest.dtype == .int64 && widest.array(of: Int.self) == [7, Int.max])
    let beyond = try file(.uint64, [1, UInt64(Int64.max) + 1])
    expectCheckpointError(.unsupported, "9223372036854775808 is beyond int64", "float64") {
      _ = try Tensor(npy: beyond)
    }
    let archive = folder.path + "/a.npz"
    try NumpyArray.writeArchive(
      [StoredTensor(name: "ids", dtype: .uint16, shape: [1], bytes: Data([1, 0x80]))], to: archive)
    let ids = try #require(try StateDict(npz: archive)["ids"])
    #expect(ids.dtype == .int32 && ids.array(of: Int.self) == [32_769])
  }

  @Test("arrays are written byte for byte as NumPy does")
  func writing() throws {
    let folder = try TemporaryFolder()
    let whole = try NumpyArray.read(path: path("matrix.npy"))
    for name in ["matrix.npy", "vector.npy"] {
      let array = try NumpyArray.read(path: path(name))
      try NumpyArray.write(array, to: folder.path + "/copy.npy")
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: folder.path + "/copy.npy"))
          == Data(contentsOf: URL(fileURLWithPath: path(name))))
    }
    #expect(whole.shape == [2, 3])
    let arrays = try NumpyArray.readArchive(path: path("stored.npz"))
    try NumpyArray.writeArchive(arrays, to: folder.path + "/copy.npz")
    #expect(try NumpyArray.readArchive(path: folder.path + "/copy.npz") == arrays)
    let brain = StoredTensor(name: "w", dtype: .bfloat16, shape: [1], bytes: Data([0, 0]))
    expectCheckpointError(.unsupported, "tensor w", "BF16") {
      try NumpyArray.write(brain, to: folder.path + "/brain.npy")
    }
  }

  @Test("tensors go to NumPy's files and come back, with the dtypes that both have")
  func tensors() throws {
    let folder = try TemporaryFolder()
    let matrix = try Tensor(npy: path("matrix.npy"))
    try matrix.transposed(0, 1).save(npy: folder.path + "/turned.npy")
    let turned = try Tensor(npy: folder.path + "/turned.npy")
    #expect(turned.shape == [3, 2] && turned.dtype == matrix.dtype)
    #expect(turned.array(of: Double.self) == matrix.transposed(0, 1).array(of: Double.self))
    let state: StateDict = ["a.weight": matrix, "b": Tensor(3, dtype: .int64)]
    try state.save(npz: folder.path + "/state.npz")
    let again = try StateDict(npz: folder.path + "/state.npz")
    #expect(again.names == state.names && again["b"]?.item() == 3)
    #expect(again["a.weight"]?.array(of: Double.self) == matrix.array(of: Double.self))
    expectCheckpointError(.unsupported, "half.npy", "BF16") {
      try Tensor.ones([2], dtype: .bfloat16).save(npy: folder.path + "/half.npy")
    }
  }

  @Test("objects, records and damaged files are refused")
  func refusals() throws {
    expectCheckpointError(.unsupported, "object.npy", "|O") {
      _ = try NumpyArray.read(path: path("object.npy"))
    }
    expectCheckpointError(.unsupported, "record.npy") {
      _ = try NumpyArray.read(path: path("record.npy"))
    }
    let folder = try TemporaryFolder()
    let whole = try Data(contentsOf: URL(fileURLWithPath: path("matrix.npy")))
    for length in 0..<whole.count {
      let file = try folder.write("cut.npy", whole.prefix(length))
      #expect(throws: CheckpointError.self) { try NumpyArray.read(path: file) }
    }
    let long = try folder.write("long.npy", whole + [0])
    expectCheckpointError(.damaged, "1 bytes follow") { _ = try NumpyArray.read(path: long) }
  }
}

@Suite("Zip archives")
struct ZipTests {
  let entries = [
    ZipWriter.Entry(name: "a/empty", contents: Data()),
    ZipWriter.Entry(name: "a/caf\u{e9}", contents: Data("contents".utf8)),
    ZipWriter.Entry(name: "b", contents: Data((0..<1_000).map { UInt8(truncatingIfNeeded: $0) })),
  ]

  @Test("what is written is read, aligned, and with 64-bit sizes", arguments: [0xffff_ffff, 8, 1])
  func roundTrip(limit: Int) throws {
    for alignment in [1, 64] {
      let pieces = ZipWriter.pieces(of: entries, alignment: alignment, limit: limit)
      let zip = try ZipReader(pieces.reduce(Data(), +))
      #expect(zip.entries.map(\.name) == entries.map(\.name))
      for (entry, written) in Swift.zip(zip.entries, entries) {
        #expect(try zip.contents(of: entry) == written.contents)
      }
      var position = 0
      for (index, piece) in pieces.dropLast().enumerated() {
        // Headers and contents take turns.
        if index % 2 == 1 { #expect(position % alignment == 0) }
        position += piece.count
      }
    }
  }
}
