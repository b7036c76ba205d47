import Models
import Tensors

/// Sums of losses and figures with the number of records, to be added up over batches and ranks.
package struct FigureSums {
  /// Whether figures are means over targets.
  private let countsTargets: Bool
  private var names: [String] = ["loss"]
  private var sums: [Double] = [0]
  private var records = 0.0
  private var targets = 0.0

  package init(countsTargets: Bool) { self.countsTargets = countsTargets }

  /// Adds the output of a part with so many records, and targets where these are counted.
  package mutating func add(_ output: StepOutput, records count: Int, targets: Int?) {
    // A rank without records still has the same names as the others.
    if names.count == 1 {
      names += output.sums.map(\.name)
      sums += output.sums.map { _ in 0 }
    }
    guard count > 0 else { return }
    sums[0] += output.loss.item() * (targets == nil ? Double(count) : 1)
    for (index, sum) in output.sums.enumerated() { sums[index + 1] += sum.value.item() }
    records += Double(count)
    self.targets += Double(targets ?? 0)
  }

  /// The numbers that are added up over ranks.
  package var vector: [Double] { [records, targets] + sums }

  /// The figures of a vector that was added up over ranks; nil where they would be means over
  /// nothing.
  package func figures(_ vector: [Double]) -> Figures? {
    let total = vector[countsTargets ? 1 : 0]
    guard total > 0 else { return nil }
    var figures = Figures(
      records: Int(vector[0]),
      values: zip(names, vector.dropFirst(2)).map { ($0, $1 / total) })
    if countsTargets { figures.targets = Int(total) }
    return figures
  }

  /// What a step without any target has: nothing was learnt, and nothing is wrong.
  package func empty(_ vector: [Double]) -> Figures {
    var figures = Figures(records: Int(vector[0]), values: names.map { ($0, 0) })
    figures.targets = 0
    return figures
  }
}
