import Foundation
import NN
import Optimizers
import Tensors

/// `optimizers.json` beside `optimizers.safetensors`: parameters after each step.
struct OptimizerSuite: Suite {
  private let cases: [Case]
  private let tensors: TensorFile

  private struct Case: Decodable {
    let id: Int
    let optimizer: String
    let kwargs: [String: Form]
    let params: Int
    let steps: Int
  }

  init(_ url: URL) throws {
    struct File: Decodable { let cases: [Case] }
    let url = url.file("optimizers.json")
    cases = try JSONDecoder().decode(File.self, from: url.unpacked()).cases
    tensors = try TensorFile(url.deletingPathExtension().appendingPathExtension("safetensors"))
  }

  var units: [String] { Set(cases.map(\.optimizer)).sorted() }

  func checks(of unit: String) throws -> [Check] {
    cases.filter { $0.optimizer == unit }.map { item in
      Check(id: "\(item.id)") { try check(item) }
    }
  }

  private func check(_ item: Case) throws {
    let parameters = try (0..<item.params).map {
      Parameter(try tensors.tensor("\(item.id).param.\($0)"))
    }
    let options = try item.kwargs.mapValues { form in
      try form.value { key, _ in throw Unsupported("a tensor, \(key), as an option") }.option
    }
    guard
      let optimizer = Optimizer.named(
        item.optimizer, [ParameterGroup(parameters)], options: options)
    else { throw Unsupported("optimizer \(item.optimizer)") }
    for step in 0..<item.steps {
      if optimizer is LBFGS {
        let goals = try (0..<item.params).map { try tensors.tensor("\(item.id).grad.0.\($0)") }
        optimizer.step { quartic(parameters, goals, optimizer) }
      } else {
        for (index, parameter) in parameters.enumerated() {
          parameter.grad = try tensors.tensor("\(item.id).grad.\(step).\(index)")
        }
        optimizer.step()
      }
      for (index, parameter) in parameters.enumerated() {
        try Comparison.check(
          parameter.value.detach(), try tensors.tensor("\(item.id).after.\(step).\(index)"),
          "parameter \(index) after step \(step)", Tolerance.outputs)
      }
    }
  }

  /// Σ(p - goal)⁴ with its gradients.
  private func quartic(
    _ parameters: [Parameter], _ goals: [Tensor], _ optimizer: Optimizer
  ) -> Tensor {
    optimizer.zeroGrad()
    let loss = zip(parameters, goals).reduce(Tensor(0.0)) { sum, pair in
      sum + (pair.0.value - pair.1).square().square().sum()
    }
    loss.backward()
    return loss
  }
}

extension Value {
  /// The value as an optimizer's or a schedule's option.
  fileprivate var option: OptionValue {
    get throws {
      switch self {
      case .int(let value): .int(value)
      case .double(let value): .double(value)
      case .bool(let value): .bool(value)
      case .string(let value): .string(value)
      case .none: .null
      case .list(let values): .list(try values.map { try $0.option })
      case .tensor, .dtype, .slice, .ellipsis: throw Unsupported("a \(form) as an option")
      }
    }
  }
}
