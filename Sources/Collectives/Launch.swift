import Base
import CProcess
import Foundation

/// What started this process, as far as its environment tells.
struct Launch {
  /// Whether a launcher made it one rank of many, so that MPI is to be started.
  let usesMPI: Bool
  /// Ranks on this node where the launcher says so.
  let localRanks: Int?
  /// What is in the environment and means nothing, one line each, where this process is to say so.
  let notes: [String]

  init(environment: [String: String]) throws(CollectiveError) {
    let variables = LaunchVariables(environment: environment)
    usesMPI = variables.isMPI
    notes = variables.rank == 0 ? variables.leftOvers.map(\.description) : []
    let local = ["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"]
    // Slurm lists its nodes, as in "4(x2),2"; the fullest stands for all.
    let listed = environment["SLURM_STEP_TASKS_PER_NODE"]?.split(separator: ",").compactMap {
      Int($0.prefix { $0 != "(" })
    }
    localRanks =
      !usesMPI
      ? nil : local.lazy.compactMap { environment[$0].flatMap(Int.init) }.first ?? listed?.max()
    if !usesMPI, let tasks = variables.stepTasks, tasks > 1 {
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
