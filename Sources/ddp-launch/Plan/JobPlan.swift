import CProcess
import Foundation

/// Where Open MPI may run a worker's threads.
package enum Binding: String, Sendable, CaseIterable {
  /// By memory region where the machine has several and every worker has a core; else none.
  case auto
  /// Anywhere: the kernel balances. Right for workers with several threads.
  case none
  /// One core for each worker.
  case core
  /// One memory region for each worker.
  case numa
}

/// Everything that decides how a job is started.
package struct JobPlan: Sendable {
  /// Open MPI's mpirun.
  package var mpirun: String
  /// The program's path.
  package var program: String
  /// Its arguments.
  package var arguments: [String]
  /// Workers on each host.
  package var layout: HostLayout
  /// The hosts by name; empty for this machine, or for those of the Slurm job.
  package var hosts: [HostEntry] = []
  /// Whether the job keeps to this machine even within a batch system's job.
  package var ignoresBatch = false
  /// Whether the Slurm job has more nodes than are used, over which mpirun would spread workers.
  package var leavesNodes = false
  /// Where workers may run.
  package var binding = Binding.auto
  /// Options handed to mpirun as they are.
  package var extraOptions: [String] = []

  package init(mpirun: String, program: String, arguments: [String], layout: HostLayout) {
    self.mpirun = mpirun
    self.program = program
    self.arguments = arguments
    self.layout = layout
  }

  /// Whether the program is `ddp-train`, which resumes by `--resume` and stops by USR1.
  package var isTraining: Bool { URL(fileURLWithPath: program).lastPathComponent == "ddp-train" }

  /// mpirun's arguments for one attempt whose workers are kept by `keeper`, this program.
  package func mpirunArguments(
    keeper: String, plan: KeeperPlan, cores: Int = Machine.availableCores,
    memoryNodes: Int = Machine.memoryNodes,
    exported: some Collection<String> = ProcessInfo.processInfo.environment.keys
  ) -> [String] {
    var result = ["-n", String(layout.workers), "--tag-output", "--oversubscribe"]
    if hosts.isEmpty, layout.counts.count == 1, !leavesNodes {
      let workers = layout.workers
      let spreads =
        binding == .auto && memoryNodes > 1 && workers <= cores && workers % memoryNodes == 0
      result += ["--bind-to", spreads ? "numa" : binding == .auto ? "none" : binding.rawValue]
      if spreads || binding == .numa { result += ["--map-by", "numa"] }
    } else {
      if !hosts.isEmpty {
        let slots = zip(hosts, layout.counts).map { "\($0.name):\($1)" }
        result += ["-H", slots.joined(separator: ",")]
      }
      result += [
        "--map-by", layout.equal.map { "ppr:\($0):node" } ?? "slot",
        "--bind-to", binding == .auto ? "none" : binding.rawValue,
      ]
      // Programs and their libraries are found there as they are here, and have as many threads.
      for name in ["PATH", "LD_LIBRARY_PATH", "OMP_NUM_THREADS"] where exported.contains(name) {
        result += ["-x", name]
      }
    }
    return result + extraOptions + [keeper] + plan.arguments
  }

  /// mpirun's environment: this process's, with what the machine needs where the user has not
  /// set it.
  ///
  /// - Parameters:
  ///   - inherited: This process's environment.
  ///   - isRoot: Whether this is root, whom Open MPI refuses unless told twice.
  ///   - cores: Cores that may be used here.
  ///   - singleCopyWorks: What `torus_single_copy_works` says.
  ///   - sharedFolder: What `Machine.otherSharedFolder` says.
  package func environment(
    inherited: [String: String], isRoot: Bool = geteuid() == 0,
    cores: Int = Machine.availableCores,
    singleCopyWorks: Bool = torus_single_copy_works() != 0,
    sharedFolder: String? = Machine.otherSharedFolder
  ) -> [String: String] {
    var result = BatchEnvironment(inherited).variables
    // Within another mpirun's job its variables would join this one to that.
    let isNested = ["OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_MCA_orte_launch"]
      .contains { inherited[$0] != nil }
    let foreign = (isNested ? ["OMPI_"] : []) + ["PMIX_", "PMI_", "MPI_LOCAL"]
    result = result.filter { name, _ in !foreign.contains { name.hasPrefix($0) } }
    func set(_ name: String, _ value: String) {
      if result[name] == nil { result[name] = value }
    }
    // Signals that mpirun hands on are the keeper's, which hands on the right one; it would send them to
    // the program as well.
    set("OMPI_MCA_odls_base_signal_direct_children_only", "1")
    if ignoresBatch {
      for framework in ["ras", "plm"] {
        set("OMPI_MCA_\(framework)", "^slurm,gridengine,tm,lsf,alps")
      }
    }
    if isRoot {
      set("OMPI_ALLOW_RUN_AS_ROOT", "1")
      set("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
    }
    if result["SLURM_JOB_ID"] ?? result["SLURM_JOBID"] != nil {
      // What keeps checkpoints on another node is a step of its own there, beside which the workers' would wait.
      set("SLURM_OVERLAP", "1")
    }
    if layout.counts.contains(where: { $0 > cores }) {
      // Open MPI does not notice by itself where a host's slots are given; spinning ranks then
      // take whole time slices from the one that is awaited.
      set("OMPI_MCA_mpi_yield_when_idle", "1")
    }
    if layout.counts.count > 1 {
      // A host that vanishes without a word is missed after 25 s instead of 8 minutes. mpirun takes
      // an option once alone: in the environment the user's own --mca still wins.
      set("OMPI_MCA_oob_tcp_keepalive_time", "10")
      set("OMPI_MCA_oob_tcp_keepalive_intvl", "5")
      set("OMPI_MCA_oob_tcp_keepalive_probes", "3")
    }
    if !hosts.isEmpty, inherited["OMPI_MCA_plm_rsh_agent"] == nil {
      // ssh would ask for a password on the terminal, or wait two minutes for a host that is off.
      set("OMPI_MCA_plm_rsh_args", "-o BatchMode=yes -o ConnectTimeout=10")
    }
    if let sharedFolder {
      set("OMPI_MCA_osc_sm_backing_directory", sharedFolder)
      set("OMPI_MCA_btl_vader_backing_directory", sharedFolder)
    }
    if !singleCopyWorks {
      // The default would fail in the middle of the first large message.
      set("OMPI_MCA_btl_vader_single_copy_mechanism", "none")
    }
    return result
  }
}
