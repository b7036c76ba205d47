import ArgumentParser
import Base
import Foundation
import RunCommands
import Torus

/// `ddp-train finetune [CONFIG] [--key value …]`: trains a pretrained model for a task on text.
struct FineTuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "finetune",
    abstract: "Trains a pretrained model's folder for a task on text, over any number of workers.",
    usage: "ddp-train finetune [CONFIG] [--key value …] [--print-config]",
    discussion: keys)

  /// Every key.
  static var keys: String {
    guard Program.isHelpAskedFor else { return "" }
    let lines = FineTuningConfiguration.keys.map { key in
      "  --\(key.path): \(key.help); \(key.expectation)"
        + (key.standard.map { " (default: \($0))" } ?? " (to be set)")
    }
    return """
      CONFIG is a YAML file, as those in configs/finetune; any key can be set over it. The keys:

      \(lines.joined(separator: "\n"))
      """
  }

  @Argument(
    parsing: .captureForPassthrough, help: "A configuration, and keys set over it.",
    completion: .file())
  var arguments: [String] = []

  func run() throws {
    if arguments.contains("--help") || arguments.contains("-h") {
      StandardStream.output.print(FineTuneCommand.helpMessage())
      return
    }
    Foundation.exit(FineTuningRun.main(arguments))
  }
}
