import ArgumentParser
import Base
import Foundation
import Training

/// The program that runs.
package enum Program {
  /// The name by which it was started.
  package static let name =
    CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? "ddp-train"

  /// A line for each of its commands.
  package static let usage = """
    \(name) [CONFIG] [--key value …] [--print-config] [--resume]
    \(name) finetune [CONFIG] [--key value …]
    \(name) evaluate RUN [--split NAME] [--data PATH] [--json FILE]
    \(name) predict RUN [--split NAME] [--data PATH] [--output FILE]
    \(name) sweep FILE
    \(name) generate RUN|FOLDER [--prompt TEXT]
    \(name) chat FOLDER
    \(name) check FOLDER [--record]
    \(name) flight RUN
    \(name) trace RUN
    \(name) report RUN…
    \(name) watch RUN…
    \(name) plot RUN… [--metric NAME]
    \(name) verify RUN RUN
    """

  /// Whether the command line asks for help, or for all commands in another form. Otherwise nobody reads the
  /// lists of keys, which would delay every start by some milliseconds.
  package static let isHelpAskedFor = CommandLine.arguments.dropFirst().contains {
    $0 == "-h" || $0.contains("help") || $0.contains("completion")
  }

  /// What it is for.
  package static let abstract =
    "Trains a model, alone or as one of many workers under mpirun or srun."

  /// Makes sure that no argument was repaired on its way: Swift replaces bytes that are no UTF-8.
  fileprivate static func checkArguments() throws {
    for index in 0..<Int(CommandLine.argc) {
      guard let bytes = CommandLine.unsafeArgv[index] else { continue }
      guard String(validatingCString: bytes) != nil else {
        throw ArgumentError(
          description: "argument \(index) is not UTF-8; convert it, or pass a file")
      }
    }
  }
}

/// An argument that cannot be read.
private struct ArgumentError: Error, CustomStringConvertible {
  let description: String
}

extension ParsableCommand {
  /// Runs the body of a command; what goes wrong is said in one line, and ends the program with 1.
  package func reporting(_ body: () throws -> Void) throws {
    signal(SIGPIPE, SIG_IGN)
    do {
      try Program.checkArguments()
      try body()
    } catch let code as ExitCode {
      throw code
    } catch {
      StandardStream.error.write("\(Program.name): \(error)\n")
      throw ExitCode.failure
    }
  }
}
