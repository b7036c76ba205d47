import Base
import Foundation
import Training

/// `ddp-text`, which has all commands, those on pretrained models among them: `ddp-train` becomes it where
/// such a command is given.
enum SiblingProgram {
  /// The commands that only it has.
  static let commands: Set<String> = ["finetune", "generate", "chat", "check"]
  /// First words that ask what commands there are.
  static let descriptions: Set<Substring> = [
    "help", "--help", "-h", "--generate-completion-script", "---completion",
    "--experimental-dump-help",
  ]
  /// How it is built.
  static let remedy = "swift build -c release --product ddp-text"
  /// What the help of a `ddp-train` without it says.
  static let remark = """
    finetune, generate, chat and check are in the program ddp-text, which is not built yet: \(remedy)
    """

  /// Beside this program, or on PATH.
  private static var path: String? {
    let own = Bundle.main.executablePath ?? CommandLine.arguments[0]
    let folder = URL(fileURLWithPath: own).resolvingSymlinksInPath().deletingLastPathComponent()
    let onPath = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return ([folder.path] + onPath.split(separator: ":").map(String.init))
      .map { "\($0)/ddp-text" }.first { access($0, X_OK) == 0 }
  }

  /// Becomes it, with the arguments as they are; returns where it is not built.
  static func takeOverIfBuilt() {
    guard let path else { return }
    // Standard output may hold what was printed before.
    fflush(nil)
    // The arguments as they were given, bytes that are no UTF-8 included.
    execv(path, CommandLine.unsafeArgv)
  }

  /// Becomes it, or says how it is built and ends the process.
  static func takeOver(for what: String) -> Never {
    takeOverIfBuilt()
    let rank = LaunchVariables(environment: ProcessInfo.processInfo.environment).rank
    if rank == 0 {
      StandardStream.error.write(
        "\(Program.name): \(what) is in the program ddp-text, which is not beside this one; build it with: \(remedy)\n"
      )
    }
    exit(69)
  }
}

/// Fine-tunings, which `ddp-text` knows.
enum HandedOverKind: RunKind {
  static let key = "task"
  static let command = "finetune"

  static func check(_ arguments: [String]) throws { handOver() }

  static func train(_ arguments: [String], until step: Int?) -> Int32 { handOver() }

  static func judged(_ request: JudgementRequest, file: String) throws -> any JudgedRun {
    handOver()
  }

  private static func handOver() -> Never { SiblingProgram.takeOver(for: "a fine-tuning") }
}
