import Base
import Foundation
import Metrics

/// Labels and predictions with what scikit-learn, SciPy and the GLUE and SQuAD scripts say of them:
/// `metrics/cases.json`. Every case is also divided among three workers and merged.
struct MetricSuite: Suite {
  private let cases: [JSONValue]

  init(_ path: URL) throws { cases = try CaseList.read(path.file("cases.json")) }

  var units: [String] { Set(cases.compactMap { $0["task"]?.string }).sorted() }

  func checks(of unit: String) throws -> [Check] {
    cases.enumerated().filter { $1["task"]?.string == unit }.map { number, item in
      Check(id: "\(number)") {
        for workers in [1, 3] { try check(item, workers) }
      }
    }
  }

  /// What the case says that is no figure.
  private static let inputs: Set = [
    "task", "labels", "predictions", "scores", "gold", "golds", "prediction", "note", "label", "id",
    "references", "losses", "tokens",
  ]

  private func check(_ item: JSONValue, _ workers: Int) throws {
    let figures = try Self.figures(item, workers)
    for member in item.members ?? [] where !Self.inputs.contains(member.name) {
      if member.name == "confusion" {
        let rows = (member.value.array ?? []).map { $0.ints ?? [] }
        try Expectation.equal("confusion", try Self.confusion(item, workers).counts, rows)
        continue
      }
      guard let got = figures[member.name] else { throw Unsupported("the figure \(member.name)") }
      let expected = member.value.double ?? .nan
      guard
        got == expected || abs(got - expected) <= 1e-9 + 1e-7 * abs(expected)
          || got.isNaN && expected.isNaN
      else {
        throw Mismatch("\(member.name) over \(workers): expected \(expected), got \(got)")
      }
    }
  }

  private static func parts<Value>(_ values: [Value], _ workers: Int) -> [[Value]] {
    (0..<workers).map { worker in
      values.enumerated().filter { $0.offset % workers == worker }.map(\.element)
    }
  }

  private static func merged<State: MergeableMetric>(_ states: [State]) throws -> State {
    guard let state = states.merged() else { throw RunnerError("there are no workers") }
    return state
  }

  private static func confusion(_ item: JSONValue, _ workers: Int) throws -> ConfusionMatrix {
    let labels = parts(item["labels"]?.ints ?? [], workers)
    let predictions = parts(item["predictions"]?.ints ?? [], workers)
    return try merged(
      zip(labels, predictions).map { labels, predictions in
        var state = ConfusionMatrix()
        state.add(labels: labels, predictions: predictions)
        return state
      })
  }

  private static func paired(
    _ item: JSONValue, _ name: String, _ workers: Int
  ) throws -> PairedValues {
    func numbers(_ name: String) -> [Double] { (item[name]?.array ?? []).compactMap(\.double) }
    return try merged(
      zip(parts(numbers("labels"), workers), parts(numbers(name), workers))
        .map { labels, predictions in
          var state = PairedValues()
          state.add(labels: labels, predictions: predictions)
          return state
        })
  }

  private static func figures(_ item: JSONValue, _ workers: Int) throws -> [String: Double] {
    switch item["task"]?.string {
    case "classification":
      let state = try confusion(item, workers)
      var figures = ["accuracy": state.accuracy, "matthews": state.matthews]
      let averages: [(String, Average)] = [
        ("binary", .binary()), ("macro", .macro), ("micro", .micro), ("weighted", .weighted),
      ]
      for (name, average) in averages {
        figures["f1_\(name)"] = state.f1(average)
        figures["precision_\(name)"] = state.precision(average)
        figures["recall_\(name)"] = state.recall(average)
      }
      if item["scores"] != nil {
        let ranking = try paired(item, "scores", workers)
        figures["roc_auc"] = ranking.rocAUC
        figures["average_precision"] = ranking.averagePrecision
      }
      return figures
    case "regression":
      let state = try paired(item, "predictions", workers)
      return [
        "pearson": state.pearson, "spearman": state.spearman, "mse": state.meanSquaredError,
        "mae": state.meanAbsoluteError, "r2": state.r2,
      ]
    case "squad":
      let golds = item["golds"]?.strings ?? [item["gold"]?.string ?? ""]
      var states = [SquadScores](repeating: SquadScores(), count: workers)
      states[workers - 1].add(prediction: item["prediction"]?.string ?? "", references: golds)
      let state = try merged(states)
      return ["exact": state.exactMatch, "exact_match": state.exactMatch, "f1": state.f1]
    case "multi_label", "entities", "rouge", "bleu", "perplexity":
      return try moreFigures(item, workers)
    case let task: throw Unsupported("the task \(task ?? "without a name")")
    }
  }

  /// States of which each worker adds its own records.
  private static func dealt<State: MergeableMetric>(
    _ count: Int, _ workers: Int, _ empty: State, _ add: (inout State, Int) -> Void
  ) throws -> State {
    try merged(
      parts(Array(0..<count), workers).map { records in
        records.reduce(into: empty) { add(&$0, $1) }
      })
  }

  private static func averages(
    _ precision: (Average) -> Double, _ recall: (Average) -> Double, _ f1: (Average) -> Double
  ) -> [String: Double] {
    var figures: [String: Double] = [:]
    for (name, average) in [("macro", Average.macro), ("micro", .micro), ("weighted", .weighted)] {
      figures["precision_\(name)"] = precision(average)
      figures["recall_\(name)"] = recall(average)
      figures["f1_\(name)"] = f1(average)
    }
    return figures
  }

  private static func moreFigures(_ item: JSONValue, _ workers: Int) throws -> [String: Double] {
    let predictions = item["predictions"]?.array ?? []
    let labels = item["labels"]?.array ?? []
    let references = item["references"]?.array ?? []
    switch item["task"]?.string {
    case "multi_label":
      func flags(_ json: JSONValue) -> [Bool] { (json.ints ?? []).map { $0 != 0 } }
      let state = try dealt(labels.count, workers, MultiLabelCounts()) {
        $0.add(labels: flags(labels[$1]), predictions: flags(predictions[$1]))
      }
      return averages(state.precision, state.recall, state.f1).merging(
        ["accuracy": state.accuracy]) { $1 }
    case "entities":
      let state = try dealt(labels.count, workers, EntityScores()) {
        $0.add(labels: labels[$1].strings ?? [], predictions: predictions[$1].strings ?? [])
      }
      return averages(state.precision, state.recall, state.f1).merging(
        ["accuracy": state.accuracy]) { $1 }
    case "rouge":
      let state = try dealt(predictions.count, workers, RougeScores()) {
        $0.add(prediction: predictions[$1].string ?? "", reference: references[$1].string ?? "")
      }
      return [
        "rouge1": state.rouge1, "rouge2": state.rouge2, "rougeL": state.rougeL,
        "rougeLsum": state.rougeLsum,
      ]
    case "bleu":
      let state = try dealt(predictions.count, workers, BleuScore()) {
        $0.add(prediction: predictions[$1].string ?? "", references: references[$1].strings ?? [])
      }
      return [
        "bleu": state.score(), "bleu_exponential": state.score(.exponential),
        "brevity_penalty": state.brevityPenalty, "precision_1": state.precisions()[0],
      ]
    default:
      let losses = (item["losses"]?.array ?? []).compactMap(\.double)
      let tokens = item["tokens"]?.ints ?? []
      return [
        "perplexity": try dealt(losses.count, workers, Perplexity()) {
          $0.add(loss: losses[$1], tokens: tokens[$1])
        }.value
      ]
    }
  }
}
