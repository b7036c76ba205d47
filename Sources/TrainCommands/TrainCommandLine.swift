import ArgumentParser
import Base

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
  public static func main() { RootCommand.main() }
}

/// `ddp-train [CONFIG] [--key value …]`, `evaluate` and `predict` of runs, `ddp-train generate RUN|FOLDER --prompt TEXT`,
/// `ddp-train chat FOLDER`, `ddp-train check FOLDER`, `ddp-train flight RUN`, `ddp-train trace RUN`,
/// and `report`, `watch`, `plot` and `verify` of runs.
struct RootCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Program.name,
    abstract: "Trains a model, alone or as one of many workers under mpirun or srun.",
    usage: """
      \(Program.name) [CONFIG] [--key value …] [--print-config] [--resume]
      \(Program.name) finetune [CONFIG] [--key value …]
      \(Program.name) evaluate RUN [--split NAME] [--data PATH] [--json FILE]
      \(Program.name) predict RUN [--split NAME] [--data PATH] [--output FILE]
      \(Program.name) sweep FILE
      \(Program.name) generate RUN|FOLDER [--prompt TEXT]
      \(Program.name) chat FOLDER
      \(Program.name) check FOLDER [--record]
      \(Program.name) flight RUN
      \(Program.name) trace RUN
      \(Program.name) report RUN…
      \(Program.name) watch RUN…
      \(Program.name) plot RUN… [--metric NAME]
      \(Program.name) verify RUN RUN
      """,
    discussion: TrainCommand.keys,
    version: "\(Program.name) \(TorusVersion.text)",
    subcommands: [
      TrainCommand.self, FineTuneCommand.self, EvaluateCommand.self, PredictCommand.self,
      SweepCommand.self,
      GenerateCommand.self, ChatCommand.self,
      CheckCommand.self, FlightCommand.self, TraceCommand.self, ReportCommand.self,
      WatchCommand.self, PlotCommand.self, VerifyCommand.self,
    ],
    defaultSubcommand: TrainCommand.self)
}

/// The program that runs.
enum Program {
  /// The name by which it was started.
  static let name =
    CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? "ddp-train"
}
