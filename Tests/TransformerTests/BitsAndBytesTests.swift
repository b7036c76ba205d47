import Foundation
import Tensors
import Testing
import Transformers

@Suite("Weights that bitsandbytes quantized")
struct BitsAndBytesTests {
  private let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Conformance/huggingface/models/llama-nf4")
    .path

  @Test("NormalFloat weights with quantized scales become numbers, and are saved as such")
  func loading() throws {
    let model = try Pretrained.load(source)
    #expect(model.loadReport?.isClean == true)
    #expect(model.configuration["quantization_config"] == nil)
    let weight = try #require(model.stateDict()["model.layers.0.self_attn.q_proj.weight"])
    #expect(weight.shape == [64, 64] && weight.dtype == .float32)
    // Sixteen values a block at most.
    let block = weight.flattened().sliced(dim: 0, to: 64).array(of: Float.self)
    #expect(Set(block).count <= 16)
  }

  @Test("A folder without its scales, or by another method, is an error that names the place")
  func errors() throws {
    let folder = NSTemporaryDirectory() + "bits-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.copyItem(atPath: source, toPath: folder)
    let url = URL(fileURLWithPath: folder + "/config.json")
    let text = try String(contentsOf: url, encoding: .utf8)
    try text.replacingOccurrences(of: "\"bitsandbytes\"", with: "\"gptq\"")
      .write(to: url, atomically: true, encoding: .utf8)
    let method = #expect(throws: ModelError.self) { try Pretrained.load(folder) }
    #expect(method?.field == "quantization_config" && method?.message.contains("gptq") == true)
    try text.write(to: url, atomically: true, encoding: .utf8)
    let weights = URL(fileURLWithPath: folder + "/model.safetensors")
    var bytes = try Data(contentsOf: weights)
    let name = Data("q_proj.weight.nested_absmax".utf8)
    let range = try #require(bytes.range(of: name))
    bytes.replaceSubrange(range, with: Data("q_proj.weight.nested_xbsmax".utf8))
    try bytes.write(to: weights)
    let missing = #expect(throws: ModelError.self) { try Pretrained.load(folder) }
    #expect(missing?.field?.hasSuffix("nested_absmax") == true)
  }

  @Test("Blocks of NormalFloat are those of bitsandbytes 0.50")
  func blocks() {
    // quantize_4bit(x, blocksize=64, quant_type="nf4", compress_statistics=True) of these numbers.
    let numbers: [Float] = (0..<128).map { index in
      let number = Float(index * 37 % 128 - 64)
      return index < 64 ? number / 64 : number / 16
    }
    let rounded = BlockTensor(Tensor(numbers), .nf4).tensor().array(of: Float.self)
    for (index, expected) in Self.expected {
      #expect(abs(rounded[index] - expected) < 1e-6, "number \(index)")
    }
  }

  private static let expected: [(index: Int, value: Float)] = [
    (0, -1.0103272), (1, -0.39899588), (2, 0.16259216), (3, 0.73042297), (17, 0.73042297),
    (40, 0.16259216), (63, -0.53049558), (64, 0), (65, 2.2153044), (66, -3.9375), (90, -3.9375),
    (101, -2.7412591), (127, 1.7352949),
  ]
}
