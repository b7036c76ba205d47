import Foundation
import Testing

/// Signals to the launcher, and what becomes of the workers.
extension JobTests {
  @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1])
  func `a signal lets the workers save and stop`(number: Int32) throws {
    let launcher = try LauncherProcess([
      "--nproc-per-node", "2", "--max-restarts", "3", "bash", "-c",
      """
      trap 'sleep 0.3; echo saved $RANK; exit 0' TERM
      echo $$ > $RANK; while :; do sleep 0.05; done
      """,
    ])
    try launcher.start()
    let workers = try launcher.numbers(["0", "1"])
    kill(launcher.pid, number)
    let result = try launcher.finish()
    #expect(result.code == 128 + number)
    #expect(result.sortedLines == ["[0] saved 0", "[1] saved 1"])
    #expect(result.error.contains("asked the workers to save and stop"))
    #expect(!result.error.contains("failed"))
    try launcher.waitUntilGone(workers)
  }

  @Test func `TERM and USR1 of a batch system, soon after each other, are one request`() throws {
    let launcher = try LauncherProcess([
      "--nproc-per-node", "1", "bash", "-c",
      """
      trap 'sleep 0.5; echo saved; exit 0' TERM; echo $$ > $RANK; while :; do sleep 0.05; done
      """,
    ])
    try launcher.start()
    _ = try launcher.numbers(["0"])
    for number in [SIGUSR1, SIGTERM, SIGUSR1] {
      kill(launcher.pid, number)
      usleep(20_000)
    }
    let result = try launcher.finish()
    #expect(result.code == 128 + SIGUSR1 && result.output == "[0] saved\n")
  }

  @Test(arguments: [SIGTERM, SIGUSR1])
  func `a signal between two attempts ends the job`(number: Int32) throws {
    let launcher = try LauncherProcess(
      [
        "--nproc-per-node", "1", "--max-restarts", "1", "--restart-delay", "60", "sh", "-c",
        "exit 3",
      ], deadline: 30)
    try launcher.start()
    try launcher.waitUntil("the launcher waits") {
      (try? String(contentsOfFile: "\(launcher.folder)/err", encoding: .utf8))?
        .contains("restart 1 of 1") == true
    }
    kill(launcher.pid, number)
    #expect(try launcher.finish().code == 128 + number)
  }

  @Test(arguments: [
    (["--stop-signal", "INT", "./job"], "INT"), (["--stop-signal", "SIGUSR2", "./job"], "USR2"),
    (["./job"], "TERM"), (["./ddp-train"], "USR1"),
  ])
  func `workers are asked to stop by the signal that they expect, once`(
    arguments: [String], name: String
  ) throws {
    let launcher = try LauncherProcess(["--nproc-per-node", "2"] + arguments)
    let program = """
      #!/bin/bash
      for s in TERM INT HUP QUIT USR1 USR2; do trap "echo $s; last=1" $s; done
      echo $$ > $RANK; while [ -z "$last" ]; do sleep 0.05; done
      # The second worker needs longer, and the first ends with a code.
      [ $RANK = 0 ] && exit 143; for i in $(seq 60); do sleep 0.05; done; echo saved
      """
    for file in ["job", "ddp-train"] {
      try Data(program.utf8).write(to: URL(fileURLWithPath: "\(launcher.folder)/\(file)"))
      chmod("\(launcher.folder)/\(file)", 0o755)
    }
    try launcher.start()
    let workers = try launcher.numbers(["0", "1"])
    kill(launcher.pid, SIGHUP)
    let result = try launcher.finish()
    #expect(result.code == 128 + SIGHUP)
    #expect(result.sortedLines == ["[0] \(name)", "[1] \(name)", "[1] saved"])
    try launcher.waitUntilGone(workers)
  }

  @Test func `USR2 reaches every worker and what it started, and ends nothing`() throws {
    let launcher = try LauncherProcess([
      "--nproc-per-node", "2", "bash", "-c",
      """
      trap 'echo told $RANK' USR2
      (trap 'echo child $RANK; exit' USR2; echo 1 > child$RANK; while :; do sleep 0.05; done) &
      echo $$ > $RANK; wait; wait; echo done $RANK
      """,
    ])
    try launcher.start()
    _ = try launcher.numbers(["0", "1", "child0", "child1"])
    kill(launcher.pid, SIGUSR2)
    let result = try launcher.finish()
    #expect(result.code == 0)
    #expect(
      result.sortedLines
        == (0..<2).flatMap { ["[\($0)] child \($0)", "[\($0)] done \($0)", "[\($0)] told \($0)"] })
  }

  @Test func `workers that do not stop are ended after the grace period`() throws {
    let launcher = try LauncherProcess([
      "--nproc-per-node", "2", "--grace-period", "0.3", "bash", "-c",
      "trap '' USR1 TERM INT HUP; echo $$ > $RANK; while :; do sleep 0.05; done",
    ])
    try launcher.start()
    let workers = try launcher.numbers(["0", "1"])
    kill(launcher.pid, SIGTERM)
    #expect(try launcher.finish().code == 128 + SIGTERM)
    try launcher.waitUntilGone(workers)
  }

  @Test func `a second signal ends the workers at once`() throws {
    let launcher = try LauncherProcess([
      "--nproc-per-node", "2", "--grace-period", "1000", "bash", "-c",
      "trap '' TERM; echo $$ > $RANK; while :; do sleep 0.05; done",
    ])
    try launcher.start()
    let workers = try launcher.numbers(["0", "1"])
    kill(launcher.pid, SIGINT)
    try launcher.waitUntil("the first signal is answered") {
      (try? String(contentsOfFile: "\(launcher.folder)/err", encoding: .utf8))?
        .contains("asked the workers") == true
    }
    kill(launcher.pid, SIGINT)
    #expect(try launcher.finish().code == 128 + SIGINT)
    try launcher.waitUntilGone(workers)
  }

  @Test func `no worker outlives a launcher that was killed`() throws {
    let launcher = try LauncherProcess([
      "--nproc-per-node", "2", "bash", "-c",
      "trap '' USR1 TERM HUP INT; sleep 100 & echo $! > child$RANK; echo $$ > $RANK; wait",
    ])
    try launcher.start()
    let workers = try launcher.numbers(["0", "1", "child0", "child1"])
    kill(launcher.pid, SIGKILL)
    #expect(try launcher.finish().code == -SIGKILL)
    try launcher.waitUntilGone(workers)
  }

  @Test func `no worker outlives an mpirun that was killed, and that is reported`() throws {
    let launcher = try LauncherProcess([
      "--nproc-per-node", "2", "bash", "-c",
      // The keeper's parent is mpirun.
      "trap '' TERM HUP; cut -d' ' -f4 /proc/$PPID/stat > mpirun$RANK; echo $$ > $RANK;"
        + " while :; do sleep 1; done",
    ])
    try launcher.start()
    let workers = try launcher.numbers(["0", "1"])
    kill(try launcher.numbers(["mpirun0"])[0], SIGKILL)
    let result = try launcher.finish()
    #expect(result.code == 128 + SIGKILL)
    #expect(result.error.contains("mpirun failed: signal SIGKILL"))
    try launcher.waitUntilGone(workers)
  }
}
