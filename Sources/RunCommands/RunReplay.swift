import ArgumentParser
import Base
import Checkpoints
import Foundation
import Training

/// A part of a run that is computed again, from the checkpoint before a step to that step.
struct RunReplay {
  private let whole: HashedRun
  private let step: Int
  private let recorded: ParameterHashes
  private let checkpoint: String
  private let checkpointStep: Int

  init(_ run: HashedRun, step: Int) throws {
    guard let recorded = run.hashes[step] else {
      throw VerifyError.noSuchStep(step, run.path, known: run.hashes.keys.sorted())
    }
    let store = CheckpointStore(folder: "\(run.path)/checkpoints", keep: 1, rank: 0)
    guard let before = store.steps.filter({ $0 < step }).max() else {
      throw VerifyError.noCheckpoint(step, run.path)
    }
    whole = run
    self.step = step
    self.recorded = recorded
    checkpoint = store.path(step: before)
    checkpointStep = before
  }

  /// Every rank computes; rank 0 compares. Ends the process.
  func run() throws {
    let folder = "\(whole.path)/replays/step-\(step)"
    let arguments = [
      "\(whole.path)/config.yaml", "--resume", checkpoint, "--run_dir", folder,
      "--distributed.hash_every", "1", "--checkpoint.memory_every", "null", "--trace", "null",
    ]
    let kind = try RunKinds.kind(of: "\(whole.path)/config.yaml")
    // Other kinds of runs have no timeline.
    let status =
      kind?.train(arguments.filter { !["--trace", "null"].contains($0) }, until: step)
      ?? TrainingRun.main(arguments, until: step)
    // 143 is the end of a run that was told to stop.
    guard status == 0 || status == 143 else { Foundation.exit(status) }
    let rank = LaunchVariables(environment: ProcessInfo.processInfo.environment).rank
    guard rank == 0 else { Foundation.exit(0) }
    Foundation.exit(try judge(HashedRun(folder), folder))
  }

  private func judge(_ again: HashedRun, _ folder: String) throws -> Int32 {
    guard let hashes = again.hashes[step] else {
      throw VerifyError.failed("\(folder): the repetition did not come to step \(step)")
    }
    if let name = recorded.firstDifference(from: hashes) {
      StandardStream.error.write(
        "\(Program.name): computed again from step \(checkpointStep), step \(step) of \(whole.path) differs: first in \(name)."
          + " The processor, the memory, the code, the data or the number of workers is another; \(folder) has what was computed now\n"
      )
      return 1
    }
    try? FileManager.default.removeItem(atPath: "\(whole.path)/replays")
    StandardStream.output.print(
      "computed again from step \(checkpointStep), step \(step) of \(whole.path) is the same bit by bit"
    )
    return 0
  }
}
