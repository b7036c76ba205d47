import Base
import CProcess
import Foundation

/// Whether Open MPI is there, starts workers, and under which conditions.
package struct MPIChecks {
  private let named: String?
  private let search: ProgramSearch
  private let environment: [String: String]
  private let isRoot: Bool
  private let cores: Int

  /// Checks for this process; each fact can be given instead.
  package init(
    mpirun: String? = nil, search: ProgramSearch = ProgramSearch(),
    environment: [String: String] = ProcessInfo.processInfo.environment,
    isRoot: Bool = geteuid() == 0, cores: Int = Machine.availableCores
  ) {
    named = mpirun
    self.search = search
    self.environment = environment
    self.isRoot = isRoot
    self.cores = cores
  }

  /// All findings.
  package func findings() -> [Finding] {
    [mpi(), leftOvers(), root(), slots(), binding(), singleCopy()]
  }

  private func mpi() -> Finding {
    let path: String
    do {
      path = try search.mpirun(named: named)
    } catch {
      return Finding(.broken, "Open MPI", "\(error)")
    }
    let version = ProgramSearch.firstLine(of: path, "--version")
    let plan = JobPlan(mpirun: path, program: "true", arguments: [], layout: HostLayout([2]))
    let started = Date()
    let run = CapturedRun(
      path, ["-n", "2", "--oversubscribe", "true"],
      environment: plan.environment(inherited: environment, isRoot: isRoot), deadline: 30)
    let seconds = String(format: "%.2f", Date().timeIntervalSince(started))
    guard run?.code == 0 else {
      let said = String(decoding: run?.output ?? [], as: UTF8.self)
        .lines.first { !$0.allSatisfy { $0 == "-" } }
      return Finding(
        .broken, "Open MPI",
        "\(version) at \(path) does not start two workers: "
          + (run?.code == nil ? "no answer in 30 s" : said.map(String.init) ?? "no reason given"),
        remedy: "run '\(path) -n 2 --oversubscribe true' to see the whole message")
    }
    return Finding(.ok, "Open MPI", "\(version) at \(path) started two workers in \(seconds) s")
  }

  private func leftOvers() -> Finding {
    let notes = BatchEnvironment(environment).notes
    guard !notes.isEmpty else {
      return Finding(.ok, "environment", "nothing is left over from other jobs")
    }
    return Finding(
      .advice, "environment",
      notes.map { $0.replacing(": ignored; unset", with: "; unset") }.joined(separator: "; "),
      remedy: "ddp-launch ignores that; for plain mpirun unset the variables, or open a new shell")
  }

  private func root() -> Finding {
    guard isRoot else { return Finding(.ok, "root", "this is not root: nothing to set") }
    let names = ["OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"]
    guard names.contains(where: { environment[$0] != "1" }) else {
      return Finding(.ok, "root", "Open MPI may run as root: its two variables are set")
    }
    return Finding(
      .advice, "root", "ddp-launch allows it; plain mpirun refuses to run as root",
      remedy: ". launch/env   or   export OMPI_ALLOW_RUN_AS_ROOT=1 \(names[1])=1")
  }

  private func slots() -> Finding {
    let found = "\(cores) \(cores == 1 ? "core" : "cores") to use"
    if environment["OMPI_MCA_rmaps_base_oversubscribe"] != nil {
      return Finding(.ok, "slots", "\(found); more workers than that are allowed")
    }
    return Finding(
      .advice, "slots",
      "\(found); ddp-launch starts more workers than that, plain mpirun refuses",
      remedy: ". launch/env   or   export OMPI_MCA_rmaps_base_oversubscribe=1")
  }

  private func binding() -> Finding {
    let nodes = Machine.memoryNodes
    let regions = nodes == 1 ? "one memory region" : "\(nodes) memory regions"
    if let policy = environment["OMPI_MCA_hwloc_base_binding_policy"] {
      return Finding(.ok, "binding", "\(regions); the policy is set to \(policy)")
    }
    return Finding(
      .advice, "binding",
      "\(regions); ddp-launch chooses; plain mpirun gives one or two workers a single core each",
      remedy: ". launch/env   or   export OMPI_MCA_hwloc_base_binding_policy=none")
  }

  private func singleCopy() -> Finding {
    switch torus_single_copy_works() {
    case 1: return Finding(.ok, "single copy", "workers can read each other's memory")
    case 0:
      return Finding(
        .advice, "single copy",
        "workers may not read each other's memory (a container?): ddp-launch turns it off",
        remedy: "export OMPI_MCA_btl_vader_single_copy_mechanism=none,"
          + " or run the container with --cap-add=SYS_PTRACE")
    default: return Finding(.ok, "single copy", "cannot be told on this system")
    }
  }
}
