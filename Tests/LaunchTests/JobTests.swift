import Foundation
import Testing

/// Whole jobs whose workers are small shell programs.
@Suite(.serialized, .enabled(if: LauncherProcess.hasMPI, "Open MPI's mpirun is not installed"))
struct JobTests {
  @Test func `every worker gets torchrun's variables, and each line has its rank`() throws {
    let result = try LauncherProcess.run(
      "--nproc-per-node", "3", "--run-id", "j1", "--master-port", "4711", "--", "sh", "-c",
      """
      echo "$LOCAL_RANK $GROUP_RANK $WORLD_SIZE $LOCAL_WORLD_SIZE $MASTER_ADDR:$MASTER_PORT"
      echo "$TORUS_RESTART_COUNT $TORCHELASTIC_MAX_RESTARTS $TORUS_RUN_ID $TORUS_TERMINAL"
      echo "[$RANK] is no prefix <of> mine" >&2
      """)
    #expect(result.code == 0)
    #expect(
      result.sortedLines
        == (0..<3).flatMap {
          ["[\($0)] 0 0 j1 0", "[\($0)] \($0) 0 3 3 127.0.0.1:4711"].sorted()
        })
    for rank in 0..<3 {
      #expect(result.error.contains("[\(rank)] [\(rank)] is no prefix <of> mine\n"))
    }
  }

  @Test func `what options of ours and of mpirun's set reaches each worker`() throws {
    let result = try LauncherProcess.run(
      "--nproc-per-node", "2", "--threads-per-rank", "3", "--rdzv-id", "j2", "--master-addr",
      "10.0.0.1", "--mpi-option=-x GREETING=hello", "sh", "-c",
      "echo $OMP_NUM_THREADS $TORUS_RUN_ID $TORCHELASTIC_RUN_ID $MASTER_ADDR $GREETING $ROLE_NAME",
      environment: ["OMP_NUM_THREADS": "9"])
    #expect(result.code == 0, "\(result.error)")
    #expect(
      result.sortedLines == (0..<2).map { "[\($0)] 3 j2 j2 10.0.0.1 hello default" })
  }

  @Test func `PBS's hosts have a worker for each line, which --standalone ignores`() throws {
    for (options, lines) in [
      ([], ["[0] 0 of 2", "[1] 1 of 2"]), (["--standalone"], ["[0] 0 of 1"]),
    ] {
      let launcher = try LauncherProcess(
        options + ["sh", "-c", "echo $RANK of $LOCAL_WORLD_SIZE"],
        environment: ["PBS_NODEFILE": "nodes"])
      try Data("localhost\nlocalhost\n".utf8)
        .write(to: URL(fileURLWithPath: "\(launcher.folder)/nodes"))
      try launcher.start()
      let result = try launcher.finish()
      #expect(result.code == 0 && result.sortedLines == lines, "\(result.error)")
    }
  }

  @Test func `a long monitor interval delays neither output nor the end`() throws {
    let result = try LauncherProcess.run(
      "--nproc-per-node", "2", "--monitor-interval", "3600", "sh", "-c", "echo out; exit 3",
      deadline: 30)
    #expect(result.code == 3 && result.error.contains("failed first: exit code 3"))
  }

  @Test func `logs are put aside at the limit that is given`() throws {
    let launcher = try LauncherProcess([
      "--nproc-per-node", "1", "--log-dir", "logs", "--log-limit", "1", "--rdzv-id", "r", "sh",
      "-c", "head -c 1500000 /dev/zero | tr '\\0' x | fold -w 1000",
    ])
    try launcher.start()
    let code = try launcher.finish().code
    let sizes = try ["stdout.log.1", "stdout.log"].map { name in
      try Data(contentsOf: URL(fileURLWithPath: "\(launcher.folder)/logs/r/attempt_0/0/\(name)"))
        .count
    }
    #expect(code == 0 && sizes[0] <= 1 << 20 && sizes[0] > 1_040_000)
    #expect(sizes[0] + sizes[1] == 1_501_500)
  }

  @Test func `arguments and output arrive byte for byte`() throws {
    let odd = ["", "a b", "--flag", "ü\"'$x`", "line\nbreak", "*", "-n"]
    let launcher = try LauncherProcess(
      ["--nproc-per-node", "1", "--log-dir", "logs", "--run-id", "r", "sh", "-c"]
        + [
          "for a in \"$@\"; do printf '%s|' \"$a\"; done; printf '\\020<[1,0]<stdout>:\\n no end'",
          "sh",
        ]
        + odd)
    try launcher.start()
    let code = try launcher.finish().code
    #expect(code == 0)
    let log = try String(
      contentsOfFile: "\(launcher.folder)/logs/r/attempt_0/0/stdout.log", encoding: .utf8)
    #expect(log == odd.map { "\($0)|" }.joined() + "\u{10}<[1,0]<stdout>:\n no end\n")
  }

  @Test func `much output of many ranks comes whole and in each rank's order`() throws {
    let result = try LauncherProcess.run(
      "--nproc-per-node", "4", "sh", "-c",
      "i=0; while [ $i -lt 1500 ]; do printf '%d %0180d\\n' $i 0; i=$((i+1)); done",
      deadline: 60)
    #expect(result.code == 0)
    let zeros = String(repeating: "0", count: 180)
    for rank in 0..<4 {
      let lines = result.output.split(separator: "\n").filter { $0.hasPrefix("[\(rank)] ") }
      #expect(lines.count == 1500)
      #expect(lines.enumerated().allSatisfy { $1 == "[\(rank)] \($0) \(zeros)" })
    }
  }

  @Test func `the first failure is reported, and the others are ended`() throws {
    let launcher = try LauncherProcess([
      "--nproc-per-node", "4", "sh", "-c",
      """
      echo $$ > $RANK
      [ $RANK = 2 ] || exec sleep 100
      while [ ! -s 0 ] || [ ! -s 1 ] || [ ! -s 3 ]; do sleep 0.02; done
      echo "first words" >&2; echo "last words" >&2; exit 3
      """,
    ])
    try launcher.start()
    let workers = try launcher.numbers(["0", "1", "2", "3"])
    let result = try launcher.finish()
    #expect(result.code == 3)
    #expect(result.error.contains("rank 2 failed first: exit code 3 (host "))
    #expect(result.error.contains("ddp-launch:     first words\nddp-launch:     last words\n"))
    #expect(result.error.contains("the other 3 ranks were ended"))
    try launcher.waitUntilGone(workers)
  }

  @Test(arguments: [("KILL", SIGKILL), ("SEGV", SIGSEGV), ("ABRT", SIGABRT)])
  func `a rank that a signal ended is reported by the signal's name`(
    name: String, number: Int32
  ) throws {
    let result = try LauncherProcess.run(
      "--nproc-per-node", "2", "sh", "-c", "[ $RANK = 0 ] && exec sleep 100; kill -\(name) $$")
    #expect(result.code == 128 + number)
    #expect(result.error.contains("rank 1 failed first: signal SIG\(name) ("))
  }

  @Test func `a rank that leaves an error file is reported by its words, and the file goes`() throws
  {
    let launcher = try LauncherProcess(
      [
        "--nproc-per-node", "3", "sh", "-c",
        """
        echo $$ > $RANK
        [ $RANK = 1 ] || exec sleep 100
        while [ ! -s 0 ] || [ ! -s 2 ]; do sleep 0.02; done
        echo '{"message": "no such shard", "timestamp": 1, "waits_for": [2]}' > "$TORUS_ERROR_FILE"
        echo "$TORUS_ERROR_FILE" > file; echo "it failed" >&2
        # The cause is known at once, whatever keeps the program from ending.
        exec sleep 0.5
        """,
      ])
    try launcher.start()
    let workers = try launcher.numbers(["0", "1", "2"])
    let pid = try #require(workers.first)
    let path = "\(launcher.folder)/file"
    try launcher.waitUntil("the worker has failed") {
      FileManager.default.fileExists(atPath: path)
    }
    kill(pid, SIGKILL)
    let result = try launcher.finish()
    #expect(result.error.contains("rank 1 failed first: no such shard (host "), "\(result.error)")
    #expect(result.error.contains("it waited for rank 2, which said nothing on standard error"))
    #expect(result.error.contains("ddp-launch: rank 1 said besides:\nddp-launch:     it failed\n"))
    let file = try String(contentsOfFile: path, encoding: .utf8)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(!file.isEmpty && !FileManager.default.fileExists(atPath: file))
    try launcher.waitUntilGone(workers)
  }

  @Test func `a stopped rank does not keep a failed job alive`() throws {
    let launcher = try LauncherProcess([
      "--nproc-per-node", "2", "sh", "-c",
      "echo $$ > $RANK; while [ ! -s 0 ] || [ ! -s 1 ]; do sleep 0.02; done;"
        + " [ $RANK = 0 ] && kill -STOP $$; sleep 0.2; exit 5",
    ])
    try launcher.start()
    let workers = try launcher.numbers(["0", "1"])
    #expect(try launcher.finish().code == 5)
    try launcher.waitUntilGone(workers)
  }

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

  @Test func `a failed job restarts, waits longer each time, and keeps its logs`() throws {
    let launcher = try LauncherProcess([
      "--nproc-per-node", "2", "--max-restarts", "2", "--restart-delay", "0.05", "--log-dir",
      "logs", "--run-id", "r", "sh", "-c",
      "echo try $TORUS_RESTART_COUNT of $TORUS_MAX_RESTARTS; [ $TORUS_RESTART_COUNT = 2 ] || exit 4",
    ])
    try launcher.start()
    let result = try launcher.finish()
    #expect(result.code == 0)
    #expect(result.error.contains("restart 1 of 2 in 0.1 s"))
    #expect(result.error.contains("restart 2 of 2 in 0.1 s"))
    for attempt in 0...2 {
      for rank in 0...1 {
        let path = "\(launcher.folder)/logs/r/attempt_\(attempt)/\(rank)/stdout.log"
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "try \(attempt) of 2\n")
      }
    }
  }

  @Test func `ddp-train resumes after a restart, and a wrong command line is not restarted`() throws
  {
    let launcher = try LauncherProcess([
      "--nproc-per-node", "1", "--max-restarts", "5", "--restart-delay", "0", "./ddp-train", "x",
    ])
    let program = "#!/bin/sh\necho \"$@\"; [ $TORUS_RESTART_COUNT = 0 ] && exit 1; exit 64\n"
    try Data(program.utf8).write(to: URL(fileURLWithPath: "\(launcher.folder)/ddp-train"))
    chmod("\(launcher.folder)/ddp-train", 0o755)
    try launcher.start()
    let result = try launcher.finish()
    #expect(result.code == 64)
    #expect(result.output == "[0] x\n[0] x --resume\n")
  }

  @Test func `streams are shown, teed or redirected as chosen`() throws {
    let launcher = try LauncherProcess([
      "--nproc-per-node", "3", "--log-dir", "logs", "--run-id", "r", "--redirects", "0:3",
      "--tee", "1:2", "--local-ranks-filter", "0,1", "sh", "-c", "echo out; echo err >&2",
    ])
    try launcher.start()
    let result = try launcher.finish()
    #expect(result.code == 0)
    #expect(result.output == "[1] out\n" && result.error == "[1] err\n")
    let files = FileManager.default.enumerator(atPath: "\(launcher.folder)/logs")?
      .compactMap { $0 as? String }.filter { $0.hasSuffix(".log") }.sorted()
    #expect(
      files == ["0/stderr.log", "0/stdout.log", "1/stderr.log"].map { "r/attempt_0/\($0)" })
  }

  @Test func `within another mpirun's job a job of its own starts`() throws {
    let own = LauncherProcess.products.appendingPathComponent("ddp-launch").path
    let result = try LauncherProcess.run(
      "--nproc-per-node", "1", own, "--nproc-per-node", "2", "sh", "-c", "echo $RANK of $WORLD_SIZE"
    )
    #expect(result.code == 0)
    #expect(result.sortedLines == ["[0] [0] 0 of 2", "[0] [1] 1 of 2"])
  }

  @Test func `the doctor starts a job of its own`() throws {
    let result = try LauncherProcess.run("doctor")
    #expect(result.code == 0, "\(result.output)")
    #expect(result.output.contains("started two workers"))
    for subject in [
      "environment", "root", "slots", "binding", "single copy", "shared memory", "BLAS", "clock",
    ] {
      #expect(result.output.contains(subject))
    }
  }
}

