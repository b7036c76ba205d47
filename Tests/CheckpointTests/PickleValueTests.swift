import Archives
import Checkpoints
import Foundation
import NN
import TensorTesting
import Testing

/// Files of `make_values.py`.
@Suite("Values in PyTorch files")
struct PickleValueTests {
  private func path(_ name: String, _ ending: String) throws -> String {
    try #require(
      Bundle.module.url(forResource: name, withExtension: ending, subdirectory: "Golden")
    ).path
  }

  /// A `.pth` file around a pickle.
  private func pth(_ pickle: [UInt8], in folder: TemporaryFolder) throws -> String {
    let entries = [
      ZipWriter.Entry(name: "a/data.pkl", contents: Data(pickle)),
      ZipWriter.Entry(name: "a/data/0", contents: Data(count: 8)),
    ]
    return try folder.write("file.pth", ZipWriter.pieces(of: entries).reduce(Data(), +))
  }

  @Test("what PyTorch's safe loader reads is read")
  func values() throws {
    let file = try PthFile.read(path: path("values", "pth"))
    #expect(
      file["schedule"]?["milestones"]
        == .dictionary([.init(.int(2), .int(1)), .init(.int(5), .int(2))]))
    #expect(file["schedule"]?["last_epoch"] == .int(1))
    #expect(
      file["counter"]
        == .dictionary([
          .init(.string("a"), .int(2)), .init(.string("b"), .int(1)), .init(.string("c"), .int(1)),
        ]))
    #expect(
      file["ordered"]
        == .dictionary([.init(.string("b"), .int(1)), .init(.string("a"), .int(2))]))
    #expect(file["set"] == .list([.int(7)]))
    #expect(file["bytes"] == .bytes(Data([0] + Array("caf".utf8) + [0xe9])))
    #expect(file["bytearray"] == .bytes(Data(Array("ab".utf8) + [0xff])))
    #expect(file["huge"] == .largeInt("1267650600228229401496703205376"))
    #expect(file["minus"] == .largeInt("-1180591620717411303424"))
    #expect(file["max"] == .int(.max) && file["min"] == .int(.min))
    #expect(file["over"] == .largeInt("9223372036854775808"))
    #expect(file["complex"] == .complex(real: 1.5, imaginary: -2))
    #expect(file["size"] == .tuple([.int(2), .int(3)]))
    #expect(file["dtype"] == .string("torch.bfloat16") && file["device"] == .string("cuda:1"))
    #expect(file["layout"] == .string("torch.strided"))
    #expect(file["model"]?["weight"] == .tensor(unnamed([1, 2], shape: [1, 2])))
    #expect(file["parameter"] == .tensor(unnamed([4], shape: [1])))
  }

  private func unnamed(_ values: [Float], shape: [Int]) -> StoredTensor {
    StoredTensor(
      name: "", dtype: .float32, shape: shape, bytes: values.withUnsafeBytes { Data($0) })
  }

  @Test("they are written and read back")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let file = try PthFile.read(path: path("values", "pth"))
    try PthFile.write(file, to: folder.path + "/copy.pth")
    #expect(try PthFile.read(path: folder.path + "/copy.pth") == file)
    for digits in [
      "-9223372036854775809", "18446744073709551616", "-" + String(repeating: "9", count: 300),
    ] {
      try PthFile.write(.largeInt(digits), to: folder.path + "/one.pth")
      #expect(try PthFile.read(path: folder.path + "/one.pth") == .largeInt(digits))
    }
  }

  @Test("only what is wanted must be understood, and what is not is named at its place")
  func wanted() throws {
    let partly = try path("partly", "pth")
    #expect(try StateDict(pth: partly, key: "model").names == ["weight", "bias"])
    #expect(
      try PthFile.read(path: partly, key: "maker")
        == .dictionary([.init(.string("a"), .list([.int(1)]))]))
    #expect(try PthFile.read(path: partly, key: "frozen") == .list([.int(3)]))
    #expect(try PthFile.read(path: partly, key: "no_bytes") == .bytes(Data()))
    guard case .largeInt(let digits) = try PthFile.read(path: partly, key: "longest") else {
      Issue.record("3^1500 is no whole number")
      return
    }
    #expect(digits.count == 716 && digits.hasPrefix("48070880771127017833"))
    expectCheckpointError(.unsupported, "partly.pth", "at args: ", "argparse.Namespace") {
      _ = try PthFile.read(path: partly)
    }
    expectCheckpointError(.mismatch, "“nothing”", "model, args") {
      _ = try PthFile.read(path: partly, key: "nothing")
    }
  }

  @Test("tensors of types that are not read are named, and the others are read")
  func unknown() throws {
    let unknown = try path("unknown", "pth")
    var leftOut: [String] = []
    let state = try StateDict(pth: unknown, key: "model") { leftOut.append("\($0)") }
    #expect(state.names == ["a", "b"])
    #expect(leftOut.count == 2, "\(leftOut)")
    for (index, place) in ["at model.wide: ", "at model.few: "].enumerated()
    where index < leftOut.count {
      #expect(leftOut[index].contains("unknown.pth: \(place)"), "\(leftOut)")
    }
    #expect(try PthFile.read(path: unknown, key: "epoch") == .int(3))
    expectCheckpointError(.mismatch, "“epoch” holds", "instead of a state dict", "model, epoch") {
      _ = try StateDict(pth: unknown, key: "epoch")
    }
  }

  @Test("a deep, circular or repeated value is refused, quickly")
  func hostile() throws {
    let folder = try TemporaryFolder()
    // A tuple in a tuple, a million deep.
    let deep = [0x80, 2, UInt8(ascii: ")")] + [UInt8](repeating: 0x85, count: 1_000_000)
    expectCheckpointError(.unsupported, "200 deep") {
      _ = try PthFile.read(path: pth(deep + [UInt8(ascii: ".")], in: folder))
    }
    // A list in itself: ] q0 h0 a .
    expectCheckpointError(.unsupported, "circle") {
      _ = try PthFile.read(
        path: pth([0x80, 2] + Array("]q\0h\0a.".utf8), in: folder))
    }
    // Lists of ten times the list before, thirty deep.
    var laughs: [UInt8] = [0x80, 2, UInt8(ascii: "]"), UInt8(ascii: "q"), 0]
    for level in UInt8(1)...30 {
      laughs += [UInt8(ascii: "]"), UInt8(ascii: "("), UInt8(ascii: "q"), 99]
      laughs.removeLast(3)
      laughs += [UInt8(ascii: "(")]
      for _ in 0..<10 { laughs += [UInt8(ascii: "h"), level - 1] }
      laughs += [UInt8(ascii: "e"), UInt8(ascii: "q"), level]
    }
    expectCheckpointError(.unsupported, "too many") {
      _ = try PthFile.read(path: pth(laughs + [UInt8(ascii: ".")], in: folder))
    }
    // Eight zeros, repeated by strides of 0 to 8 TB.
    let view = Array(
      ("ctorch._utils\n_rebuild_tensor_v2\n((X\u{7}\0\0\0storagectorch\nFloatStorage\nX\u{1}\0\0\00"
        + "X\u{3}\0\0\0cpuK\u{2}tQK\0").utf8)
    let sizes: [UInt8] =
      [0x8a, 6, 0, 0, 0, 0, 0, 2, 0x85, UInt8(ascii: "K"), 0, 0x85, 0x89]
      + Array("ccollections\nOrderedDict\n)RtR.".utf8)
    expectCheckpointError(.unsupported, "strides [0]") {
      _ = try PthFile.read(path: pth([0x80, 2] + view + sizes, in: folder))
    }
  }
}

