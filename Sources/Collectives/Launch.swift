import CProcess
import Foundation

/// What started this process, as far as its environment tells.
struct Launch {
  /// Whether a launcher made it one rank of many, so that MPI is to be started.
  let usesMPI: Bool
  /// Ranks on this node where the launcher says so.
  let localRanks: Int?

  init(environment: [String: String]) throws(CollectiveError) {
    // Open MPI's mpirun; PMIx and PMI for srun, MPICH and others.
    let marks = [
      "OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE", "PMI_FD", "MPI_LOCALNRANKS",
    ]
    usesMPI = marks.contains { environment[$0] != nil }
    let local = ["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"]
    // Slurm lists its nodes, as in "4(x2),2"; the fullest stands for all.
    let listed = environment["SLURM_STEP_TASKS_PER_NODE"]?.split(separator: ",").compactMap {
      Int($0.prefix { $0 != "(" })
    }
    localRanks =
      local.lazy.compactMap { environment[$0].flatMap(Int.init) }.first ?? listed?.max()
    if !usesMPI, let tasks = environment["SLURM_STEP_NUM_TASKS"].flatMap(Int.init), tasks > 1 {
      throw .launch(
        reason: "srun started \(tasks) tasks without MPI: use srun --mpi=pmix (srun --mpi=list "
          + "shows what this cluster has) or mpirun")
    }
  }

  /// Cores that this process may use: its affinity mask, or its container's quota where that is less.
  static var cores: Double { torus_usable_cores(0) }

  /// Cores' worth of time that control groups allow the ranks here, 0 for no limit.
  static var quota: Double { torus_core_quota(nil, nil) }

  /// Whether the launcher put more ranks on this node than it has cores. Open MPI binds to cores
  /// where they suffice, so a mask of one core may belong to one of many.
  var oversubscribed: Bool {
    guard let localRanks else { return false }
    let machine = Double(ProcessInfo.processInfo.processorCount)
    return Double(localRanks) > (Self.quota > 0 ? min(machine, Self.quota) : machine)
  }
}
