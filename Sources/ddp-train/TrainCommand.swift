import ArgumentParser
import Foundation
import Torus

/// `ddp-train [CONFIG] [--key value …]`: the keys are the configuration's, so they are read by it.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains what a configuration describes (the default command).",
    usage: "ddp-train [CONFIG] [--key value …] [--print-config] [--resume]",
    discussion: keys)

  /// What a configuration is, and every key of it.
  static let keys = """
    CONFIG is a YAML file, or the name of one in configs/; digits-cnn where it is left out.
    Any key of it can be set, as in --optimizer.lr 3e-4. The keys are:

    \(keyList)
    """

  @Argument(parsing: .captureForPassthrough, help: "A configuration, and keys set over it.")
  var arguments: [String] = []

  func run() throws {
    if arguments.contains("--help") || arguments.contains("-h") {
      print(TrainCommand.helpMessage())
      return
    }
    Foundation.exit(TrainingRun.main(arguments))
  }

  /// Every key with its type's default and what it means.
  private static var keyList: String {
    RunConfiguration.keys().map { key in
      let option = "  --\(key.path)"
      let column = max(option.count, 34)
      return option.padding(toLength: column, withPad: " ", startingAt: 0) + " \(key.help)"
    }.joined(separator: "\n")
  }
}
