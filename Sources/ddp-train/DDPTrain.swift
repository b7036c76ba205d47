import ArgumentParser
import Foundation
import Torus

/// `ddp-train [CONFIG] [--key value …]`, `ddp-train generate RUN --prompt TEXT`,
/// `ddp-train flight RUN` and `ddp-train trace RUN`.
@main
struct DDPTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ddp-train",
    abstract: "Trains a model, alone or as one of many workers under mpirun or srun.",
    usage: """
      ddp-train [CONFIG] [--key value …] [--print-config] [--resume]
      ddp-train generate RUN [--prompt TEXT]
      ddp-train flight RUN
      ddp-train trace RUN
      """,
    discussion: TrainCommand.keys,
    subcommands: [TrainCommand.self, GenerateCommand.self, FlightCommand.self, TraceCommand.self],
    defaultSubcommand: TrainCommand.self)
}
