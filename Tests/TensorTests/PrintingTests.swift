import Foundation
import Testing
import Torus

/// Tensors beside how PyTorch prints them (`Golden/printing.py`).
@Suite("Printing")
struct PrintingTests {
  private struct Case: Decodable {
    let shape: [Int]
    let dtype: String
    let text: String
    let values: [Number]?
    /// Start, step and count.
    let ramp: [Double]?
    let grad: String?
  }

  /// A number, or the word for one that is not finite.
  private struct Number: Decodable {
    let double: Double
    let int: Int

    init(from decoder: Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let word = try? container.decode(String.self) {
        (double, int) = (Double(word) ?? .nan, 0)
      } else {
        double = try container.decode(Double.self)
        int = (try? container.decode(Int.self)) ?? 0
      }
    }
  }

  @Test("tensors look as they do in PyTorch")
  func golden() throws {
    let path = Bundle.module.bundleURL.appendingPathComponent("Golden/printing.json")
    let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: path))
    #expect(cases.count > 60)
    for item in cases {
      let printed = try "\(tensor(item))"
      #expect(printed == item.text, "\(item.dtype) \(item.shape)")
    }
  }

  private func tensor(_ item: Case) throws -> Tensor {
    let dtype = try #require(DType.allCases.first { $0.description == item.dtype })
    var x: Tensor
    if let ramp = item.ramp {
      x = Tensor((0..<Int(ramp[2])).map { ramp[0] + ramp[1] * Double($0) }, dtype: .float64)
    } else {
      let values = item.values ?? []
      x =
        dtype == .int64 ? Tensor(values.map(\.int)) : Tensor(values.map(\.double), dtype: .float64)
    }
    x = x.reshaped(item.shape).to(dtype)
    guard let grad = item.grad else { return x }
    x.requiresGrad = true
    switch grad {
    case "leaf": return x
    case "relu": return x.relu()
    case "mul": return x * 2
    case "exp": return x.exp()
    case "sum": return x.sum()
    case "mm": return x.matmul(x.t)
    case "log_softmax": return x.logSoftmax(dim: -1)
    default: throw CocoaError(.featureUnsupported)
    }
  }
}
