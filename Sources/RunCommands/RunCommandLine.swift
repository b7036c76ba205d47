import ArgumentParser
import Base
import Training

/// The command line of `ddp-train` without the commands on pretrained models, which stand in a program of
/// their own beside it: who trains a configuration need not build them.
package enum RunCommandLine {
  /// Reads the command line, does what it says or hands it over, and ends the process.
  package static func main() {
    RunKinds.register(HandedOverKind.self)
    let words = Array(CommandLine.arguments.dropFirst())
    if let first = words.first, SiblingProgram.commands.contains(first) {
      SiblingProgram.takeOver(for: first)
    }
    // Help and completions are those of all commands, where all are built.
    if let first = words.first, SiblingProgram.descriptions.contains(first.prefix { $0 != "=" }) {
      SiblingProgram.takeOverIfBuilt()
    }
    RunRootCommand.main()
  }
}

/// The commands on runs.
package enum RunCommandList {
  /// Trains what a configuration describes: what a command line without a command's name means.
  package static let standard: any ParsableCommand.Type = TrainCommand.self
  /// The others.
  package static let others: [any ParsableCommand.Type] = [
    EvaluateCommand.self, PredictCommand.self, SweepCommand.self, FlightCommand.self,
    TraceCommand.self, ReportCommand.self, WatchCommand.self, PlotCommand.self, VerifyCommand.self,
  ]
  /// The names of all commands, those of ``SiblingProgram`` among them.
  package static var names: [String] {
    ([standard] + others).compactMap { $0.configuration.commandName }
      + SiblingProgram.commands.sorted()
  }
  /// What a configuration is, and every key of it; empty where no help is asked for.
  package static var keys: String { TrainCommand.keys }
}

/// `ddp-train` with its commands on runs.
struct RunRootCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Program.name,
    abstract: Program.abstract,
    usage: Program.usage,
    discussion: """
      \(SiblingProgram.remark)

      \(RunCommandList.keys)
      """,
    version: "\(Program.name) \(TorusVersion.text)",
    subcommands: [RunCommandList.standard] + RunCommandList.others,
    defaultSubcommand: RunCommandList.standard)
}