@Suite("Hostile archives and headers")
struct HostileFileTests {
  @Test("a zip of 42 bytes with a zip64 locator is refused")
  func zip64Locator() throws {
    let locator: [UInt8] = [0x50, 0x4b, 6, 7] + [UInt8](repeating: 0xff, count: 16)
    let end: [UInt8] =
      [0x50, 0x4b, 5, 6, 0, 0, 0, 0] + [UInt8](repeating: 0xff, count: 12) + [0, 0]
    #expect(locator.count + end.count == 42)
    #expect(throws: ArchiveError.self) { try ZipReader(Data(locator + end)) }
  }

  @Test("bombs are refused by their size")
  func bombs() throws {
    let zeros = Data(count: 300 << 20)
    let packed = try Gzip.compress(zeros)
    #expect(throws: ArchiveError.self) { try Gzip.decompress(packed) }
    #expect(try Gzip.decompress(packed, limit: 400 << 20).count == zeros.count)
  }

  @Test("entries that share their bytes are refused")
  func overlap() throws {
    let entry = ZipWriter.Entry(name: "a", contents: Data(repeating: 7, count: 1_000))
    let pieces = ZipWriter.pieces(of: [entry])
    // The directory's entry twice.
    let directory = pieces[2].dropLast(22)
    var end = [UInt8](pieces[2].suffix(22))
    end[8] = 2
    end[10] = 2
    let size = UInt32(2 * directory.count)
    for index in 0..<4 { end[12 + index] = UInt8(truncatingIfNeeded: size >> (8 * UInt32(index))) }
    let whole = pieces[0] + pieces[1] + directory + directory + Data(end)
    #expect(throws: ArchiveError.self) { try ZipReader(whole) }
  }

