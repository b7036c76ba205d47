import Foundation
import Settings
import Tensors

/// A figure by which runs can be judged beside their loss, under the name by which configurations
/// call it: a mean over records, or over the targets that count.
///
/// ```swift
/// MetricDefinition.register(
///   MetricDefinition("confidence", "the likeliest class's probability", unit: .percent) {
///     outputs, _ in outputs.softmax(dim: -1).max(dim: -1).values.sum()
///   })
/// ```
public struct MetricDefinition: Registrable {
  /// How a figure is shown to people; logs have the number as it is.
  public enum Unit: Sendable {
    /// Four decimals.
    case number
    /// A part of the whole.
    case percent
  }

  /// The metrics that configurations can name.
  public static let registry = Registry<MetricDefinition>("metric", [.accuracy, .top5Accuracy])

  /// Its name and its purpose; it has no keys.
  public let variant: Variant
  /// How it is shown.
  public let unit: Unit
  /// The sum over a batch's records of what is averaged, of the model's outputs and the targets.
  public let sum: @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Tensor

  /// A metric.
  public init(
    _ name: String, _ summary: String, unit: Unit = .number,
    sum: @escaping @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Tensor
  ) {
    variant = Variant(name, summary, NoOptions.self)
    self.unit = unit
    self.sum = sum
  }

  /// How often the likeliest class is the label.
  static let accuracy = MetricDefinition(
    "accuracy", "how often the likeliest class is the label", unit: .percent
  ) { outputs, targets in
    outputs.argmax(dim: -1).eq(targets).sum()
  }

  /// How often the label is among the five likeliest classes.
  static let top5Accuracy = MetricDefinition(
    "top_5_accuracy", "how often the label is among the five likeliest classes", unit: .percent
  ) { outputs, targets in
    let count = min(5, outputs.shape[outputs.shape.count - 1])
    return outputs.topK(count, dim: -1).indices.eq(targets.unsqueezed(-1)).sum()
  }

  /// What people are shown for a figure: `98.89 %`, `0.0256`.
  public static func text(_ name: String, _ value: Double) -> String {
    switch registry[name]?.unit {
    case .percent: String(format: "%.2f %%", value * 100)
    default: String(format: "%.4f", value)
    }
  }
}
