import Optimizers
import Settings

extension FineTuningConfiguration.Task {
  /// The figures of an evaluation by which the best model can be chosen.
  func figureNames(writes: Bool) -> [String] {
    switch self {
    case .textClassification: ["loss", "accuracy", "f1_macro", "matthews", "f1"]
    case .multiLabel: ["loss", "f1_micro", "f1_macro", "accuracy"]
    case .regression: ["loss", "pearson", "spearman", "mse"]
    case .questionAnswering: ["loss", "exact_match", "f1"]
    case .tokenClassification: ["loss", "precision", "recall", "f1", "accuracy"]
    case .maskedLM, .causalLM: ["loss", "perplexity"]
    case .seq2seq:
      ["loss", "perplexity"]
        + (writes ? ["rouge1", "rouge2", "rougeL", "rougeLsum", "bleu", "gen_len"] : [])
    }
  }
}

extension FineTuningConfiguration {
  /// What does not go together. All of it is known before anything is loaded.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    lengthConflicts + lossConflicts + evaluationConflicts
      + [distributed.shortage(ofRecords: batchSize)].compactMap { $0 }
  }

  private var lengthConflicts: [(key: String, problem: String, remedy: String)] {
    if epochs == nil, steps == nil {
      return [("epochs", "the run would never end", "set epochs, steps, or both")]
    }
    if task == .questionAnswering, docStride + 3 >= maxLength {
      return [
        (
          "doc_stride", "windows of \(maxLength) tokens cannot have \(docStride) in common",
          "set it to a third of max_length"
        )
      ]
    }
    if packing, task != .causalLM, task != .maskedLM {
      return [("packing", "\(task.rawValue) needs each record by itself", "set it to false")]
    }
    if task == .seq2seq, data.target == nil {
      return [("data.target", "nothing says what is to be written", "name the field")]
    }
    return []
  }

  private var lossConflicts: [(key: String, problem: String, remedy: String)] {
    if betas.count != 2 {
      return [("betas", "two numbers are expected", "set it as in betas: [0.9, 0.999]")]
    }
    if TransformersLR.Kind(rawValue: schedule) == nil {
      let known = TransformersLR.Kind.allCases.map(\.rawValue).joined(separator: ", ")
      return [("schedule", "there is no schedule \(schedule)", "name one of \(known)")]
    }
    if labelSmoothing > 0, task == .regression || task == .multiLabel {
      return [("label_smoothing", "\(task.rawValue) has no classes to share out", "set it to 0")]
    }
    if distributed.syncBatchNorm {
      return [
        ("distributed.sync_batch_norm", "models of text have no batch norms", "set it to false")
      ]
    }
    return []
  }

  private var evaluationConflicts: [(key: String, problem: String, remedy: String)] {
    if predictWithGenerate, task != .seq2seq {
      return [
        ("predict_with_generate", "only seq2seq writes texts to compare", "set it to false")
      ]
    }
    let names = task.figureNames(writes: predictWithGenerate)
    if let metric, !names.contains(metric) {
      let all = task.figureNames(writes: true).contains(metric)
      return [
        (
          "metric", "evaluations of \(task.rawValue) have no \(metric)",
          all
            ? "set predict_with_generate: true"
            : "name one of \(names.joined(separator: ", "))"
        )
      ]
    }
    if data.validation == nil, metric != nil || patience != nil {
      return [
        (
          metric == nil ? "patience" : "metric", "there are no records to judge by",
          "set data.validation, or leave \(metric == nil ? "patience" : "metric") out"
        )
      ]
    }
    return []
  }
}
