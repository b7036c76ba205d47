import Base
import Foundation

/// What batch systems and other launchers say in the environment, without what earlier jobs have left
/// there.
///
/// Open MPI believes single variables: with SLURM_JOBID alone mpirun ends with an error. Such left-overs
/// are taken out of what mpirun and the workers see.
package struct BatchEnvironment: Sendable {
  /// A Slurm job's tasks on each node as Slurm writes them, `4(x2),2`; nil outside of one.
  package let slurmTasks: String?
  /// A Slurm job's nodes as Slurm writes them, `node[1-3]`; nil outside of one.
  package let slurmNodes: String?
  /// The file that names a PBS job's hosts; nil outside of one.
  package let nodeFile: String?
  /// What is left over from other jobs, one line each.
  package let notes: [String]
  /// The environment without it.
  package let variables: [String: String]

  /// Reads an environment.
  ///
  /// - Parameters:
  ///   - isReadable: Whether a file can be read.
  ///   - hasProgram: Whether a program is in PATH.
  package init(
    _ environment: [String: String], isReadable: (String) -> Bool = { access($0, R_OK) == 0 },
    hasProgram: ((String) -> Bool)? = nil
  ) {
    var variables = environment
    var notes: [String] = []
    func drop(_ names: [String], of system: String, _ reason: String) {
      for name in names { variables[name] = nil }
      guard !names.isEmpty else { return }
      let isOne = names.count == 1
      let shown = names.sorted().prefix(3).joined(separator: ", ")
      notes.append(
        shown + (names.count > 3 ? " and \(names.count - 3) more" : "")
          + " \(isOne ? "is" : "are") left over from \(system) (\(reason)): ignored; unset"
          + (isOne ? " it" : " them"))
    }
    func names(_ prefixes: [String]) -> [String] {
      variables.keys.filter { name in prefixes.contains { name.hasPrefix($0) } }
    }
    let isInPath =
      hasProgram ?? { name in
        (environment["PATH"] ?? "").split(separator: ":").contains {
          access("\($0)/\(name)", X_OK) == 0
        }
      }

    // Slurm sets all three for a job; its programs are there then too.
    let job = environment["SLURM_JOB_ID"] ?? environment["SLURM_JOBID"]
    let nodes = environment["SLURM_NODELIST"] ?? environment["SLURM_JOB_NODELIST"]
    let tasks = environment["SLURM_TASKS_PER_NODE"]
    let missing =
      job == nil
      ? "no SLURM_JOB_ID"
      : nodes == nil
        ? "no SLURM_NODELIST"
        : tasks == nil
          ? "no SLURM_TASKS_PER_NODE" : isInPath("srun") ? nil : "there is no srun here"
    slurmTasks = missing == nil ? tasks : nil
    slurmNodes = missing == nil ? nodes : nil
    if let missing {
      drop(names(Self.slurmMarks), of: "a Slurm job", missing)
    }

    let file = environment["PBS_NODEFILE"]
    nodeFile = file.flatMap { isReadable($0) ? $0 : nil }
    if let file, nodeFile == nil {
      drop(names(["PBS_"]), of: "a PBS job", "\(file) is not there")
    }
    if let file = environment["PE_HOSTFILE"], !isReadable(file) {
      drop(["PE_HOSTFILE"], of: "a Grid Engine job", "\(file) is not there")
    }
    if environment["LSB_JOBID"] != nil,
      !["LSB_HOSTS", "LSB_MCPU_HOSTS", "LSB_DJOB_HOSTFILE"].contains(where: {
        environment[$0] != nil
      })
    {
      drop(names(["LSB_"]), of: "an LSF job", "no LSB_HOSTS")
    }

    // A job within a rank of another one is a job of its own, which needs no word.
    let launched = LaunchVariables(environment: environment)
    for leftOver in launched.leftOvers
    where leftOver.names.contains(where: { variables[$0] != nil }) {
      drop(leftOver.names, of: "another job", leftOver.reason)
    }
    self.notes = notes
    self.variables = variables
  }

  /// What Slurm sets within a job and its steps, other than what a user may set for srun.
  private static let slurmMarks = [
    "SLURM_JOB", "SLURM_NODELIST", "SLURM_TASKS_PER_NODE", "SLURM_STEP", "SLURM_TASK",
    "SLURM_PROCID",
    "SLURM_LOCALID", "SLURM_NODEID", "SLURM_GTIDS", "SLURM_NNODES", "SLURM_NPROCS", "SLURM_NTASKS",
    "SLURM_CPUS_ON_NODE", "SLURM_LAUNCH_NODE_IPADDR", "SLURM_SRUN_COMM", "SLURM_TOPOLOGY_ADDR",
  ]
}
