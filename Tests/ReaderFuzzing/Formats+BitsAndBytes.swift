import Foundation
import Transformers

/// Folders that transformers saved quantized by bitsandbytes.
extension Formats {
  static var bitsAndBytes: [Format] {
    [
      Format("bitsandbytes", [weights(state: nestedState)]) { bytes, folder in
        try load(bytes, folder)
      },
      // What says how blocks lie, within a file that is whole.
      Format("bitsandbytes-state", [Array(nestedState.utf8), Array(plainState.utf8)]) {
        bytes, folder in
        try load(weights(state: String(decoding: bytes, as: UTF8.self)), folder)
      },
    ]
  }

  private static let nestedState =
    #"{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [8, 8], "#
    + #""nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": 0.25}"#
  private static let plainState =
    #"{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [8, 8]}"#

  private static let configuration = #"""
    {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 8,
     "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 4,
     "max_position_embeddings": 8, "rms_norm_eps": 1e-6, "dtype": "float32",
     "quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": true}}
    """#

  private static func load(_ weights: [UInt8], _ folder: String) throws {
    try put(Array(configuration.utf8), "\(folder)/config.json")
    try put(weights, "\(folder)/model.safetensors")
    _ = try Pretrained.load(folder)
  }

  /// A layer in blocks of 4 bits with quantized scales, and one of 8 bits.
  private static func weights(state: String) -> [UInt8] {
    func floats(_ count: Int) -> [UInt8] {
      (0..<count).flatMap { index in
        withUnsafeBytes(of: (Float(index) / 8).bitPattern.littleEndian) { Array($0) }
      }
    }
    let layer = "model.layers.0.self_attn."
    let four = layer + "q_proj.weight"
    let parts: [(name: String, type: String, shape: [Int], bytes: [UInt8])] = [
      (four, "U8", [32, 1], (0..<32).map { UInt8($0 * 7) }),
      (four + ".absmax", "U8", [1], [3]),
      (four + ".quant_map", "F32", [16], floats(16)),
      (four + ".nested_absmax", "F32", [1], floats(1)),
      (four + ".nested_quant_map", "F32", [256], floats(256)),
      (
        four + ".quant_state.bitsandbytes__nf4", "U8", [state.utf8.count], Array(state.utf8)
      ),
      (layer + "k_proj.weight", "I8", [8, 8], (0..<64).map { UInt8($0 * 3) }),
      (layer + "k_proj.SCB", "F32", [8], floats(8)),
      (layer + "k_proj.weight_format", "U8", [], [0]),
    ]
    var fields: [String] = []
    var contents: [UInt8] = []
    for part in parts {
      let range = [contents.count, contents.count + part.bytes.count]
      fields.append(
        "\"\(part.name)\":{\"dtype\":\"\(part.type)\",\"shape\":\(part.shape),"
          + "\"data_offsets\":\(range)}")
      contents += part.bytes
    }
    let header = Array("{\(fields.joined(separator: ","))}".utf8)
    return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + contents
  }
}
