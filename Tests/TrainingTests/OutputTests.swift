import Foundation
import MPITesting
import Testing

/// Runs whose output goes nowhere, and whose folder vanishes.
@Suite("Output that cannot be written", .serialized, .enabled(if: !MPIRank.isOne))
struct OutputTests {
  private static let job = [
    "digits-cnn", "--model.channels", "[2, 4]", "--model.hidden", "8", "--epochs", "null",
    "--steps", "4", "--log_every", "1", "--evaluation.every_epochs", "null",
    "--checkpoint.every_epochs", "null", "--run-dir", "run",
  ]

  /// Runs `ddp-train` with a shell's redirections.
  private func train(
    _ sandbox: RunSandbox, _ arguments: [String], _ redirections: String
  ) async throws -> MPIRunResult {
    let words = ([RunSandbox.program] + arguments).map { "'\($0)'" }.joined(separator: " ")
    return try await MPIRun.run(
      "/bin/sh", ["-c", "exec \(words) \(redirections)"], ranks: 0, directory: sandbox.folder,
      timeout: .seconds(60))
  }

  @Test(
    "is no reason for a run to end, nor does it land in the run's files",
    arguments: [
      ">&-", "2>&-", "<&-", "<&- >&- 2>&-", ">/dev/full", ">/dev/full 2>/dev/full",
      ">&- 2>/dev/full",
    ])
  func closed(redirections: String) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let result = try await train(sandbox, Self.job, redirections)
    #expect(result.status == 0, "\(result.tail)")
    let lines = try sandbox.metrics()
    #expect(lines.count(where: { $0["event"] as? String == "step" }) == 4)
    #expect(lines.last?["event"] as? String == "finished")
    let files = try FileManager.default.contentsOfDirectory(atPath: "\(sandbox.folder)/run")
    #expect(files.contains("config.yaml") && files.contains("model.safetensors"))
    if redirections == ">/dev/full" {
      let said =
        result.errors.components(separatedBy: "standard output cannot be written").count - 1
      #expect(said == 1, "\(result.tail)")
    }
  }

  @Test("a full disk ends a job with a code that is not started again")
  func fullDisk() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try FileManager.default.createDirectory(
      atPath: "\(sandbox.folder)/run", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: "\(sandbox.folder)/run/metrics.jsonl", withDestinationPath: "/dev/full")
    let alone = try await sandbox.train(Self.job, ranks: 0)
    #expect(alone.status == 74, "\(alone.tail)")
    #expect(alone.errors.contains("free some space and go on with --resume"), "\(alone.tail)")
    let job = try await MPIRun.run(
      RunSandbox.program("ddp-launch"),
      ["--nproc-per-node", "2", "--max-restarts", "3", RunSandbox.program] + Self.job, ranks: 0,
      directory: sandbox.folder, timeout: .seconds(60))
    #expect(job.status == 74, "\(job.tail)")
    #expect(!job.errors.contains("restart"), "\(job.tail)")
  }

  @Test("fails a command that does nothing else, and says so")
  func commands() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let full = try await train(sandbox, ["digits-cnn", "--print-config"], ">/dev/full")
    #expect(full.status == 1, "\(full.tail)")
    #expect(full.errors.contains("standard output cannot be written: No space left"))
    let written = try await train(sandbox, ["digits-cnn", "--print-config"], "2>&-")
    #expect(written.status == 0 && written.output.contains("run_dir:"), "\(written.tail)")
    // An error that nobody can be told is still the error's code.
    let unknown = try await train(sandbox, ["digits-cnn", "--no.such.key", "1"], ">&- 2>&-")
    #expect(unknown.status == 2, "\(unknown.tail)")
  }

  @Test(
    "a run directory that is deleted or moved meanwhile is written again, and that is said",
    arguments: ["mv run gone && rm -rf gone", "rm run/metrics.jsonl", "mv run moved"], [0, 2])
  func vanished(command: String, ranks: Int) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    // More than a pipe takes in: the run's lines wait for a reader, who reads after the command.
    let steps = 2000
    let words = ([RunSandbox.program] + Self.job + ["--steps", "\(steps)"]).map { "'\($0)'" }
      .joined(separator: " ")
    let script = """
      [ "${OMPI_COMM_WORLD_RANK:-0}" = 0 ] || exec \(words)
      mkfifo lines
      \(words) >lines &
      exec 3<lines
      until grep -q '"step"' run/metrics.jsonl 2>/dev/null; do kill -0 $! || break; sleep 0.02; done
      \(command) && cat <&3 >/dev/null
      wait $!
      """
    let result = try await MPIRun.run(
      "/bin/sh", ["-c", script], ranks: ranks, directory: sandbox.folder, timeout: .seconds(60))
    #expect(result.status == 0, "\(result.tail)")
    #expect(
      result.errors.contains("metrics.jsonl was deleted or moved while the run goes on"),
      "\(result.tail)")
    let lines = try sandbox.metrics()
    #expect(
      lines.compactMap { $0["event"] as? String == "step" ? $0["step"] as? Int : nil }
        == Array(1...steps))
    #expect(lines.last?["event"] as? String == "finished")
    let files = try FileManager.default.contentsOfDirectory(atPath: "\(sandbox.folder)/run")
    #expect(files.contains("config.yaml") && files.contains("model.safetensors"), "\(files)")
  }
}
