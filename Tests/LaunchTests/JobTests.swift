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
    let odd = [
      "", "a b", "--flag", "ü\"'$x`", "line\nbreak", "*", "-n", ":", "\\:", "a:b", "::", "--", ":",
    ]
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
