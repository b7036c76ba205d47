import Foundation
import Testing
import ddp_launch

/// Folders for checkpoints in memory on the hosts of a job.
@Suite(.serialized, .enabled(if: LauncherProcess.hasMPI, "Open MPI's mpirun is not installed"))
struct MemoryFolderTests {
  private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  /// A name that no other folder has.
  private func name() -> String { "0-\(UUID().uuidString.prefix(8))-\(getpid())" }

  private func holder(_ name: String) throws -> Process {
    let process = Process()
    process.executableURL = LauncherProcess.products.appendingPathComponent("ddp-launch")
    process.arguments = MemoryHolder.arguments(folder: name)
    try process.run()
    return process
  }

  /// Tries for ten seconds.
  private func within(_ condition: () -> Bool) -> Bool {
    for _ in 0..<1000 where !condition() { usleep(10_000) }
    return condition()
  }

  @Test func `a folder is there until the last that has it leaves`() throws {
    let name = name()
    let first = try #require(MemoryFolder(joining: name))
    let second = try #require(MemoryFolder(joining: name))
    #expect(first.path == second.path && first.path.hasSuffix("-\(name)"))
    try Data([1]).write(to: URL(fileURLWithPath: "\(first.path)/x"))
    first.leave()
    #expect(exists("\(second.path)/x"))
    second.leave()
    #expect(!exists(second.path))
  }

  @Test(arguments: [SIGTERM, SIGKILL])
  func `a holder's end removes its folder, and no other's`(signal: Int32) throws {
    let name = name()
    let own = try #require(MemoryFolder(joining: name))
    let other = try #require(MemoryFolder(joining: "\(name)1"))
    let holder = try holder(name)
    // It has the folder once this process alone cannot remove it.
    #expect(
      within {
        own.leave()
        return exists(own.path)
      })
    kill(holder.processIdentifier, signal)
    holder.waitUntilExit()
    #expect(within { !exists(own.path) })
    #expect(exists(other.path))
    other.leave()
  }

  @Test func `what workers of named hosts leave in memory outlives them, and not the job`() throws {
    let launcher = try LauncherProcess([
      "--host", "localhost:2", "--max-restarts", "1", "--restart-delay", "0", "sh", "-c",
      """
      [ $RANK$TORUS_RESTART_COUNT = 10 ] && exec sleep 100
      [ $RANK = 0 ] || exit 0
      echo $TORUS_MEMORY_FOLDER >> folders
      [ $TORUS_RESTART_COUNT = 0 ] || { cat $TORUS_MEMORY_FOLDER/x >> found; exit; }
      echo 7 > $TORUS_MEMORY_FOLDER/x
      # The process that keeps it is there soon.
      while ! grep -qsxz 'alon[e]' /proc/[0-9]*/cmdline; do sleep 0.05; done
      sleep 0.5
      exit 3
      """,
    ])
    try launcher.start()
    let result = try launcher.finish()
    #expect(result.code == 0, "\(result.error)")
    func lines(_ name: String) throws -> [String] {
      try String(contentsOfFile: "\(launcher.folder)/\(name)", encoding: .utf8)
        .split(separator: "\n").map(String.init)
    }
    let folders = try lines("folders")
    #expect(folders.count == 2 && folders[0] == folders[1])
    #expect(try lines("found") == ["7"])
    #expect(!exists(folders[0]))
  }

  @Test func `a host that comes back has a folder of another name`() throws {
    var plan = MemoryPlan(job: "7f-12", since: [0: 1, 1: 3])
    #expect(MemoryPlan(plan.text) == plan)
    let names = (0..<3).map { plan.folder(ofHost: $0, attempt: 4) }
    #expect(names == ["1-7f-12", "3-7f-12", "4-7f-12"])
    plan.since = [:]
    #expect(plan.text == "7f-12" && MemoryPlan(plan.text) == plan)
    for text in ["", ",0=1", "a,0", "a,0=", "a,x=1", "a,0=1=2"] { #expect(MemoryPlan(text) == nil) }
  }
}
