import Collectives
import Datasets
import Tensors
import TextTasks
import Training
import Transformers

/// What a fine-tuned model tells of each of some records.
struct FineTuningPredictions {
  private let task: FineTuningTask
  private let split: FineTuningTask.Split
  private let withProbabilities: Bool
  private let path: String

  init(
    _ task: FineTuningTask, _ split: FineTuningTask.Split, path: String, _ withProbabilities: Bool
  ) {
    (self.task, self.split, self.path) = (task, split, path)
    self.withProbabilities = withProbabilities
  }

  /// The lines of all ranks on rank 0; every rank takes part.
  func table(
    _ format: PredictionFormat, _ judge: FineTuningJudge, _ group: ProcessGroup
  ) throws -> PredictionTable? {
    var table = PredictionTable(format)
    var windows: [AnswerSearch.Window] = []
    let words = try task.configuration.task == .tokenClassification ? task.words(of: path) : []
    let loader = try judge.loader(split, share: group.rank, of: group.size)
    try noGrad {
      while let batch = try loader.next() {
        guard batch.count > 0 else { continue }
        let content = batch.content
        let scores = task.configuration.precision.computing { task.objective.scores(content) }
        switch scores {
        case .answers:
          windows += FineTuningFigures.windows(scores, batch.indices, task, split)
        case .logits(let logits):
          let rows = lines(logits.to(.float32), content["labels"], batch.indices, words)
          for (index, line) in zip(batch.indices, rows) {
            var whole: MetricValues = ["index": .integer(index)]
            for pair in line.pairs { whole[pair.name] = pair.value }
            table.add(whole, at: index)
          }
        }
      }
    }
    guard task.configuration.task == .questionAnswering else { return try table.gathered(group) }
    guard let all = try group.gather(object: windows, label: "windows"), let answers = split.answers
    else { return nil }
    let found = task.configuration.search.answers(answers, all.flatMap { $0 })
    for (index, (record, answer)) in zip(answers.records, found).enumerated() {
      var line: MetricValues = [
        "index": .integer(index), "id": .text(record.id), "prediction": .text(answer),
      ]
      if !record.answers.isEmpty { line["label"] = .list(record.answers.map { .text($0.text) }) }
      table.add(line, at: index)
    }
    return table
  }

  private func lines(
    _ logits: Tensor, _ labels: Tensor?, _ indices: [Int], _ words: [[String]]
  ) -> [MetricValues] {
    let names = task.labels.names
    // Records without labels have none, or in a table of words stand-ins.
    let known = split.isLabelled ? labels : nil
    switch task.configuration.task {
    case .textClassification:
      let numbers = known?.array(of: Int.self)
      return ClassPrediction.all(of: logits).enumerated().map { row, prediction in
        prediction.line(
          classes: names, label: numbers?[row], withProbabilities: withProbabilities)
      }
    case .regression:
      let told = logits.flattened().array(of: Float.self)
      let wanted = known?.to(.float32).flattened().array(of: Float.self)
      return told.enumerated().map { row, value in
        var line: MetricValues = ["prediction": .single(value)]
        if let wanted { line["label"] = .single(wanted[row]) }
        return line
      }
    case .multiLabel: return tags(logits, known, names)
    default: return wordLines(logits, labels, known != nil, indices, words)
    }
  }

  /// The classes that are likelier than not.
  private func tags(_ logits: Tensor, _ known: Tensor?, _ names: [String]) -> [MetricValues] {
    let width = logits.size(1)
    let shares = logits.sigmoid().flattened().array(of: Float.self)
    let truths = known?.ne(0).flattened().array(of: Bool.self)
    return (0..<logits.size(0)).map { row in
      let own = Array(shares[row * width..<(row + 1) * width])
      // As evaluations count them: logits above 0.
      let told = own.indices.filter { own[$0] > 0.5 }
      var line: MetricValues = [
        "prediction": .list(told.map { .text(names[$0]) }),
        "probability": .list(told.map { .single(own[$0]) }),
      ]
      if let truths {
        line["label"] = .list(
          own.indices.filter { truths[row * width + $0] }.map { .text(names[$0]) })
      }
      if withProbabilities { line["probabilities"] = .list(own.map { .single($0) }) }
      return line
    }
  }

  /// A class for each word; null for words behind the longest length.
  private func wordLines(
    _ logits: Tensor, _ labels: Tensor?, _ areKnown: Bool, _ indices: [Int], _ words: [[String]]
  ) -> [MetricValues] {
    guard let labels else { return indices.map { _ in MetricValues() } }
    let names = task.labels.names
    let width = labels.size(1)
    let all = labels.array(of: Int.self)
    let predictions = ClassPrediction.all(of: logits.reshaped(-1, logits.size(-1)))
    return indices.enumerated().map { row, index in
      // The first token of each word has a label.
      let places = (row * width..<(row + 1) * width).filter { all[$0] != HeadLoss.ignored }
      let cut = [MetricValue](repeating: .null, count: max(0, words[index].count - places.count))
      func list(_ value: (Int) -> MetricValue) -> MetricValue { .list(places.map(value) + cut) }
      var line: MetricValues = [
        "words": .list(words[index].map { .text($0) }),
        "prediction": list { .text(names[predictions[$0].number]) },
        "probability": list { .single(predictions[$0].probabilities[predictions[$0].number]) },
      ]
      if areKnown { line["label"] = list { .text(names[all[$0]]) } }
      return line
    }
  }
}
