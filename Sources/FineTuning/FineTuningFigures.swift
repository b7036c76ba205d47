import Collectives
import Foundation
import Metrics
import Tensors
import TextTasks
import Training
import Transformers

/// What an evaluation knows of the records so far: sums and states that merge over workers.
struct FineTuningFigures: MergeableMetric {
  private var loss = Perplexity()
  private var records = 0
  private var classes = ConfusionMatrix()
  private var several = MultiLabelCounts()
  private var numbers = PairedValues()
  private var entities = EntityScores()
  private var windows: [AnswerSearch.Window] = []
  private var written = WrittenScores()

  /// Adds a batch.
  /// - Parameter indices: The records' places among all of them.
  mutating func add(
    _ scores: TextObjective.Scores, loss: Double, _ batch: TextBatch, indices: [Int],
    _ task: FineTuningTask, _ split: FineTuningTask.Split
  ) {
    self.loss.add(loss: loss, tokens: task.objective.count(batch))
    records += indices.count
    windows += Self.windows(scores, indices, task, split)
    guard case .logits(let logits) = scores, let labels = batch["labels"] else { return }
    noGrad {
      switch task.configuration.task {
      case .textClassification:
        classes.add(
          labels: labels.array(of: Int.self),
          predictions: logits.argmax(dim: -1).array(of: Int.self))
      case .regression:
        numbers.add(
          labels: labels.to(.float64).flattened().array(of: Double.self),
          predictions: logits.to(.float64).flattened().array(of: Double.self))
      case .multiLabel:
        let width = logits.shape[1]
        let truths = labels.ne(0).array(of: Bool.self)
        let guesses = logits.gt(0).array(of: Bool.self)
        for row in 0..<logits.shape[0] {
          let range = (row * width)..<((row + 1) * width)
          several.add(labels: Array(truths[range]), predictions: Array(guesses[range]))
        }
      case .tokenClassification: addTags(logits, labels, task.labels)
      case .maskedLM, .causalLM, .seq2seq, .questionAnswering: break
      }
    }
  }

  /// What a batch's windows of contexts tell of answers.
  static func windows(
    _ scores: TextObjective.Scores, _ indices: [Int], _ task: FineTuningTask,
    _ split: FineTuningTask.Split
  ) -> [AnswerSearch.Window] {
    guard case .answers(let start, let end) = scores, let answers = split.answers else { return [] }
    let (starts, ends) = noGrad { (start.to(.float32), end.to(.float32)) }
    let width = start.shape[1]
    let (first, last) = (starts.array(of: Float.self), ends.array(of: Float.self))
    return indices.enumerated().map { row, index in
      let window = answers.window(index)
      // Padding may stand on either side.
      let offset = task.tokenizer.paddingSide == .left ? width - window.offsets.count : 0
      let range = (row * width + offset)..<(row * width + offset + window.offsets.count)
      return task.configuration.search.search(
        index, window, starts: Array(first[range]), ends: Array(last[range]))
    }
  }

  private mutating func addTags(_ logits: Tensor, _ labels: Tensor, _ names: LabelNames) {
    let guesses = logits.argmax(dim: -1).array(of: Int.self)
    let all = labels.array(of: Int.self)
    let width = labels.shape[1]
    for row in 0..<labels.shape[0] {
      let places = ((row * width)..<((row + 1) * width)).filter { all[$0] != HeadLoss.ignored }
      entities.add(
        labels: places.map { names.names[all[$0]] },
        predictions: places.map { names.names[guesses[$0]] })
    }
  }

  /// Adds texts that the model wrote.
  mutating func add(written texts: [String], references: [String], lengths: [Int]) {
    written.add(texts, references, lengths)
  }

  mutating func merge(_ other: FineTuningFigures) {
    loss.merge(other.loss)
    records += other.records
    classes.merge(other.classes)
    several.merge(other.several)
    numbers.merge(other.numbers)
    entities.merge(other.entities)
    windows += other.windows
    written.merge(other.written)
  }

  /// The figures of a task, the loss first.
  func figures(_ task: FineTuningTask, _ split: FineTuningTask.Split) -> Figures {
    Figures(records: records, targets: loss.tokens, values: values(task, split))
  }

  private func values(
    _ task: FineTuningTask, _ split: FineTuningTask.Split
  ) -> [(name: String, value: Double)] {
    let mean = loss.tokens == 0 ? .nan : loss.loss / Double(loss.tokens)
    var figures: [(name: String, value: Double)] = [("loss", mean)]
    switch task.configuration.task {
    case .textClassification:
      figures += [
        ("accuracy", classes.accuracy), ("f1_macro", classes.f1(.macro)),
        ("matthews", classes.matthews),
      ]
      if task.labels.count <= 2 { figures.append(("f1", classes.f1())) }
    case .regression:
      figures += [
        ("pearson", numbers.pearson), ("spearman", numbers.spearman),
        ("mse", numbers.meanSquaredError),
      ]
    case .multiLabel:
      figures += [
        ("f1_micro", several.f1(.micro)), ("f1_macro", several.f1(.macro)),
        ("accuracy", several.accuracy),
      ]
    case .tokenClassification:
      figures += [
        ("precision", entities.precision()), ("recall", entities.recall()), ("f1", entities.f1()),
        ("accuracy", entities.accuracy),
      ]
    case .questionAnswering:
      var scores = SquadScores()
      if let answers = split.answers {
        // Not every question was looked at where only some batches were.
        let asked = Set(windows.map { answers.record(ofWindow: $0.index) })
        let found = task.configuration.search.answers(answers, windows)
        for (index, (record, answer)) in zip(answers.records, found).enumerated()
        where asked.contains(index) {
          scores.add(prediction: answer, references: record.answers.map(\.text))
        }
      }
      // In hundredths, as SQuAD's own program tells them.
      figures += [("exact_match", 100 * scores.exactMatch), ("f1", 100 * scores.f1)]
    case .maskedLM, .causalLM: figures.append(("perplexity", exp(mean)))
    case .seq2seq:
      figures.append(("perplexity", exp(mean)))
      if task.configuration.predictWithGenerate { figures += written.values }
    }
    return figures
  }
}

/// What is known of texts that a model wrote.
struct WrittenScores: MergeableMetric {
  private var rouge = RougeScores()
  private var bleu = BleuScore()
  private var tokens = 0

  mutating func add(_ texts: [String], _ references: [String], _ lengths: [Int]) {
    for (text, reference) in zip(texts, references) {
      rouge.add(prediction: text, reference: reference)
      bleu.add(prediction: text, references: [reference])
    }
    tokens += lengths.reduce(0, +)
  }

  mutating func merge(_ other: WrittenScores) {
    rouge.merge(other.rouge)
    bleu.merge(other.bleu)
    tokens += other.tokens
  }

  /// ROUGE from 0 to 1, BLEU in hundredths as sacreBLEU tells it, and the mean number of tokens.
  var values: [(name: String, value: Double)] {
    [
      ("rouge1", rouge.rouge1), ("rouge2", rouge.rouge2), ("rougeL", rouge.rougeL),
      ("rougeLsum", rouge.rougeLsum), ("bleu", 100 * bleu.score(.exponential)),
      ("gen_len", rouge.count == 0 ? 0 : Double(tokens) / Double(rouge.count)),
    ]
  }
}

extension FineTuningConfiguration {
  /// How answers are found.
  var search: AnswerSearch {
    var search = AnswerSearch()
    search.nBestSize = nBestSize
    search.maxAnswerLength = maxAnswerLength
    search.mayBeNone = version2WithNegative
    search.nullThreshold = nullScoreDiffThreshold
    return search
  }
}
