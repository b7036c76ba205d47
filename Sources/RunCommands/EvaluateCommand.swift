import ArgumentParser
import Base
import Foundation
import Training

/// `ddp-train evaluate RUN`: the figures of a trained run's model.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Judges a run's model by its test, validation or training records, or by others.",
    discussion: """
      Every record is judged once, on any number of workers.

      ddp-train evaluate runs/digits-cnn
      ddp-launch -n 4 ddp-train evaluate runs/text-lstm --split validation --json figures.json
      ddp-train evaluate runs/sst2 --data other.tsv --checkpoint last
      """)

  @OptionGroup var options: JudgementOptions

  @Option(
    help: "A file to write the figures to, as a JSON object.",
    completion: .file(),
    transform: { try UserPath.expanded($0) })
  var json: String?

  func run() throws {
    Foundation.exit(Judgement.evaluate(options.request, json: json))
  }
}
