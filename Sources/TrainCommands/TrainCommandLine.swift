import ArgumentParser
import Base
import FineTuning
import RunCommands

/// The command line of `ddp-train`, for a program that brings models, data sources and the like of its
/// own:
///
/// ```swift
/// import Torus
/// import TrainCommands
///
/// @main
/// enum SpiralTrain {
///   static func main() {
///     ModelDefinition.register(.spiralNet)
///     DataDefinition.register(.spirals)
///     TrainCommandLine.main()
///   }
/// }
/// ```
public enum TrainCommandLine {
  /// Reads the command line, does what it says, and ends the process.
  public static func main() {
    FineTuningKind.register()
    RootCommand.main()
  }
}

/// `ddp-train` with all its commands.
struct RootCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Program.name,
    abstract: Program.abstract,
    usage: Program.usage,
    discussion: RunCommandList.keys,
    version: "\(Program.name) \(TorusVersion.text)",
    subcommands: [
      RunCommandList.standard, FineTuneCommand.self, GenerateCommand.self, ChatCommand.self,
      CheckCommand.self,
    ] + RunCommandList.others,
    defaultSubcommand: RunCommandList.standard)
}
