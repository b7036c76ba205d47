import Foundation

/// What a launcher says of this process in its environment: that it is one rank of several.
///
/// A launcher sets several variables together. A shell may have kept some of them from a job that is
/// over; those make no rank and are named in ``leftOvers``.
package struct LaunchVariables: Sendable {
  /// Variables that an earlier job has left.
  package struct LeftOver: Sendable, Equatable {
    /// Their names, in alphabetical order.
    package let names: [String]
    /// Why they do not count: `they come without PMIX_NAMESPACE`.
    package let reason: String

    package init(names: [String], reason: String) {
      self.names = names.sorted()
      self.reason = reason
    }

    /// `PMI_RANK is left over from another job (no PMI_SIZE): ignored; unset it`
    package var description: String {
      let isOne = names.count == 1
      return names.joined(separator: ", ") + (isOne ? " is" : " are")
        + " left over from another job (\(reason)): ignored; unset \(isOne ? "it" : "them")"
    }
  }

  /// Whether a launcher made this process one rank of an MPI job.
  package let isMPI: Bool
  /// This process's rank; 0 where no launcher gave it one.
  package let rank: Int
  /// The tasks of the Slurm step that this process is one of; nil outside of one.
  package let stepTasks: Int?
  /// What is in the environment and means nothing.
  package let leftOvers: [LeftOver]

  /// Reads an environment.
  ///
  /// - Parameters:
  ///   - isOpen: Whether a descriptor is open here.
  ///   - isProcess: Whether a process of that number runs here.
  ///   - isThere: Whether a file or folder exists.
  ///   - answers: Whether something takes TCP connections at an address such as `127.0.0.1:4711`.
  package init(
    environment: [String: String], isOpen: (Int32) -> Bool = { fcntl($0, F_GETFD) >= 0 },
    isProcess: (Int32) -> Bool = { kill($0, 0) == 0 || errno == EPERM },
    isThere: (String) -> Bool = { access($0, F_OK) == 0 },
    answers: (String) -> Bool = LocalServer.answers
  ) {
    func number(_ name: String) -> Int? {
      environment[name].flatMap { Int($0) }.flatMap { (0...Int(Int32.max)).contains($0) ? $0 : nil }
    }
    func names(_ prefixes: String...) -> [String] {
      environment.keys.filter { name in prefixes.contains { name.hasPrefix($0) } }
    }
    var leftOvers: [LeftOver] = []
    func leave(_ names: [String], _ reason: String) {
      if !names.isEmpty { leftOvers.append(LeftOver(names: names, reason: reason)) }
    }

    // PMIx: Open MPI's mpirun, and srun --mpi=pmix.
    let servers = names("PMIX_SERVER_URI").compactMap { environment[$0] }
    let mpirun = ["RANK", "SIZE", "LOCAL_RANK", "LOCAL_SIZE", "NODE_RANK"]
      .map { "OMPI_COMM_WORLD_\($0)" }.filter { environment[$0] != nil }
    let pmixMarks = ["PMIX_RANK", "PMIX_NAMESPACE"].filter { environment[$0] != nil }
    var pmix: Int?
    if let rank = number("PMIX_RANK"), environment["PMIX_NAMESPACE"] != nil, !servers.isEmpty {
      // A container may not show the server's folder: only one that also does not answer is gone.
      let folder = environment["PMIX_SERVER_TMPDIR"]
      if folder.map(isThere) ?? true || servers.contains(where: { Self.isAlive($0, answers) }) {
        pmix = rank
      } else {
        leave(pmixMarks + mpirun, "the mpirun that set them is gone")
      }
    } else {
      leave(
        pmixMarks + mpirun,
        environment["PMIX_RANK"] == nil
          ? "no PMIX_RANK" : "no PMIX_NAMESPACE with the address of its server")
    }

    // PMI: srun --mpi=pmi2, MPICH, Intel MPI.
    let pmiMarks = ["PMI_RANK", "PMI_SIZE", "PMI_FD", "MPI_LOCALNRANKS", "MPI_LOCALRANKID"].filter {
      environment[$0] != nil
    }
    var pmi: Int?
    if let rank = number("PMI_RANK"), let size = number("PMI_SIZE"), rank < size {
      let descriptor = environment["PMI_FD"]
      let ways = names("PMI_PORT", "PMI_ADDR", "PMI_CONTROL_PORT", "PMI_ID", "PALS_", "ALPS_")
      if let descriptor {
        if Int32(descriptor).map(isOpen) ?? false {
          pmi = rank
        } else {
          leave(pmiMarks, "descriptor \(descriptor) of PMI_FD is not open")
        }
      } else if !ways.isEmpty {
        pmi = rank
      } else {
        leave(pmiMarks, "no PMI_FD or PMI_PORT")
      }
    } else {
      leave(pmiMarks, environment["PMI_RANK"] == nil ? "no PMI_RANK" : "no PMI_SIZE above it")
    }

    // A step of srun, whose tasks are ranks only by one of the ways above.
    let hasJob = environment["SLURM_JOB_ID"] ?? environment["SLURM_JOBID"] != nil
    let task = number("SLURM_TASK_PID").map { isProcess(Int32($0)) }
    let stepMarks = ["SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_ID", "SLURM_LOCALID"]
      .filter { environment[$0] != nil }
    if hasJob, task ?? true {
      stepTasks =
        environment["SLURM_STEP_ID"] ?? environment["SLURM_STEPID"] == nil
        ? nil : number("SLURM_STEP_NUM_TASKS")
    } else {
      stepTasks = nil
      leave(stepMarks, hasJob ? "its task has ended" : "no SLURM_JOB_ID")
    }
    isMPI = pmix != nil || pmi != nil
    rank = pmix ?? pmi ?? ((stepTasks ?? 1) > 1 ? number("SLURM_PROCID") ?? 0 : 0)
    self.leftOvers = leftOvers
  }

  /// Whether a PMIx server such as `4711.0;tcp4://127.0.0.1:39143` takes connections; one that is not
  /// reached by TCP counts as alive.
  private static func isAlive(_ server: String, _ answers: (String) -> Bool) -> Bool {
    guard let range = server.range(of: "tcp4://") else { return true }
    return answers(String(server[range.upperBound...]))
  }
}

/// A server on this machine.
package enum LocalServer {
  /// Whether something takes TCP connections at `127.0.0.1:4711`.
  package static func answers(_ address: String) -> Bool {
    let parts = address.split(separator: ":")
    guard parts.count == 2, let port = UInt16(parts[1]) else { return true }
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = port.bigEndian
    guard inet_pton(AF_INET, String(parts[0]), &place.sin_addr) == 1 else { return true }
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    let descriptor = socket(AF_INET, kind, 0)
    guard descriptor >= 0 else { return true }
    defer { close(descriptor) }
    // Nobody waits for a host that is off: whatever is not refused at once counts as alive.
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    let status = withUnsafePointer(to: &place) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    return status == 0 || errno != ECONNREFUSED
  }
}
