import ArgumentParser
import Base
import Foundation

/// `ddp-launch`: one command starts a job's workers, watches them, and says what failed first.
@main
struct Launch: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ddp-launch",
    abstract: "Run a program as several workers, on this machine or on several.",
    usage: """
      ddp-launch [options] [--] PROGRAM [arguments]   (options: ddp-launch run --help)
      ddp-launch doctor
      """,
    discussion: """
      ddp-launch -n 4 ddp-train char-gpt --steps 500

      mpirun starts the workers; ddp-launch sets what it needs (root, more workers than cores, \
      binding), gives each worker torchrun's variables, shows each line with its rank, and \
      reports the first failure. TERM, INT, HUP, QUIT and USR1 let the workers save a checkpoint and \
      stop.
      """,
    version: "ddp-launch \(TorusVersion.text)",
    subcommands: [RunCommand.self, DoctorCommand.self], defaultSubcommand: RunCommand.self)

  static func main() {
    if let plan = KeeperPlan(arguments: Array(CommandLine.arguments.dropFirst())) {
      var keeper = RankKeeper(plan)
      Foundation.exit(keeper.run())
    }
    if let holder = MemoryHolder(arguments: Array(CommandLine.arguments.dropFirst())) {
      Foundation.exit(holder.run())
    }
    main(nil)
  }
}
