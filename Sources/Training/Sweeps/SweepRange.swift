import Base
import Foundation
import Settings
import Tensors

/// The values that a sweep gives a key.
///
/// ```yaml
/// optimizer.name: [adamw, sgd]                 # choice
/// model.hidden: {choice: [32, 64]}             # the same
/// model.dropout: {uniform: [0, 0.5]}
/// optimizer.lr: {log_uniform: [1e-4, 1e-1]}
/// batch_size: {int: [16, 64]}                  # with both ends; {int: [16, 64], step: 16}
/// ```
enum SweepRange: Equatable {
  /// One of several, each as it is written.
  case choice([String])
  /// A number between two, each as likely.
  case uniform(Double, Double)
  /// A number between two whose logarithm is evenly spread.
  case logUniform(Double, Double)
  /// A whole number of a row from the first to at most the last.
  case int(Int, Int, step: Int)

  /// Reads what is written for a key.
  init(_ node: ConfigurationNode, of key: String) throws(ConfigurationError) {
    let path = "space.\(key)"
    func wrong(_ node: ConfigurationNode, _ expected: String) -> ConfigurationError {
      .wrongType(path, node.place, expected: expected, given: node.asGiven)
    }
    func choices(_ node: ConfigurationNode) throws(ConfigurationError) -> SweepRange {
      guard case .list(let values) = node.content, !values.isEmpty else {
        throw wrong(node, "a list of values")
      }
      return .choice(values.map(\.yamlInline))
    }
    if case .list = node.content {
      self = try choices(node)
      return
    }
    let form =
      "a list of values, or one of {choice: […]}, {uniform: […]}, {log_uniform: […]}, {int: […]}"
    guard let entries = node.entries, let first = entries.first(where: { $0.key != "step" }),
      entries.count == 1 || (entries.count == 2 && first.key == "int")
    else { throw wrong(node, form) }
    func bounds() throws(ConfigurationError) -> (Double, Double) {
      guard let numbers = [Double].read(first.node), numbers.count == 2, numbers[0] <= numbers[1]
      else { throw wrong(first.node, "the least and the largest number, as in [0.1, 0.5]") }
      return (numbers[0], numbers[1])
    }
    switch first.key {
    case "choice": self = try choices(first.node)
    case "uniform":
      let (low, high) = try bounds()
      self = .uniform(low, high)
    case "log_uniform":
      let (low, high) = try bounds()
      guard low > 0 else {
        throw .outOfRange(
          path, first.node.place, allowed: "above 0, as logarithms need",
          given: first.node.yamlInline)
      }
      self = .logUniform(low, high)
    case "int":
      guard let numbers = [Int].read(first.node), numbers.count == 2, numbers[0] <= numbers[1],
        !numbers[1].subtractingReportingOverflow(numbers[0]).overflow
      else { throw wrong(first.node, "the least and the largest whole number, as in [16, 64]") }
      var step = 1
      if let node = entries.first(where: { $0.key == "step" })?.node {
        guard let number = Int.read(node), number > 0 else {
          throw wrong(node, "a step of at least 1")
        }
        step = number
      }
      self = .int(numbers[0], numbers[1], step: step)
    default: throw wrong(node, form)
    }
  }

  /// How many values there are; nil for a whole range of numbers.
  var count: Int? {
    switch self {
    case .choice(let values): values.count
    case .int(let low, let high, let step): (high - low) / step + 1
    default: nil
    }
  }

  /// The value at a place of those that can be counted.
  subscript(place: Int) -> String {
    switch self {
    case .choice(let values): values[place]
    case .int(let low, _, let step): String(low + place * step)
    case .uniform(let low, _), .logUniform(let low, _): String(low)
    }
  }

  /// A value at random.
  func draw(_ generator: Generator) -> String {
    // Every value takes one draw, so that a range which grows leaves the others' values alone.
    let share = Tensor.uniform([1], from: 0, to: 1, dtype: .float64, generator: generator).item(
      Double.self)
    if let count { return self[min(count - 1, Int(Double(count) * share))] }
    let value: Double
    switch self {
    case .uniform(let low, let high): value = low + (high - low) * share
    case .logUniform(let low, let high): value = exp(log(low) + (log(high) - log(low)) * share)
    case .choice, .int: value = 0
    }
    // As many digits as people read; the shortest that are those.
    return "\(Double(String(format: "%.6g", value)) ?? value)"
  }
}
