import ArgumentParser
import Base
import Foundation
import Training

/// `ddp-train predict RUN`: what a trained run's model tells of each record.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Writes what a run's model tells of each record, a line each, in the data's order.",
    discussion: """
      A line has the record's index, the prediction, its probability where there are classes, and the \
      label where it is known. Records of --data need none: a folder of images alone, or a table without \
      the field of labels.

      ddp-train predict runs/digits-cnn
      ddp-launch -n 4 ddp-train predict runs/flowers --data pictures --output flowers.csv
      """)

  @OptionGroup var options: JudgementOptions

  @Option(
    name: .shortAndLong, help: "The file to write; by default standard output.",
    completion: .file(),
    transform: { try UserPath.expanded($0) })
  var output: String?

  @Option(
    help: "How lines are written: jsonl or csv; by default as the file's ending says, else jsonl.")
  var format: PredictionFormat?

  @Flag(help: "Write the probabilities of all classes, too.")
  var probabilities = false

  func run() throws {
    let isTable = output.map { ($0 as NSString).pathExtension.lowercased() == "csv" } ?? false
    Foundation.exit(
      Judgement.predict(
        options.request,
        .init(
          format ?? (isTable ? .csv : .jsonl), output: output, withProbabilities: probabilities)))
  }
}
