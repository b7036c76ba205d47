import ArgumentParser
import Foundation
import Torus

/// `ddp-train [CONFIG] [--key value …]`, `ddp-train generate RUN --prompt TEXT` and
/// `ddp-train flight RUN`.
@main
struct DDPTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ddp-train",
    abstract: "Trains a model, alone or as one of many workers under mpirun or srun.",
    usage: """
      ddp-train [CONFIG] [--key value …] [--print-config] [--resume]
      ddp-train generate RUN [--prompt TEXT]
      ddp-train flight RUN
      """,
    discussion: TrainCommand.keys,
    subcommands: [TrainCommand.self, GenerateCommand.self, FlightCommand.self],
    defaultSubcommand: TrainCommand.self)
}