  @Test(
    "shapes that no tensor can have are errors",
    arguments: ["[0,1099511627776,1099511627776]", "[4611686018427387904,0]"])
  func shapes(_ shape: String) throws {
    let folder = try TemporaryFolder()
    let header = #"{"w":{"dtype":"F32","shape":\#(shape),"data_offsets":[0,0]}}"#
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    let path = try folder.write("m.safetensors", length + Data(header.utf8))
    let file = try SafetensorsFile(path: path)
    expectCheckpointError(.unsupported, "tensor w", "beyond any tensor") {
      _ = try file.tensors.first?.tensor(path: path)
    }
    let npy = try folder.write(
      "a.npy",
      [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0]
        + Array(
          "{'descr': '<f4', 'fortran_order': True, 'shape': (\(shape.dropFirst().dropLast())), }"
            .padding(toLength: 117, withPad: " ", startingAt: 0).utf8) + [0x0a])
    #expect(throws: CheckpointError.self) { try NumpyArray.read(path: npy).tensor(path: npy) }
  }

  @Test("headers are read in time linear in their length")
  func longHeaders() throws {
    let folder = try TemporaryFolder()
    let names = (0..<50_000).map { #""key\#($0)":"x""# }.joined(separator: ",")
    let header = #"{"__metadata__":{\#(names)}}"#
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    let file = try SafetensorsFile(
      path: folder.write("m.safetensors", length + Data(header.utf8)))
    #expect(file.metadata.count == 50_000 && file.metadata.last?.name == "key49999")

    let text =
      "{'descr': '<f4', 'fortran_order': False, 'shape': ("
      + String(repeating: "1, ", count: 300_000) + ")}"
    let size = withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { Array($0) }
    let npy = try folder.write(
      "a.npy", [0x93] + Array("NUMPY".utf8) + [2, 0] + size + Array(text.utf8))
    #expect(throws: CheckpointError.self) { try NumpyArray.read(path: npy) }
    for literal in [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
      "{'descr': '<f4', 'fortran_order': 1, 'shape': (2,)}", "{'descr': '<f4', 'shape': (2,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", "{", "",
    ] {
      let bad = try folder.write(
        "b.npy",
        [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(literal.utf8.count), 0] + Array(literal.utf8)
          + [UInt8](repeating: 0, count: 8))
      expectCheckpointError(.damaged, "b.npy", "header") { _ = try NumpyArray.read(path: bad) }
    }
  }

  @Test("a tensor or member of unknown elements does not hide the others")
  func leftOut() throws {
    let folder = try TemporaryFolder()
    let header =
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"I4","shape":[4],"data_offsets":[4,6]},"c":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[6,8]}}"#
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    let path = try folder.write(
      "m.safetensors", length + Data(header.utf8) + Data(repeating: 0, count: 8))
    let file = try SafetensorsFile(path: path)
    #expect(file.tensors.map(\.name) == ["a", "c"] && file.unread.map(\.tensor) == ["b"])
    var said: [String] = []
    let state = try StateDict(safetensors: path) { said.append("\($0)") }
    #expect(state.names == ["a"])
    #expect(said.count == 2 && said[0].contains("tensor b: elements of type I4"), "\(said)")

    let npz = try #require(
      Bundle.module.url(forResource: "labelled", withExtension: "npz", subdirectory: "Golden"))
    said = []
    let arrays = try NumpyArray.readArchive(path: npz.path) { said.append("\($0)") }
    #expect(arrays.map(\.name) == ["x", "y"] && said.count == 1)
    #expect(said[0].contains("tensor names") && said[0].contains("<U2"), "\(said)")
    #expect(try NumpyArchive(path: npz.path).tensor("y").shape == [1])
    expectCheckpointError(.missing, "tensor z", "x, names, y") {
      _ = try NumpyArchive(path: npz.path).tensor("z")
    }
  }

  @Test("large integers take no byte more than they need, so that PyTorch's safe loader knows them")
  func largeIntegers() throws {
    let folder = try TemporaryFolder()
    let edge = "1" + String(repeating: "0", count: 614)
    for (digits, opcode) in [(edge.dropLast(), UInt8(0x8a)), (edge[...], 0x8b)] {
      let path = folder.path + "/large.pth"
      try PthFile.write(.largeInt(String(digits)), to: path)
      #expect(try PthFile.read(path: path) == .largeInt(String(digits)))
      let bytes = try Data(contentsOf: URL(filePath: path))
      let head = opcode == 0x8a ? [0x80, 2, opcode, 255] : [0x80, 2, opcode, 0, 1, 0, 0]
      #expect(bytes.range(of: Data(head)) != nil, "\(digits.count) digits")
    }
  }

  @Test("a key that Python cannot look up is refused by its kind")
  func unhashableKeys() throws {
    let folder = try TemporaryFolder()
    let key = PthValue.tuple([.int(1), .list([])])
    expectCheckpointError(.unsupported, "bad.pth", "a tuple") {
      try PthFile.write(.dictionary([.init(key, .none)]), to: folder.path + "/bad.pth")
    }
  }
}
