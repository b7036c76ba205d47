import ArgumentParser
import Base
import Foundation
import RunCommands
import Torus

/// `ddp-train check FOLDER`: compares what a model's folder gives with what was recorded.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Compares a model's folder with what was recorded of it: ids, logits, first tokens.",
    discussion: """
      --record writes what the folder gives now to FOLDER/expectations.json. Without it the folder's \
      texts are divided, computed and continued again, and each difference is a line; 1 ends the \
      program where there is one. Beside a GGUF file without a tokenizer the recorded ids are used.
      """)

  @Argument(
    help: "The model's folder, a GGUF file, or the run directory of a fine-tuning.",
    completion: .directory,
    transform: { ModelPlace.folder(try UserPath.expanded($0)) })
  var folder: String

  @Flag(help: "Write down what the folder gives now.")
  var record = false

  @Option(
    help: "The file of the expectations (default: FOLDER/expectations.json).",
    completion: .file(),
    transform: { try UserPath.expanded($0) })
  var file: String?

  @Option(name: .customLong("text"), help: "With --record, a text to record; may be repeated.")
  var texts: [String] = []

  @Option(help: "How far values may lie off, as a share of their size.")
  var tolerance = 1e-3

  func validate() throws {
    guard tolerance >= 0, tolerance.isFinite else {
      throw ValidationError("--tolerance must be at least 0, and \(tolerance) was given")
    }
    guard texts.isEmpty || record else {
      throw ValidationError("--text goes with --record: recorded texts are what is compared")
    }
  }

  func run() throws {
    try reporting {
      let file = try file ?? "\(ModelFolder(folder).path)/expectations.json"
      if record {
        let now = try ModelExpectations(
          of: folder, texts: texts.isEmpty ? ModelExpectations.texts : texts)
        try now.save(to: file)
        StandardStream.output.print(
          "\(file): \(now.entries.count) texts of a \(now.architecture) recorded")
        return
      }
      let recorded = try ModelExpectations(path: file)
      let recordedTexts = recorded.entries.compactMap(\.text)
      let now = try ModelExpectations(
        of: folder, texts: recordedTexts.isEmpty ? ModelExpectations.texts : recordedTexts,
        greedyTokens: recorded.entries.compactMap { $0.greedy?.count }.max() ?? 16,
        idsOfTexts: recorded.entries.filter { $0.text != nil }.map(\.ids))
      let differences = now.differences(from: recorded, relative: tolerance)
      for line in differences { StandardStream.output.print(line) }
      guard differences.isEmpty else {
        StandardStream.error.write(
          "ddp-train: \(folder) is not what was recorded in \(file): \(differences.count) differences\n"
        )
        throw ExitCode.failure
      }
      StandardStream.output.print(
        "\(folder): \(now.entries.count) texts of a \(now.architecture) as recorded")
    }
  }
}
