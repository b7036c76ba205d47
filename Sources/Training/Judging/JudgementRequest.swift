import Base
import Foundation
import Settings

/// What `ddp-train evaluate` and `ddp-train predict` are asked for.
public struct JudgementRequest: Sendable {
  /// Which of a run's records.
  public enum Split: String, Sendable, CaseIterable {
    /// Those that the finished run is judged by.
    case test
    /// Those that a run is judged by while it goes on.
    case validation
    /// Those that are trained on, in their order and without random transforms.
    case train
  }

  /// Which of a run's weights.
  package enum Weights: Sendable, Equatable {
    /// Those of the best evaluation.
    case best
    /// The newest.
    case last
    /// A checkpoint of the run, by its step.
    case step(Int)
    /// A checkpoint's folder, or a file of weights.
    case path(String)

    /// Reads `best`, `last`, a step or a path.
    package init(_ text: String) throws {
      switch text {
      case "best": self = .best
      case "last", "latest": self = .last
      default:
        if let step = Int(text), step >= 0 {
          self = .step(step)
        } else {
          self = .path(try UserPath.expanded(text))
        }
      }
    }
  }

  /// The run's folder.
  package var runDirectory: String
  /// Which records; nil for those that the finished run is judged by.
  package var split: Split?
  /// A file or folder of other records, in the form of the run's; nil for the run's own.
  package var data: String?
  /// Which weights; nil for the finished model's, else the newest.
  package var weights: Weights?
  /// Compute threads of each worker; nil for OMP_NUM_THREADS, or its share of the cores.
  package var threads: Int?
  /// Keys of the run's configuration with other values, each `--key=value`.
  package var overrides: [String] = []

  /// The records that a finished run is judged by, with its finished model.
  package init(runDirectory: String) {
    var path = runDirectory
    while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
    self.runDirectory = path
  }
}

/// Why a run cannot be judged as it was asked for.
package enum JudgementError: Error, CustomStringConvertible {
  case noRun(String)
  case noSplit(JudgementRequest.Split, known: [String], source: String)
  case noOtherData(source: String)
  case otherRecords(String)
  case noEvaluation(String, metric: String)
  case bestIsGone(step: Int, metric: String, value: Double, kept: [Int])
  case writesTexts(run: String)
  case noPredictions(task: String)
  case unwritable(String, errno: Int32)

  package var description: String {
    switch self {
    case .noRun(let path):
      "\(path) is no run: there is no config.yaml in it; name a run directory, as in runs/digits-cnn"
    case .noSplit(let split, let known, let source):
      "--split \(split.rawValue): \(source) has no such records; take \(known.joined(separator: " or "))"
    case .noOtherData(let source):
      "--data: the data source \(source) reads no other records to judge by; set keys of it, as in --set data.path=PATH"
    case .otherRecords(let path):
      "the data are others than \(path) says: their sizes, words or classes do not fit the model; give the data as they were, or name other records to judge by with --data"
    case .noEvaluation(let path, let metric):
      "\(path) has no evaluation with \(metric), so no checkpoint is the best; take --checkpoint last"
    case .bestIsGone(let step, let metric, let value, let kept):
      "the best \(metric), \(MetricValue.single(Float(value)).json), was at step \(step), of which no checkpoint is kept; "
        + (kept.isEmpty
          ? "" : "there are those of \(kept.map(String.init).joined(separator: ", ")); ")
        + "train with a higher checkpoint.keep, or take --checkpoint last"
    case .writesTexts(let run):
      "a model that writes texts predicts no labels; continue a text with: ddp-train generate \(ResumeHint.quoted(run)) --prompt TEXT"
    case .noPredictions(let task):
      "\(task) predicts nothing of a record as a whole; ddp-train evaluate judges it"
    case .unwritable(let path, let code):
      "\(path) cannot be written: \(String(cString: strerror(code))); name another file"
    }
  }
}
