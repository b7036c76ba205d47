import Optimizers
import Settings
import Training

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
    originConflicts + lengthConflicts + lossConflicts + evaluationConflicts
      + [
        distributed.shortage(ofRecords: batchSize), distributed.conflict(with: optimizerState),
        distributed.conflict(with: rounding, precision), recordingConflict,
      ].compactMap { $0 }
  }

  /// What the model and its tokens come from.
  private var originConflicts: [(key: String, problem: String, remedy: String)] {
    if model.isEmpty, architecture.fields.isEmpty {
      return [("model", "nothing says which model is trained", "name its folder")]
    }
    if model.isEmpty, vocabulary.size == nil {
      return [
        (
          "vocabulary.size", "nothing says what makes tokens of texts",
          "set it, or name in model the folder of a tokenizer"
        )
      ]
    }
    if vocabulary.size != nil, architecture.fields.isEmpty, !fromScratch {
      return [
        (
          "vocabulary.size", "the model's weights belong to its own vocabulary",
          "set from_scratch: true, or leave it out"
        )
      ]
    }
    if lora.r != nil, fromScratch || !architecture.fields.isEmpty {
      return [("lora.r", "adapters stand beside a model that is trained", "leave it out")]
    }
    if lora.base != .asSaved, lora.r == nil {
      return [("lora.base", "weights in blocks are not trained", "set lora.r: 8")]
    }
    if lora.base != .asSaved, precision == .bf16True {
      return [
        (
          "precision", "lora.base: \(lora.base.rawValue) keeps weights in fewer bits already",
          "set it to bf16"
        )
      ]
    }
    if lora.base != .asSaved, lora.dora {
      return [
        ("lora.dora", "lengths of weights in blocks are read at each step", "set it to false")
      ]
    }
    if !architecture.fields.isEmpty, architecture["model_type"] == nil {
      return [
        ("architecture.model_type", "nothing says of which family", "set it to gpt2 or llama")
      ]
    }
    if data.heldOut > 0, data.validation != nil {
      return [("data.held_out", "data.validation is what is judged by", "leave one of them out")]
    }
    if data.heldOut > 0, task == .questionAnswering {
      return [("data.held_out", "windows of one text would be in both", "set data.validation")]
    }
    if data.lines == .document, !packing {
      return [("data.lines", "whole texts are longer than max_length", "set packing: true")]
    }
    return []
  }

  /// Whether there are records to judge by while the run goes on.
  var judges: Bool { data.validation != nil || data.heldOut > 0 }

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
    if !judges, metric != nil || patience != nil {
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
