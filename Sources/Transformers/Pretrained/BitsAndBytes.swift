import Base
import Checkpoints
import Foundation
import Tensors

/// Weights that transformers saved quantized by bitsandbytes, as numbers again.
///
/// 4 bits (NF4, FP4): two numbers a byte, the first one in the high half, each one of 16 values
/// (`quant_map`); and a scale for each block (`absmax`), which may be quantized itself (Dettmers et al.
/// 2023, QLoRA). 8 bits: each row has a scale (`SCB`), w = q · SCB / 127.
struct BitsAndBytes {
  private typealias Entry = (tensor: StoredTensor, file: String)

  private static let mark = ".quant_state.bitsandbytes__"
  private let path: String

  /// What follows `quantization_config`, where that is bitsandbytes'.
  /// - Throws: ``ModelError`` where it asks for what is not read.
  init?(_ configuration: ModelConfiguration) throws {
    guard let settings = configuration["quantization_config"], settings != .null else { return nil }
    path = configuration.path
    let method = settings["quant_method"]?.string
    guard method == "bitsandbytes" || method == nil && settings["load_in_4bit"] != nil else {
      throw configuration.fault(
        "quantization_config", "weights quantized by \(method ?? "no method") are not read",
        remedy: "Save the model without quantization, or by bitsandbytes")
    }
  }

  /// The tensors with numbers in the place of quantized ones and their scales.
  func numbers(
    _ tensors: [(tensor: StoredTensor, file: String)], dtype: DType
  ) throws -> [(tensor: StoredTensor, file: String)] {
    var byName: [[UInt8]: Entry] = [:]
    for entry in tensors { byName[Array(entry.tensor.name.utf8)] = entry }
    func part(_ name: String) -> Entry? { byName[Array(name.utf8)] }
    var parts: Set<[UInt8]> = []
    var result: [[UInt8]: StoredTensor] = [:]
    for (tensor, _) in tensors {
      if let range = tensor.name.range(of: Self.mark) {
        let name = String(tensor.name[..<range.lowerBound])
        let kind = String(tensor.name[range.upperBound...])
        guard ["nf4", "fp4"].contains(kind) else {
          throw fault(name, "numbers of the kind \(kind) are not read")
        }
        let value = try fourBits(name, state: tensor, part)
        result[Array(name.utf8)] = StoredTensor(name: name, value.to(dtype))
        parts.formUnion(
          [
            Self.mark + kind, ".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map",
          ].map { Array((name + $0).utf8) })
      } else if tensor.name.hasSuffix(".SCB") {
        let name = String(tensor.name.dropLast(4)) + ".weight"
        let value = try rows(name, scales: tensor, part)
        result[Array(name.utf8)] = StoredTensor(name: name, value.to(dtype))
        parts.formUnion(
          [tensor.name, String(tensor.name.dropLast(4)) + ".weight_format"].map { Array($0.utf8) })
      }
    }
    return tensors.compactMap { entry in
      let key = Array(entry.tensor.name.utf8)
      if parts.contains(key) { return nil }
      return (result[key] ?? entry.tensor, entry.file)
    }
  }

  private func fault(_ tensor: String, _ problem: String) -> ModelError {
    ModelError(
      .mismatch, path: path, field: tensor, problem,
      remedy: "Save the model again, or without quantization")
  }

  /// A part's numbers.
  private func values(_ entry: Entry?, _ name: String) throws -> [Float] {
    guard let entry else { throw fault(name, "the tensor is missing") }
    return try entry.tensor.tensor(path: entry.file).to(.float32).flattened().array(of: Float.self)
  }

  /// A part's bytes.
  private func bytes(_ entry: Entry?, _ name: String) throws -> [UInt8] {
    guard let entry else { throw fault(name, "the tensor is missing") }
    guard entry.tensor.dtype == .uint8 else {
      throw fault(name, "its elements are \(entry.tensor.dtype.rawValue), not bytes")
    }
    return [UInt8](entry.tensor.bytes)
  }

