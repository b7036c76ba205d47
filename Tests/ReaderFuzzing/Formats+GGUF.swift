import Checkpoints
import Foundation
import Tensors

/// Files of llama.cpp.
extension Formats {
  /// Small files with every kind of value and several types of blocks.
  static var gguf: Format {
    let metadata: [(key: String, value: GGUFValue)] = [
      ("general.architecture", .string("llama")), ("general.alignment", .unsigned(32)),
      ("llama.block_count", .unsigned(1)), ("a.float", .float(0.5)), ("a.double", .double(-1)),
      ("a.flag", .bool(true)), ("a.signed", .signed(-3)),
      ("a.texts", .array([.string("x"), .string("naïve")])),
      ("a.lists", .array([.array([.signed(1)]), .array([])])),
    ]
    let x = Tensor.arange(64).to(.float32).reshaped([2, 32])
    let samples = [[GGUFType.q4_0, .q8_0, .f16], [.q5_1, .bf16, .f32]].map { types -> [UInt8] in
      let path = FileManager.default.temporaryDirectory
        .appendingPathComponent("torus-fuzz-\(UUID().uuidString).gguf").path
      defer { try? FileManager.default.removeItem(atPath: path) }
      let tensors = types.enumerated().map { (name: "t\($0.offset)", tensor: x, type: $0.element) }
      try? GGUFWriter.write(tensors, metadata: metadata, to: path)
      return [UInt8](FileManager.default.contents(atPath: path) ?? Data())
    }
    return Format("gguf", samples) { bytes, _ in
      let file = try GGUFFile(contents: Data(bytes), path: "model.gguf")
      for entry in file.tensors where entry.bytes.count < 1 << 20 { _ = entry.tensor() }
      _ = file["a.lists"]
    }
  }
}
