import ArgumentParser
import Foundation
import Torus

/// `ddp-train [CONFIG] [--key value …]` and `ddp-train generate RUN --prompt TEXT`.
@main
struct DDPTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ddp-train",
    abstract: "Trains a model, alone or as one of many workers under mpirun or srun.",
    usage: """
      ddp-train [CONFIG] [--key value …] [--print-config] [--resume]
      ddp-train generate RUN [--prompt TEXT]
      """,
    discussion: TrainCommand.keys,
    subcommands: [TrainCommand.self, GenerateCommand.self],
    defaultSubcommand: TrainCommand.self)
}
