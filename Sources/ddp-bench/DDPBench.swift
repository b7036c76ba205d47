import ArgumentParser
import Base

/// `ddp-bench`: what this machine and this build can do, measured.
@main
struct DDPBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ddp-bench",
    abstract:
      "Measures and predicts collectives, training steps, operators, tokenizers, models and loaders.",
    version: "ddp-bench \(TorusVersion.text)",
    subcommands: [
      AllReduceCommand.self, StepCommand.self, CompareCommand.self, LossesCommand.self,
      OpsCommand.self, ChainsCommand.self,
      TokenizeCommand.self, GenerateCommand.self, EmbedCommand.self, DataCommand.self,
      ScalingCommand.self, SimulateCommand.self,
    ])
}
