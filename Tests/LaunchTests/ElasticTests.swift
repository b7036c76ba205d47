import Foundation
import Testing

/// Jobs whose number of workers changes; the workers are shell programs.
@Suite(.serialized, .enabled(if: LauncherProcess.hasMPI, "Open MPI's mpirun is not installed"))
struct ElasticTests {
  /// Notes each attempt's number, workers and restarts in a file.
  private static let note = "[ $RANK = 0 ] && echo $TORUS_RESTART_COUNT $WORLD_SIZE >> sizes; "
  /// As rank 0 tells that it has saved a checkpoint, and as all wait until they are asked to stop.
  private static let saveAndWait = """
    trap 'exit 143' TERM
    if [ $RANK = 0 ]; then
      echo '{"begin":3,"source":"disk","step":7,"saved":6}' > $TORUS_PROGRESS_FILE
    fi
    while :; do sleep 0.02; done
    """

  /// Has the first rank fail and the others wait for their end.
  private static func fail(_ code: Int) -> String {
    "[ $RANK = 0 ] && exit \(code); exec sleep 100"
  }

  private func run(
    _ options: String..., program: String
  ) throws -> (result: LauncherProcess.Result, sizes: [String]) {
    let launcher = try LauncherProcess(
      options + ["--restart-delay", "0", "sh", "-c", Self.note + program], deadline: 120)
    try launcher.start()
    let result = try launcher.finish()
    let sizes = try String(contentsOfFile: "\(launcher.folder)/sizes", encoding: .utf8)
    return (result, sizes.split(separator: "\n").map(String.init))
  }

  @Test func `a job that loses workers goes on with what is left`() throws {
    let (result, sizes) = try run(
      "--nproc-per-node", "2:4",
      program: """
        [ $WORLD_SIZE = 2 ] && exit 0
        [ $RANK = 1 ] || exec sleep 100
        while ! tail -n 1 sizes | grep -q "^$TORUS_RESTART_COUNT "; do sleep 0.02; done
        kill -KILL $$
        """)
    #expect(result.code == 0, "\(result.error)")
    #expect(sizes == ["0 4", "1 3", "2 2"])
    #expect(
      result.error.contains(
        "ddp-launch: no restart with as many workers is allowed (--max-restarts): going on with one"
          + " worker fewer, with at least 2 on a host\n"), "\(result.error)")
  }

  @Test func `restarts count anew for each number, and the fewest are not gone below`() throws {
    let (result, sizes) = try run(
      "--nproc-per-node", "1:2", "--max-restarts", "1", program: Self.fail(5))
    #expect(result.code == 5)
    #expect(sizes == ["0 2", "1 2", "2 1", "3 1"])
    #expect(
      result.error.contains("the restart with as many workers is used up: going on with one"))
  }

  @Test func `a wrong command line is not tried with fewer`() throws {
    let (result, sizes) = try run("--nproc-per-node", "1:2", program: Self.fail(64))
    #expect(result.code == 64 && sizes == ["0 2"])
  }

  @Test func `lost workers come back at a checkpoint, and what is done twice is said`() throws {
    let (result, sizes) = try run(
      "--nproc-per-node", "1:2", "--grow-interval", "0",
      program: """
        case $TORUS_RESTART_COUNT in
        0)
          [ $RANK = 0 ] || exec sleep 100
          echo '{"begin":0,"source":"start","step":5,"saved":3}' > $TORUS_PROGRESS_FILE
          exit 9;;
        1) \(Self.saveAndWait) ;;
        esac
        """)
    #expect(result.code == 0, "\(result.error)")
    #expect(sizes == ["0 2", "1 1", "2 2"])
    #expect(
      result.error.contains(
        "ddp-launch: goes on from the checkpoint on disk of step 3; 2 steps are done twice\n"),
      "\(result.error)")
    #expect(
      result.error.contains("some workers were given up: asked the workers to save and stop"))
  }

  @Test func `workers that fail as soon as they are back are done without again`() throws {
    let (result, sizes) = try run(
      "--nproc-per-node", "1:2", "--grow-interval", "0",
      program: """
        case $TORUS_RESTART_COUNT in
        0 | 2) \(Self.fail(9));;
        1) \(Self.saveAndWait) ;;
        esac
        """)
    #expect(result.code == 0, "\(result.error)")
    #expect(sizes == ["0 2", "1 1", "2 2", "3 1"])
    #expect(
      result.error.contains(
        "it failed with more workers before it had saved a checkpoint: going back to as many as"
          + " before"), "\(result.error)")
  }

  @Test func `a job that ends when it is asked to make room for more has ended`() throws {
    let (result, sizes) = try run(
      "--nproc-per-node", "1:2", "--grow-interval", "0",
      program: """
        [ $TORUS_RESTART_COUNT = 0 ] && { \(Self.fail(9)); }
        \(Self.saveAndWait.replacing("exit 143", with: "exit 0"))
        """)
    #expect(result.code == 0, "\(result.error)")
    #expect(sizes == ["0 2", "1 1"])
  }

  @Test func `a job that never says that it saved is not given more`() throws {
    let (result, sizes) = try run(
      "--nproc-per-node", "1:2", "--grow-interval", "0",
      program: """
        [ $TORUS_RESTART_COUNT = 0 ] && { \(Self.fail(9)); }
        trap 'exit 143' TERM
        sleep 1.5
        """)
    #expect(result.code == 0, "\(result.error)")
    #expect(sizes == ["0 2", "1 1"])
  }

  @Test func `what a killed launcher has left in memory is removed by the next`() throws {
    let killed = try LauncherProcess([
      "--nproc-per-node", "1", "--max-restarts", "1", "sh", "-c",
      "mkdir -p $TORUS_MEMORY_FOLDER/x; echo $TORUS_MEMORY_FOLDER > folder; echo $PPID > keeper;"
        + " echo $$ > 0; exec sleep 100",
    ])
    try killed.start()
    let worker = try killed.numbers(["0", "keeper"])
    let folder = try String(contentsOfFile: "\(killed.folder)/folder", encoding: .utf8)
      .trimmingCharacters(in: .newlines)
    func isThere() -> Bool { FileManager.default.fileExists(atPath: "\(folder)/x") }
    // A launcher that runs is left alone by another, and a job that is gone altogether is not.
    for isAlive in [true, false] {
      if !isAlive {
        // Nobody is left who would clean up.
        for pid in [worker[1], killed.pid] { kill(pid, SIGKILL) }
        _ = try killed.finish()
        try killed.waitUntilGone(worker)
      }
      let next = try LauncherProcess.run(
        "--nproc-per-node", "1", "--max-restarts", "1", "true")
      #expect(next.code == 0, "\(next.error)")
      #expect(isThere() == isAlive)
    }
  }
}
