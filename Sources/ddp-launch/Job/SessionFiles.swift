import CProcess
import Foundation

/// What Open MPI leaves behind where mpirun is killed: shared memory, which nobody else frees, and the
/// folder of its session.
enum SessionFiles {
  private static let kinds = ["vader_segment.", "osc_sm.", "osc_rdma.", "sm_segment."]

  /// The variable by which workers know ``memoryFolder``.
  static let memoryVariable = "TORUS_MEMORY_FOLDER"

  /// A folder for checkpoints in memory, this launcher's own; nil where there is no shared memory. What this
  /// user's launchers have left that were killed is removed.
  static func memoryFolder() -> String? {
    let shared = Machine.otherSharedFolder ?? "/dev/shm"
    guard access(shared, W_OK) == 0 else { return nil }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: shared)) ?? []
    for name in names where name.hasPrefix("\(memoryPrefix)\(geteuid())-") {
      removeOrphanedMemory(environment: [memoryVariable: "\(shared)/\(name)"])
    }
    return "\(shared)/\(memoryPrefix)\(geteuid())-\(getpid())"
  }

  private static let memoryPrefix = "torus-memory-"

  /// Removes a folder of that kind.
  static func removeMemory(_ folder: String) {
    guard URL(fileURLWithPath: folder).lastPathComponent.hasPrefix(memoryPrefix) else { return }
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Removes the folder where its launcher is gone, which would have gone on from it and removed it.
  static func removeOrphanedMemory(environment: [String: String]) {
    guard let memory = environment[memoryVariable],
      let launcher = memory.split(separator: "-").last.flatMap({ pid_t($0) }),
      // Nobody may have waited for it yet.
      kill(launcher, 0) != 0 || torus_process_state(launcher) == CChar(UInt8(ascii: "Z"))
    else { return }
    removeMemory(memory)
  }

  /// Removes the shared memory of a job on this machine, and nothing of any other's.
  ///
  /// Open MPI names it `vader_segment.HOST.USER.JOB.RANK`, with the job's number in hexadecimal.
  static func removeSharedMemory(
    ofJob job: UInt32, environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    let mark = ".\(String(job, radix: 16))."
    let others = ["osc_sm", "btl_vader"].compactMap {
      environment["OMPI_MCA_\($0)_backing_directory"]
    }
    for folder in Set(["/dev/shm"] + others) {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      for name in names where name.contains(mark) && kinds.contains(where: { name.hasPrefix($0) }) {
        unlink("\(folder)/\(name)")
      }
    }
  }

  /// Removes what the job of this process's environment has left, once mpirun is gone.
  static func removeOwn(environment: [String: String] = ProcessInfo.processInfo.environment) {
    removeOrphanedMemory(environment: environment)
    if let job = environment["PMIX_NAMESPACE"].flatMap({ UInt32($0) }) {
      removeSharedMemory(ofJob: job, environment: environment)
    }
    // A path that Open MPI made for this job alone: …/ompi.HOST.USER/pid.NUMBER
    guard let folder = environment["PMIX_SERVER_TMPDIR"], folder.contains("/ompi."),
      URL(fileURLWithPath: folder).lastPathComponent.hasPrefix("pid.")
    else { return }
    try? FileManager.default.removeItem(atPath: folder)
  }
}
