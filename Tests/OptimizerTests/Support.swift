import Foundation
import NN
import Optimizers
import Tensors
import Testing

/// The conformance files that PyTorch 2.13 wrote.
enum Golden {
  static func data(_ name: String) throws -> Data {
    let url = try #require(
      Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Conformance"))
    return try Data(contentsOf: url)
  }

  /// A list of cases.
  static func cases(_ name: String) throws -> [OptionValues] {
    let value = try JSONDecoder().decode(OptionValue.self, from: data(name))
    return try #require(value.object?["cases"]?.list).compactMap(\.object)
  }

  /// float32 tensors by key; all that the optimizer cases hold.
  static func tensors(_ name: String) throws -> [String: Tensor] {
    let bytes = try data(name)
    let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONDecoder().decode(
      OptionValue.self, from: bytes.dropFirst(8).prefix(length))
    let body = bytes.dropFirst(8 + length)
    var tensors: [String: Tensor] = [:]
    for (key, entry) in try #require(header.object) where key != "__metadata__" {
      #expect(entry.object?["dtype"] == "F32")
      let offsets = try #require(entry.object?["data_offsets"]?.list).compactMap(\.int)
      let shape = try #require(entry.object?["shape"]?.list).compactMap(\.int)
      let part = body[body.startIndex + offsets[0]..<body.startIndex + offsets[1]]
      let values = part.withUnsafeBytes { buffer in
        (0..<buffer.count / 4).map { buffer.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
      }
      tensors[key] = Tensor(values, shape: shape)
    }
    return tensors
  }
}

/// A keyword argument as the case files have it: `{"float": 0.1}`, `{"list": […]}`.
func plain(_ form: OptionValue) -> OptionValue {
  guard let object = form.object, let (kind, value) = object.first else { return form }
  return kind == "list" ? .list((value.list ?? []).map(plain)) : kind == "none" ? .null : value
}

/// A parameter with a gradient.
func parameter(_ values: [Float], gradient: [Float]? = nil) -> Parameter {
  let parameter = Parameter(Tensor(values))
  parameter.grad = gradient.map { Tensor($0) }
  return parameter
}

/// The bits of a tensor's elements.
func bits(_ tensor: Tensor) -> [UInt64] { tensor.array(of: Double.self).map(\.bitPattern) }

/// The first difference of two tensors past rtol 1e-4 and atol 1e-5.
func difference(_ got: Tensor, _ expected: Tensor) -> String? {
  guard got.shape == expected.shape else { return "shape \(got.shape), not \(expected.shape)" }
  let (a, b) = (got.array(of: Double.self), expected.array(of: Double.self))
  let worst = a.indices.max { abs(a[$0] - b[$0]) < abs(a[$1] - b[$1]) }
  for index in a.indices where !(abs(a[index] - b[index]) <= 1e-5 + 1e-4 * abs(b[index])) {
    let largest = worst.map { abs(a[$0] - b[$0]) } ?? 0
    return "[\(index)]: \(a[index]), not \(b[index]); largest error \(largest)"
  }
  return nil
}