  private func fourBits(
    _ name: String, state: StoredTensor, _ part: (String) -> Entry?
  ) throws -> Tensor {
    guard let json = try? JSONParser.parse([UInt8](state.bytes)) else {
      throw fault(state.name, "it is no JSON")
    }
    let shape = json["shape"]?.array?.compactMap(\.int) ?? []
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else { throw fault(state.name, "\(shape) is no shape") }
      count = product
    }
    let codes = try bytes(part(name), name)
    guard shape.count == json["shape"]?.array?.count, !shape.isEmpty,
      codes.count == count / 2 + count % 2
    else { throw fault(name, "\(codes.count) bytes do not hold the numbers of \(shape)") }
    let scales = try scales(name, json, count, part)
    let block = json["blocksize"]?.int ?? 64
    let table = try values(part(name + ".quant_map"), name + ".quant_map")
    guard table.count == 16 else { throw fault(name + ".quant_map", "16 values are expected") }
    let result = Tensor.empty(shape, dtype: .float32)
    result.withMutableBytes { memory in
      let out = memory.bindMemory(to: Float.self)
      for i in 0..<count {
        let code = i & 1 == 0 ? codes[i >> 1] >> 4 : codes[i >> 1] & 15
        out[i] = table[Int(code)] * scales[i / block]
      }
    }
    return result
  }

  /// The scale of each block.
  private func scales(
    _ name: String, _ state: JSONValue, _ count: Int, _ part: (String) -> Entry?
  ) throws -> [Float] {
    func blocks(_ field: String, _ usual: Int, of count: Int) throws -> Int {
      let size = state[field]?.int ?? usual
      guard size > 0 else { throw fault(name, "\(field) is \(size)") }
      return count / size + (count % size > 0 ? 1 : 0)
    }
    let number = try blocks("blocksize", 64, of: count)
    let absmax = name + ".absmax"
    let result: [Float]
    if let size = state["nested_blocksize"]?.int {
      let groups = try blocks("nested_blocksize", 256, of: number)
      let codes = try bytes(part(absmax), absmax)
      let table = try values(part(name + ".nested_quant_map"), name + ".nested_quant_map")
      let wide = try values(part(name + ".nested_absmax"), name + ".nested_absmax")
      let offset = Float(state["nested_offset"]?.double ?? 0)
      guard table.count == 256, wide.count == groups else {
        throw fault(name + ".nested_absmax", "\(wide.count) scales, not \(groups)")
      }
      guard codes.count == number else {
        throw fault(absmax, "\(codes.count) scales, not \(number)")
      }
      result = codes.enumerated().map { table[Int($1)] * wide[min($0 / size, groups - 1)] + offset }
    } else {
      result = try values(part(absmax), absmax)
    }
    guard result.count == number else {
      throw fault(absmax, "\(result.count) scales, not \(number)")
    }
    return result
  }

  /// 8 bits a number and a scale for each row.
  private func rows(
    _ name: String, scales: StoredTensor, _ part: (String) -> Entry?
  ) throws -> Tensor {
    guard let entry = part(name) else { throw fault(name, "the tensor is missing") }
    guard entry.tensor.dtype == .int8, entry.tensor.shape.count == 2,
      entry.tensor.shape[0] == scales.shape.first, scales.shape.count == 1
    else { throw fault(name, "\(entry.tensor.shape) bytes do not fit scales of \(scales.shape)") }
    let shape = entry.tensor.shape
    let factors = try values((scales, entry.file), scales.name)
    let result = Tensor.empty(shape, dtype: .float32)
    let codes = [UInt8](entry.tensor.bytes)
    result.withMutableBytes { memory in
      let out = memory.bindMemory(to: Float.self)
      for i in 0..<out.count {
        out[i] = Float(Int8(bitPattern: codes[i])) * factors[i / shape[1]] / 127
      }
    }
    return result
  }
}
