import Tensors

/// What a classifier tells of one record: the likeliest class, and how likely it takes each to be.
package struct ClassPrediction {
  package let number: Int
  package let probabilities: [Float]

  /// Those of logits `[N, classes]`, by softmax in single precision.
  package static func all(of logits: Tensor) -> [ClassPrediction] {
    let width = logits.size(1)
    let shares = logits.to(.float32).softmax(dim: -1)
    let best = shares.argmax(dim: -1).array(of: Int.self)
    let values = shares.flattened().array(of: Float.self)
    return best.enumerated().map { row, number in
      ClassPrediction(
        number: number, probabilities: Array(values[row * width..<(row + 1) * width]))
    }
  }

  /// The values of a line: a class by its name where it has one.
  package func line(classes: [String], label: Int?, withProbabilities: Bool) -> MetricValues {
    func named(_ number: Int) -> MetricValue {
      classes.indices.contains(number) ? .text(classes[number]) : .integer(number)
    }
    var line: MetricValues = [
      "prediction": named(number), "probability": .single(probabilities[number]),
    ]
    if let label { line["label"] = named(label) }
    if withProbabilities {
      line["probabilities"] = .list(probabilities.map { .single($0) })
    }
    return line
  }
}
