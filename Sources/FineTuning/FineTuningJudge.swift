import Collectives
import Datasets
import Tensors
import TextTasks
import Training
import Transformers

/// Judges a model by records, exactly over all workers: each record counts once, and figures are made of
/// what all workers know.
struct FineTuningJudge {
  private let task: FineTuningTask
  private let trainer: Trainer<TextBatch>
  private let group: ProcessGroup

  init(_ task: FineTuningTask, _ trainer: Trainer<TextBatch>, _ group: ProcessGroup) {
    self.task = task
    self.trainer = trainer
    self.group = group
  }

  /// The figures of all records; every rank takes part.
  /// - Parameter maxBatches: Judge by this many global batches only; nil for all.
  func callAsFunction(
    _ split: FineTuningTask.Split, maxBatches: Int? = nil
  ) throws -> Figures {
    guard let figures = try figures(split, maxBatches: maxBatches, unless: nil) else {
      fail("evaluate", "an evaluation that nobody can stop was stopped")
    }
    return figures
  }

  /// The figures of all records, unless somebody asks for the end meanwhile.
  /// - Parameter isAsked: Whether this rank was asked to stop; asked before each batch, and true on one
  ///   rank stops all at the same batch. Nil where nobody can ask.
  /// - Returns: Nil where it was stopped.
  func figures(
    _ split: FineTuningTask.Split, maxBatches: Int?, unless isAsked: (() -> Bool)?
  ) throws -> Figures? {
    try trainer.unlessStopped {
      try trainer.during(.evaluation) { try judge(split, maxBatches, isAsked) }
    }
  }

  private func judge(
    _ split: FineTuningTask.Split, _ maxBatches: Int?, _ isAsked: (() -> Bool)?
  ) throws -> Figures? {
    task.model.eval()
    // One for this rank, or for each virtual worker whose work it does; they meet in one order.
    let workers = task.configuration.virtualWorkers
    let shares = workers?.owned(by: group.rank, of: group.size) ?? group.rank..<group.rank + 1
    var states: [FineTuningFigures] = []
    for share in shares {
      guard
        let state = try judge(
          split, share: share, of: workers?.count ?? group.size, maxBatches, isAsked)
      else { return nil }
      states.append(state)
    }
    if let workers, isAsked != nil {
      // A rank with fewer workers asks as often as the others.
      let most = (0..<group.size).map { workers.owned(by: $0, of: group.size).count }.max() ?? 0
      let batches = try loader(split, share: 0, of: workers.count).batchCount
      for _ in 0..<(most - shares.count) * min(batches, maxBatches ?? batches) {
        if try trainer.agreesToStop(isAsked) { return nil }
      }
    }
    let all =
      group.size > 1
      ? try group.allGather(object: states, label: "figures").flatMap { $0 } : states
    return (all.merged() ?? FineTuningFigures()).figures(task, split)
  }

  /// What one share of the records tells; nil where the evaluation was stopped.
  private func judge(
    _ split: FineTuningTask.Split, share: Int, of shares: Int, _ maxBatches: Int?,
    _ isAsked: (() -> Bool)?
  ) throws -> FineTuningFigures? {
    let loader = try loader(split, share: share, of: shares)
    var state = FineTuningFigures()
    var isStopped = false
    try noGrad {
      while let batch = try loader.next() {
        isStopped = try trainer.agreesToStop(isAsked)
        if isStopped { break }
        // A worker without a record of the batch has a stand-in, which does not count.
        if batch.count > 0 { try add(batch, split, to: &state) }
        if let maxBatches, loader.step >= maxBatches { break }
      }
    }
    return isStopped ? nil : state
  }

  func loader(
    _ split: FineTuningTask.Split, share: Int, of shares: Int
  ) throws -> DataLoader<TextFeature, TextBatch> {
    let configuration = task.configuration
    let batches = LengthBucketSampler(
      lengths: split.features.lengths,
      batchSize: max(configuration.batchSize, shares), shuffle: false,
      seed: UInt64(configuration.seed))
    return DataLoader(
      try task.dataset(split.features), batches: batches, rank: share, worldSize: shares
    ) { try task.collate($0) }
  }

  private func add(
    _ batch: Batch<TextBatch>, _ split: FineTuningTask.Split, to state: inout FineTuningFigures
  ) throws {
    let content = batch.content
    let precision = task.configuration.precision
    let scores = precision.computing { task.objective.scores(content) }
    let loss = precision.computing { task.objective.loss(scores, content) }.item()
    state.add(scores, loss: loss, content, indices: batch.indices, task, split)
    guard task.configuration.predictWithGenerate, let model = task.model as? any GenerativeModel,
      let ids = content["input_ids"]
    else { return }
    let output = try precision.computing {
      try model.generate(
        ids, attentionMask: content["attention_mask"], config: generation(model))
    }
    let tokenizer = task.tokenizer
    func text(_ ids: [Int]) -> String {
      tokenizer.decode(ids.filter { $0 >= 0 }, skipSpecialTokens: true).trimmed
    }
    let padding = tokenizer.padTokenId
    state.add(
      written: output.rows.map(text),
      references: batch.indices.map { text(split.features[$0]["labels"]?.ints ?? []) },
      lengths: output.rows.map { row in row.count { $0 != padding } })
  }

  /// How texts are written: as the folder says, but for what is configured.
  private func generation(_ model: any GenerativeModel) -> GenerationConfig {
    let configuration = task.configuration
    var config = GenerationConfig()
    config.maxLength =
      configuration.generationMaxLength ?? configuration.maxTargetLength ?? task.maxLength
    config.numBeams = configuration.generationNumBeams
    if model.generationConfig.padTokenId == nil { config.padTokenId = task.tokenizer.padTokenId }
    return config
  }
}

extension String {
  /// Without white space at either end.
  fileprivate var trimmed: String {
    var scalars = unicodeScalars[...]
    while let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
    while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
    return String(scalars)
  }
}
