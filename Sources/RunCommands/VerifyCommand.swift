import ArgumentParser
import Base
import Foundation
import Reports
import Training

/// `ddp-train verify RUN_A RUN_B` and `ddp-train verify RUN --replay STEP`: whether two runs, or a run and
/// its repetition, had the same parameters bit by bit.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compares the parameters of two runs, or of a run and its repetition, bit by bit.",
    discussion: """
      Runs with distributed.hash_every: N write the checksums of all parameters to metrics.jsonl every N \
      steps. The first step and parameter that differ are named, and 1 ends the program.

      ddp-train verify runs/a runs/b
      mpirun -n 4 ddp-train verify runs/a --replay 120

      --replay STEP computes the steps up to STEP again from the checkpoint before it. A run that is not \
      invariant needs as many workers as it had.
      """)

  @Argument(
    help: "Two run directories, or one with --replay.", completion: .directory,
    transform: { try UserPath.expanded($0) })
  var runDirectories: [String]

  @Option(help: "A step whose checksums the run has written down, to be computed again.")
  var replay: Int?

  func validate() throws {
    let wanted = replay == nil ? 2 : 1
    guard runDirectories.count == wanted else {
      throw ValidationError(
        wanted == 2
          ? "name two run directories, or one with --replay STEP" : "name one run directory")
    }
    guard (replay ?? 1) > 0 else { throw ValidationError("--replay must be at least 1") }
  }

  func run() throws {
    try reporting {
      let first = try HashedRun(runDirectories[0])
      if let replay {
        try RunReplay(first, step: replay).run()
      } else {
        try compare(first, try HashedRun(runDirectories[1]))
      }
    }
  }

  private func compare(_ first: HashedRun, _ second: HashedRun) throws {
    let common = first.hashes.keys.filter { second.hashes[$0] != nil }.sorted()
    guard let last = common.last else {
      throw VerifyError.nothingCommon(first.path, second.path)
    }
    for step in common {
      guard let one = first.hashes[step], let other = second.hashes[step],
        let name = one.firstDifference(from: other)
      else { continue }
      StandardStream.error.write(
        "\(Program.name): \(first.path) and \(second.path) differ after step \(step): first in \(name)\n"
      )
      throw ExitCode.failure
    }
    StandardStream.output.print(
      "\(first.path) and \(second.path) agree bit by bit after \(common.count) steps, up to step \(last)"
    )
  }
}

/// The checksums that a run has written down, by step.
struct HashedRun {
  let path: String
  let hashes: [Int: ParameterHashes]

  init(_ path: String) throws {
    self.path = path
    var hashes: [Int: ParameterHashes] = [:]
    for line in try RunRecord(folder: path).lines where line.event == "hashes" {
      guard let step = line.step,
        let words = line.values.first(where: { $0.name == "parameters" })?.value.array
      else { continue }
      hashes[step] = ParameterHashes(step: step, words: words.compactMap(\.string))
    }
    guard !hashes.isEmpty else { throw VerifyError.noHashes(path) }
    self.hashes = hashes
  }
}

/// Why runs cannot be compared.
enum VerifyError: Error, CustomStringConvertible {
  case noHashes(String)
  case nothingCommon(String, String)
  case noSuchStep(Int, String, known: [Int])
  case noCheckpoint(Int, String)
  case failed(String)

  var description: String {
    switch self {
    case .noHashes(let path):
      "\(path) has no checksums of parameters: train with --distributed.hash_every N"
    case .nothingCommon(let first, let second):
      "\(first) and \(second) have checksums of no common step: train both with the same distributed.hash_every"
    case .noSuchStep(let step, let path, let known):
      "\(path) has no checksums of step \(step); it has those of \(known.map(String.init).joined(separator: ", "))"
    case .noCheckpoint(let step, let path):
      "\(path) has no checkpoint from before step \(step): keep more with --checkpoint.keep, or replay a later step"
    case .failed(let what): what
    }
  }
}
