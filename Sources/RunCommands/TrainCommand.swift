import ArgumentParser
import Base
import Foundation
import Settings
import Training

/// `ddp-train [CONFIG] [--key value …]`: the keys are the configuration's, so they are read by it.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains what a configuration describes (the default command).",
    usage: "\(Program.name) [CONFIG] [--key value …] [--print-config] [--resume]",
    discussion: keys)

  /// What a configuration is, and every key of it; empty where no help is asked for.
  static let keys = Program.isHelpAskedFor ? keyText : ""

  private static var keyText: String {
    """
    CONFIG is a YAML file, or the name of one in configs/; digits-cnn where it is left out. Any key \
    of it can be set, as in --optimizer.lr 3e-4. --print-config shows what a run would use, and \
    --resume goes on from the newest checkpoint. The keys, with \
    the values of those that CONFIG leaves out:

    \(keyList)
    """
  }

  @Argument(
    parsing: .captureForPassthrough, help: "A configuration, and keys set over it.",
    completion: .file())
  var arguments: [String] = []

  func run() throws {
    if arguments.contains("--help") || arguments.contains("-h") {
      guard StandardStream.output.print(TrainCommand.helpMessage()) else { throw ExitCode.failure }
      return
    }
    if let command = Self.command(meantBy: arguments.first) {
      if LaunchVariables(environment: ProcessInfo.processInfo.environment).rank == 0 {
        StandardStream.error.write(
          "\(Program.name): there is no command or configuration '\(arguments[0])'; did you mean \(Program.name) \(command)?\n"
        )
      }
      throw ExitCode(2)
    }
    if let kind = Self.kind(of: arguments.first) {
      if LaunchVariables(environment: ProcessInfo.processInfo.environment).rank == 0 {
        StandardStream.error.write(
          "\(Program.name): \(arguments[0]) is a configuration of \(Program.name) \(kind.command): put \(kind.command) before it\n"
        )
      }
      throw ExitCode(2)
    }
    Foundation.exit(TrainingRun.main(arguments))
  }

  /// The kind of run that a first word means, where another command trains it.
  private static func kind(of word: String?) -> (any RunKind.Type)? {
    guard let word, !word.hasPrefix("-"),
      let path = try? RunConfiguration.find(word, files: ProjectFiles())
    else { return nil }
    return (try? RunKinds.kind(of: path)) ?? nil
  }

  /// The command that a first word is nearly, where it is not a configuration, and not nearly one.
  static func command(meantBy word: String?) -> String? {
    guard let word, !word.hasPrefix("-") else { return nil }
    do throws(ConfigurationError) {
      _ = try RunConfiguration.find(word, files: ProjectFiles())
      return nil
    } catch {
      guard case .notFound(_, _, nearest: nil) = error else { return nil }
      return nearestName(to: word, among: RunCommandList.names)
    }
  }

  /// Columns of a line, longer than which ArgumentParser breaks it, and those before a key's purpose.
  private static let width = 79
  private static let margin = 34

  /// Every key with what it means, its choices and its default, below the names that have it.
  private static var keyList: String {
    var lines: [String] = []
    var takers: [String] = []
    for key in RunConfiguration.keys() {
      if key.takers != takers, !key.takers.isEmpty {
        lines.append("  with \(key.takers.joined(separator: ", ")):")
      }
      takers = key.takers
      lines += entry((takers.isEmpty ? "  --" : "    --") + key.path, purpose(key))
      for choice in key.choices {
        lines += entry("      \(choice.name)", choice.summary.split(separator: " "))
      }
    }
    return lines.joined(separator: "\n")
  }

  /// The words of what a key means; the default counts as one.
  private static func purpose(_ key: KeyDescription) -> [Substring] {
    var text = key.help
    if key.choices.isEmpty, key.expectation.hasPrefix("one of ") {
      text += ": \(key.expectation.dropFirst("one of ".count))"
    }
    return text.split(separator: " ") + [key.standard.map { "(default: \($0))" } ?? "(to be set)"]
  }

  /// A name and its purpose beside it, or below where there is no room.
  private static func entry(_ name: String, _ purpose: [Substring]) -> [String] {
    var lines = [name]
    if name.count < margin {
      lines = [name.padding(toLength: margin, withPad: " ", startingAt: 0)]
    } else {
      lines.append(String(repeating: " ", count: margin))
    }
    for word in purpose {
      let last = lines[lines.count - 1]
      let isFirst = last.count == margin
      if !isFirst, last.count + 1 + word.count > width {
        lines.append(String(repeating: " ", count: margin) + word)
      } else {
        lines[lines.count - 1] += (isFirst ? "" : " ") + word
      }
    }
    return lines
  }
}
