import ArgumentParser
import Base
import Training

/// Which run, weights and records: the options of `evaluate` and `predict`.
struct JudgementOptions: ParsableArguments {
  @Argument(
    help: "The run directory.", completion: .directory, transform: { try UserPath.expanded($0) })
  var run: String

  @Option(
    help: """
      Which of the run's records: test, validation or train; by default those that the finished run is \
      judged by.
      """)
  var split: JudgementRequest.Split?

  @Option(
    help: """
      Other records than the run's own, in the form of its data source: a file or folder.
      """,
    completion: .file(),
    transform: { try UserPath.expanded($0) })
  var data: String?

  @Option(
    help: """
      Which weights: best (by the run's evaluations), last, a step, or the path of a checkpoint or of a \
      file of weights; by default the finished model's.
      """,
    completion: .file(),
    transform: { try JudgementRequest.Weights($0) })
  var checkpoint: JudgementRequest.Weights?

  @Option(
    name: .customLong("set"),
    help: "A key of the run's configuration with another value, as KEY=VALUE; may be repeated.")
  var settings: [String] = []

  @Option(help: "Compute threads of each worker; by default its share of the cores.")
  var threads: Int?

  func validate() throws {
    guard split == nil || data == nil else {
      throw ValidationError("give one of --split and --data")
    }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be between 1 and 1024, and \(threads) was given")
    }
    if let setting = settings.first(where: { !$0.contains("=") || $0.hasPrefix("=") }) {
      throw ValidationError(
        "--set \(setting): KEY=VALUE is expected, as in --set data.path=digits.csv")
    }
  }

  var request: JudgementRequest {
    var request = JudgementRequest(runDirectory: run)
    (request.split, request.data, request.weights) = (split, data, checkpoint)
    request.threads = threads
    request.overrides = settings.map { "--\($0)" }
    return request
  }
}

extension JudgementRequest.Split: ExpressibleByArgument {}
extension PredictionFormat: ExpressibleByArgument {}
