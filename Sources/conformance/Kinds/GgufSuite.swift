import Base
import Checkpoints
import Foundation
import Tensors
import Transformers

/// GGUF's block formats and a small file: `gguf/cases.json` with `cases.safetensors` and the file that
/// it names. Units are the formats (bytes to numbers, and numbers to bytes where they are written), the
/// file, which is also written again, and folders with a `model.gguf` and its logits.
struct GgufSuite: Suite {
  private let folder: URL
  private let json: JSONValue
  private let tensors: TensorFile
  let units: [String]

  init(path: URL) throws {
    let url = path.file("cases.json")
    folder = url.deletingLastPathComponent()
    json = try JSONValue(url)
    tensors = try TensorFile(folder.file("cases.safetensors"))
    let types = json["types"]?.array?.compactMap { $0["type"]?.string } ?? []
    let models = (try? CaseFolder.folders(folder, with: "model.gguf").names) ?? []
    units = types + [json["file"]?["name"]?.string].compactMap { $0 } + models
    guard !units.isEmpty else { throw RunnerError("\(url.path) names no types") }
  }

  func checks(of unit: String) throws -> [Check] {
    if unit == json["file"]?["name"]?.string { return fileChecks(unit) }
    let model = folder.appendingPathComponent(unit)
    if FileManager.default.fileExists(atPath: model.file("model.gguf").path) {
      return [Check(id: "model") { try checkModel(model) }]
    }
    let keys = Set(tensors.keys)
    let pairs = [("random_bytes", "random_values"), ("bytes", "values")]
    var checks = pairs.filter { keys.contains("\(unit).\($0.0)") }.map { bytes, values in
      Check(id: values) { try checkReading(unit, bytes, values) }
    }
    if keys.contains("\(unit).x") { checks.append(Check(id: "x") { try checkWriting(unit) }) }
    return checks
  }

  private func type(_ name: String) throws -> GGUFType {
    guard let type = GGUFType.allCases.first(where: { $0.name == name.uppercased() }) else {
      throw Unsupported("the type \(name)")
    }
    return type
  }

  /// The logits of a model in a file, loaded and saved and loaded again.
  private func checkModel(_ folder: URL) throws {
    let cases = try TensorFile(folder.file("cases.safetensors"))
    let copy = FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-\(UUID().uuidString).gguf")
    defer { try? FileManager.default.removeItem(at: copy) }
    func check(_ path: String) throws -> PretrainedModel {
      let model = try Pretrained.load(path)
      guard let labelled = model as? any LabelledModel else { throw Mismatch("it has no logits") }
      let inputs = ModelInputs(inputIds: try cases.tensor("input_ids"))
      try Comparison.check(
        noGrad { labelled(inputs, labels: nil).logits }, try cases.tensor("output"), "output",
        Tolerance.outputs)
      return model
    }
    try check(folder.file("model.gguf").path).saveGGUF(copy.path, type: .f32)
    _ = try check(copy.path)
  }

  private func checkReading(_ unit: String, _ bytes: String, _ values: String) throws {
    let type = try type(unit)
    let (blocks, expected) = (
      try tensors.tensor("\(unit).\(bytes)"), try tensors.tensor("\(unit).\(values)")
    )
    let entry = GGUFFile.Entry(
      name: unit, type: type, shape: expected.shape, bytes: Data(blocks.array(of: UInt8.self)))
    guard blocks.count * type.blockSize == expected.count * type.blockBytes else {
      throw Mismatch("\(blocks.count) bytes are not \(expected.count) numbers")
    }
    try Comparison.check(entry.tensor(), expected, values, Tolerance.outputs)
  }

  private func checkWriting(_ unit: String) throws {
    let type = try type(unit)
    guard type.isWritable else { throw Unsupported("writing \(unit)") }
    let bytes = try tensors.tensor("\(unit).bytes").array(of: UInt8.self)
    let x = try tensors.tensor("\(unit).x")
    try withFile([("x", x, type)]) { file in
      guard let written = file.tensor("x") else { throw Mismatch("the tensor was not written") }
      guard let place = zip(written.bytes, bytes).enumerated().first(where: { $1.0 != $1.1 }) else {
        return
      }
      throw Mismatch("byte \(place.offset): expected \(place.element.1), got \(place.element.0)")
    }
  }

  private func fileChecks(_ name: String) -> [Check] {
    [
      Check(id: "tensors") { try check(try GGUFFile(path: folder.file(name).path)) },
      Check(id: "written again") {
        let file = try GGUFFile(path: folder.file(name).path)
        let tensors = file.tensors.map { ($0.name, $0.tensor(), $0.type) }
        try withFile(tensors, metadata: file.metadata) { copy in
          try check(copy)
          for (a, b) in zip(copy.metadata, file.metadata) where a.key != b.key || a.value != b.value
          {
            throw Mismatch("\(b.key): \(a.value), not \(b.value)")
          }
          guard copy.metadata.count == file.metadata.count else {
            throw Mismatch("metadata is lost")
          }
        }
      },
    ]
  }

  private func check(_ file: GGUFFile) throws {
    for member in json["file"]?["tensors"]?.members ?? [] {
      guard let entry = file.tensor(member.name) else {
        throw Mismatch("there is no \(member.name)")
      }
      guard entry.type.name == member.value.string else {
        throw Mismatch("\(member.name) is \(entry.type.name)")
      }
      try Comparison.check(
        entry.tensor().to(.float32), try tensors.tensor("file.\(member.name)"), member.name,
        Tolerance.outputs)
    }
  }

  private func withFile(
    _ tensors: [(name: String, tensor: Tensor, type: GGUFType)],
    metadata: [(key: String, value: GGUFValue)] = [], _ body: (GGUFFile) throws -> Void
  ) throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-\(UUID().uuidString).gguf")
    defer { try? FileManager.default.removeItem(at: url) }
    try GGUFWriter.write(tensors, metadata: metadata, to: url.path)
    try body(try GGUFFile(path: url.path))
  }
}
