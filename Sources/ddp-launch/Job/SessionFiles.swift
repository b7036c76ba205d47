import CProcess
import Foundation

/// What Open MPI leaves behind where mpirun is killed: shared memory, which nobody else frees, and the
/// folder of its session.
enum SessionFiles {
  private static let kinds = ["vader_segment.", "osc_sm.", "osc_rdma.", "sm_segment."]

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
    MemoryFolder.removeOrphan(environment: environment)
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