/// What is refused before anything starts.
@Suite struct RefusalTests {
  @Test(
    arguments: [
      ([], 64, "no program named"),
      (["--nproc-per-node", "0", "sh"], 64, "give a number from 1, auto or cpu"),
      (["--nproc-per-node", "gpu", "sh"], 64, "give a number from 1, auto or cpu"),
      (["--nproc-per-node", "1000000", "sh"], 64, "no host runs more than 65536"),
      (["--nproc-per-node", "9223372036854775807", "sh"], 64, "no host runs more than 65536"),
      (["--nproc-per-node", "99999999999999999999", "sh"], 64, "give a number from 1"),
      (["--nproc-per-node", "65536", "sh"], 64, "65536 workers are too many: at most "),
      (["-H", "localhost:65536", "sh"], 64, "65536 workers are too many: at most "),
      (["-H", "a:9223372036854775807,b:9223372036854775807", "sh"], 64, "1 to 65536 workers each"),
      (
        ["-H", (0..<17).map { "a\($0):65536" }.joined(separator: ","), "sh"], 64,
        "1114112 workers are too many: at most 1048576"
      ),
      (["--max-restarts", "9223372036854775807", "sh"], 64, "a number from 0 to 2147483647"),
      (["--nnodes", "9223372036854775807", "sh"], 69, "hosts are needed and 1 is there"),
      (["--master-port", "9223372036854775807", "sh"], 64, "give a port from 1 to 65535"),
      (["--threads-per-rank", "9223372036854775807", "sh"], 64, "give a number from 1"),
      (["--log-limit", "9223372036854775807", "sh"], 64, "MiB from 1 to 1048576"),
      (["--monitor-interval", "1e30", "sh"], 64, "give seconds from 0.01 to 3600"),
      (["--restart-delay", "1e308", "sh"], 64, "give seconds from 0 to 60"),
      (["--hostfile=~no-such-user/hosts", "sh"], 64, "names no user no-such-user"),
      (["--nnodes", "3:2", "sh"], 64, "MIN:MAX"),
      (["--nnodes", "2", "sh"], 69, "2 hosts are needed and 1 is there"),
      (["--tee", "7", "--log-dir", "x", "sh"], 64, "--tee 7: give 0 (none), 1 (out)"),
      (["--redirects", "1", "sh"], 64, "--log-dir (not given)"),
      (["--local-ranks-filter", "a", "sh"], 64, "give ranks as in 0,1"),
      (["--stop-signal", "KILL", "sh"], 64, "give one of TERM, INT, HUP, QUIT, USR1, USR2"),
      (["--bind-to", "moon", "sh"], 64, "auto, none, core, numa"),
      (["--rdzv-id", "../../evil", "sh"], 64, "--rdzv-id ../../evil: give a name without '/'"),
      (["--run-id", "..", "sh"], 64, "give a name without '/'"),
      (["--rdzv-id", "", "sh"], 64, "--rdzv-id '': give a name"),
      (["--threads-per-rank", "0", "sh"], 64, "--threads-per-rank 0: give a number from 1"),
      (["--threads-per-rank=-2", "sh"], 64, "--threads-per-rank -2: give a number from 1"),
      (["--master-port", "999999", "sh"], 64, "--master-port 999999: give a port from 1 to 65535"),
      (["--master-port=-1", "sh"], 64, "or leave it out for one that is free"),
      (["--max-restarts=-3", "sh"], 64, "--max-restarts -3: give a number from 0"),
      (["--grace-period=-5", "sh"], 64, "--grace-period -5.0: give seconds from 0"),
      (["--grace-period", "nan", "sh"], 64, "--grace-period nan: give seconds from 0"),
      (["--restart-delay=-1", "sh"], 64, "give seconds from 0 to 60"),
      (["--log-limit", "0", "sh"], 64, "--log-limit 0: give MiB from 1 to 1048576"),
      (["--log-limit=-1", "sh"], 64, "--log-limit -1: give MiB from 1"),
      (["--monitor-interval", "0", "sh"], 64, "give seconds from 0.01 to 3600"),
      (["--local-ranks-filter=-1", "sh"], 64, "give ranks as in 0,1"),
      (["--local-ranks-filter", "1", "sh"], 64, "give 0, or leave it out: a host runs 1 worker"),
      (
        ["--nproc-per-node", "2", "--local-ranks-filter", "0,7", "sh"], 64,
        "--local-ranks-filter 0,7: give ranks from 0 to 1: a host runs 2 workers"
      ),
      (["-H", "a:2,b:3", "--local-ranks-filter", "3", "sh"], 64, "give ranks from 0 to 2"),
      (["--hostfile", "/nonexistent/hosts", "sh"], 64, "the host file cannot be read"),
      (["--nprocs", "3", "sh"], 64, "no option --nprocs"),
      (["--rdzv-backend", "c10d", "sh"], 64, "mpirun brings the hosts together"),
      (["--rdzv_endpoint=a:1", "sh"], 64, "no option --rdzv_endpoint=a:1: mpirun brings"),
      (["--node_rank", "0", "sh"], 64, "leave it out, and start the job once"),
      (["--role", "trainer", "sh"], 64, "all workers have one role; leave it out"),
      (["-m", "package", "sh"], 64, "as in ddp-launch python3 -m MODULE"),
      (["--no-python", "sh"], 64, "every program is run as it is"),
      (["--start-method", "spawn", "sh"], 64, "each worker is a process of its own"),
      (["--log-dir", "/proc/x", "sh"], 73, "choose another --log-dir"),
      (["no-such-program"], 127, "program 'no-such-program' not found; looked in /"),
      (["ddp-nothing"], 127, "Build it: swift build -c release"),
      (["/etc/passwd"], 126, "chmod +x /etc/passwd"),
      (["--mpirun", "/nonexistent/mpirun", "sh"], 69, "apt-get install openmpi-bin"),
      (["--mpirun", "/bin/echo", "sh"], 69, "is not Open MPI's mpirun but echo"),
    ] as [([String], Int32, String)])
  func `a mistake is named with its remedy`(
    arguments: [String], code: Int32, message: String
  ) throws {
    let launcher = try LauncherProcess(arguments)
    try launcher.start()
    let result = try launcher.finish()
    #expect(result.code == code)
    #expect(result.error.contains(message), "\(result.error)")
    #expect(result.output == "")
  }

  @Test func `the doctor says what to install where mpirun is missing`() throws {
    let result = try LauncherProcess.run("doctor", "--mpirun", "/nonexistent/mpirun")
    #expect(result.code == 1)
    #expect(result.output.contains("broken  Open MPI"))
    #expect(result.output.contains("apt-get install openmpi-bin"))
  }
}
