import ArgumentParser
import Base
import Foundation
import Torus

/// `ddp-bench compare`: training steps beside PyTorch's.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract:
      "Times training steps and PyTorch's in turn, and prints how many times as fast they are.",
    discussion: """
      The models are those of ddp-bench step. Both programs stay alive and take turns, so that what \
      else the machine does meets both alike; a ratio is the median over the rounds of PyTorch's \
      median time over ours. Python needs torch, and for bert transformers too: \
      pip install torch transformers. A model whose peer cannot be measured is left out, and the \
      command then ends with a code other than 0.
      """)

  @Argument(help: "Models to time; all where none is named.")
  var models: [String] = []

  @Option(
    help: "A Python with torch.", completion: .file(), transform: { try UserPath.expanded($0) })
  var python: String

  @Option(parsing: .upToNextOption, help: "Compute threads; several take turns.")
  var threads = [1]

  @Option(parsing: .upToNextOption, help: "f32, bf16 or f16, of both; several take turns.")
  var precision = [TrainingPrecision.f32]

  @Option(help: "How often each is measured.")
  var rounds = 3

  @Option(help: "Seconds of each measurement.")
  var seconds = 2.0

  @Flag(help: "One JSON object a line instead of a table.")
  var json = false

  mutating func validate() throws {
    for name in models { try StepBenchmark.check(name) }
    guard threads.allSatisfy({ $0 > 0 }), !threads.isEmpty, seconds > 0, rounds > 0 else {
      throw ValidationError("--threads, --seconds and --rounds must be positive")
    }
    try PeerScript.check(python)
  }

  func run() throws {
    let script = try PeerScript("torch_step", PackageResources.torch_step_py)
    defer { script.remove() }
    if !json { StandardStream.output.print(StepComparison.heading) }
    var rows: [StepComparison] = []
    var failed: [String] = []
    for count in threads {
      for precision in precision {
        for name in models.isEmpty ? StepModels.all.map(\.name) : models {
          do {
            let row = try compare(name, threads: count, precision: precision, script: script.path)
            rows.append(row)
            StandardStream.output.print(json ? row.json : row.row)
          } catch let failure as StepProcess.Failure {
            failed.append(name)
            StandardStream.error.print("\(name): \(failure)")
          }
        }
      }
    }
    if !json, !rows.isEmpty { StandardStream.output.print(StepComparison.summary(of: rows)) }
    if !failed.isEmpty { throw ExitCode(1) }
  }

  private func compare(
    _ name: String, threads: Int, precision: TrainingPrecision, script: String
  ) throws -> StepComparison {
    let ours = try StepProcess(
      "ddp-bench step", ThisProgram.url,
      ["step", name, "--threads", "\(threads)", "--precision", precision.rawValue, "--on-demand"],
      threads: threads)
    let theirs = try StepProcess(
      "PyTorch", URL(fileURLWithPath: python), [script, name, "\(threads)", precision.rawValue],
      threads: threads)
    var row = StepComparison(name: name, threads: threads, precision: precision)
    for _ in 0..<rounds {
      row.add(try ours.measure(seconds: seconds), try theirs.measure(seconds: seconds))
    }
    return row
  }
}

/// A peer's program, in a file of its own while it is needed.
struct PeerScript {
  let path: String

  init(_ name: String, _ text: [UInt8]) throws {
    path = NSTemporaryDirectory() + "\(name)-\(getpid()).py"
    try Data(text).write(to: URL(fileURLWithPath: path))
  }

  /// - Throws: `ValidationError` where a Python is none.
  static func check(_ python: String) throws {
    guard python.contains("/") else {
      throw ValidationError("--python is a path, such as venv/bin/python, not \(python)")
    }
    guard FileManager.default.isExecutableFile(atPath: python) else {
      throw ValidationError("--python \(python) is no program")
    }
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// The program that is running.
private enum ThisProgram {
  static var url: URL {
    Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
  }
}
