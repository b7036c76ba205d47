import Foundation
import Testing
import ddp_launch

/// Jobs that would not end by themselves, or whose keepers are hit.
@Suite(.serialized, .enabled(if: LauncherProcess.hasMPI, "Open MPI's mpirun is not installed"))
struct EndingTests {
  @Test func `a keeper that is killed is reported by its rank, whenever that happens`() throws {
    for program in [
      // At once, and when all have begun.
      "[ $RANK = 1 ] && kill -KILL $PPID; exec sleep 100",
      """
      echo $$ > $RANK; while [ ! -s 0 ] || [ ! -s 1 ] || [ ! -s 2 ]; do sleep 0.02; done
      [ $RANK = 1 ] && kill -KILL $PPID; exec sleep 100
      """,
    ] {
      let result = try LauncherProcess.run("--nproc-per-node", "3", "sh", "-c", program)
      #expect(result.code == 128 + SIGKILL, "\(result.error)")
      #expect(result.error.contains("rank 1 failed first: its keeper was "), "\(result.error)")
    }
  }

  @Test func `what a worker has left goes when its keeper is killed, and nobody else's does`()
    throws
  {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-reports-\(UUID().uuidString.prefix(8))").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // Files of other jobs.
    let others = ["torus-error-0.json", "torus-error-1-2.json", "torus-error-1f-2-99999999.json"]
    for name in others { try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
    let result = try LauncherProcess.run(
      "--nproc-per-node", "3", "sh", "-c",
      """
      echo '{"message": "a word"}' > "$TORUS_ERROR_FILE"; echo half > "$TORUS_ERROR_FILE.part"
      echo $$ > $RANK; while [ ! -s 0 ] || [ ! -s 1 ] || [ ! -s 2 ]; do sleep 0.02; done
      [ $RANK = 1 ] && kill -KILL $PPID; exec sleep 100
      """, environment: ["TMPDIR": folder])
    #expect(result.code == 128 + SIGKILL, "\(result.error)")
    let left = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(left.filter { $0.hasPrefix("torus-") }.sorted() == others, "\(left)")
  }

  @Test(arguments: ["$$", "$PPID"])
  func `a rank that is stopped when all others have ended is named and ended`(
    process: String
  ) throws {
    let launcher = try LauncherProcess([
      "--nproc-per-node", "3", "sh", "-c",
      "echo $$ > $RANK; [ $RANK = 2 ] && kill -STOP \(process); exit 0",
    ])
    try launcher.start()
    let workers = try launcher.numbers(["0", "1", "2"])
    let result = try launcher.finish()
    try launcher.waitUntilGone(workers)
    if process == "$$" {
      #expect(result.code == 1, "\(result.error)")
      #expect(
        result.error.contains("rank 2 failed first: it is stopped, and all others have ended"),
        "\(result.error)")
    }
  }

  @Test func `a keeper's end by a signal is found in what mpirun says`() {
    let failure = Failure.killedKeeper(in: [
      "---",
      "mpirun noticed that process rank 2 with PID 0 on node n1 exited on signal 9 (Killed).",
    ])
    #expect(failure?.rank == 2 && failure?.exitCode == 137)
    #expect(
      failure?.report == [
        "rank 2 failed first: its keeper was ended by signal SIGKILL (Killed) on host n1"
      ])
    for line in ["", "noticed that process rank x", "noticed that process rank 1 on signal"] {
      #expect(Failure.killedKeeper(in: [line]) == nil)
    }
  }
}
