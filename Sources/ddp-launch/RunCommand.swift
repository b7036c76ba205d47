import ArgumentParser
import Base
import CProcess
import Foundation

/// `ddp-launch [options] [--] PROGRAM [arguments]`
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a program as several workers (the default command).")

  @Option(
    name: [
      .customShort("n", allowingJoined: true), .customLong("nproc-per-node"),
      .customLong("nproc_per_node"),
    ],
    help: """
      Workers on each host: a number, or auto or cpu for one per core; by default the slots of the \
      host's entry or of the Slurm job, else 1. As MIN:MAX, the job begins with MAX; where restarts are \
      used up, it goes on with one fewer, at least MIN, and takes it back later.
      """)
  var workers: String?

  @Option(
    help: """
      Hosts, as N or MIN:MAX: the job goes on with those that answer, at least MIN, and takes back \
      those that return; by default all that are named, or that the Slurm job has.
      """)
  var nnodes: String?

  @Flag(help: "This machine alone (the default without hosts).")
  var standalone = false

  @Option(help: "A file of hosts, 'HOST slots=N' a line: N workers there.")
  var hostfile: String?

  @Option(name: [.customLong("host"), .customShort("H")], help: "Hosts, as in a:4,b:4.")
  var host: String?

  @Option(
    name: [.customLong("max-restarts"), .customLong("max_restarts")],
    help: """
      How often a failed job is started again with as many workers, from its last checkpoint.
      """)
  var maxRestarts = 0

  @Option(
    help: """
      Seconds for which a job runs with fewer workers or hosts than its MAX before it is given more, \
      at a checkpoint; doubled each time that does not work out; inf for never.
      """)
  var growInterval = 60.0

  @Option(help: "Seconds before the first restart; doubled each time, at most 60.")
  var restartDelay = 1.0

  @Option(
    name: [.customLong("monitor-interval"), .customLong("monitor_interval")],
    help: "Seconds between two looks at mpirun; failures are seen at once in any case.")
  var monitorInterval = 1.0

  @Option(help: "Seconds that workers have to save and stop when asked to.")
  var gracePeriod = 30.0

  @Option(
    help: """
      Signal that asks workers to save and stop: TERM, INT, HUP, QUIT, USR1 or USR2; by default USR1 \
      for ddp-train and TERM for other programs.
      """)
  var stopSignal: String?

  @Option(
    name: [.customLong("log-dir"), .customLong("log_dir")],
    help: "Folder for each rank's output; without --tee or --redirects, all of it is teed.")
  var logDir: String?

  @Option(
    name: .shortAndLong, help: "Streams to show and to log: 1 out, 2 err, 3 both, or 0:3,1:2.")
  var tee: String?

  @Option(name: .shortAndLong, help: "Streams to log alone, written as for --tee.")
  var redirects: String?

  @Option(help: "MiB at which a log file is put aside; the last three stay.")
  var logLimit = 64

  @Option(
    name: [.customLong("local-ranks-filter"), .customLong("local_ranks_filter")],
    help: "Local ranks to show, as in 0,1; others only go to their logs.")
  var localRanksFilter: String?

  @Option(
    name: [.customLong("master-addr"), .customLong("master_addr")],
    help: "MASTER_ADDR for programs that use it.")
  var masterAddress: String?

  @Option(
    name: [.customLong("master-port"), .customLong("master_port")],
    help: "MASTER_PORT for programs that use it; by default one that is free here.")
  var masterPort: Int?

  @Option(
    name: [.customLong("rdzv-id"), .customLong("rdzv_id"), .customLong("run-id")],
    help: "The job's name, in TORUS_RUN_ID and the logs' path; no '/' in it.")
  var runID: String?

  @Option(help: "Threads of each worker's libraries; by default its share of the cores.")
  var threadsPerRank: Int?

  @Option(help: "Where workers may run: auto, none, core or numa.")
  var bindTo = "auto"

  @Option(help: "Open MPI's mpirun, where it is not on PATH.")
  var mpirun: String?

  @Option(help: "An option for mpirun as it is, such as --mpi-option='--mca btl tcp,self'.")
  var mpiOption: [String] = []

  @Argument(parsing: .captureForPassthrough, help: "The program and its arguments.")
  var command: [String] = []

  func run() throws {
    // Everything from the first word that is no option of ours is the program's.
    if let first = command.first, ["--help", "-h"].contains(first) {
      throw CleanExit.helpRequest(self)
    }
    var status: Int32 = 0
    do {
      status = try launch()
    } catch {
      StandardStream.error.write("ddp-launch: \(error)\n")
      status = error.exitCode
    }
    if status != 0 { throw ExitCode(status) }
  }

  private func launch() throws(LaunchError) -> Int32 {
    let words = Array(command.drop { $0 == "--" })
    guard let program = words.first else { throw .noProgram }
    if program.hasPrefix("-") { throw .unknownOption(program) }
    try checkNumbers()
    let batch = BatchEnvironment(ProcessInfo.processInfo.environment)
    var hosts = try self.hosts(batch)
    let perHost = try workers.map { text throws(LaunchError) in try WorkerRange(text) }
    guard let binding = Binding(rawValue: bindTo) else {
      throw .badValue(
        option: "--bind-to", given: bindTo,
        expected: Binding.allCases.map(\.rawValue).joined(separator: ", "))
    }
    let search = ProgramSearch()
    var plan = JobPlan(
      mpirun: try search.mpirun(named: try place(mpirun, "--mpirun")),
      program: try search.find(try place(program, "the program") ?? program),
      arguments: Array(words.dropFirst()), layout: HostLayout([1]))
    plan.binding = binding
    plan.extraOptions = mpiOption.flatMap { $0.split(separator: " ").map(String.init) }
    let range = try nnodes.map { text throws(LaunchError) in try HostRange(text) }
    plan.ignoresBatch = standalone
    if hosts.isEmpty, !standalone,
      maxRestarts > 0 || perHost?.range != nil || range.map({ $0.fewest < $0.most }) == true
    {
      // What outlives the workers is kept on hosts that are named.
      hosts = SlurmHosts.named(batch, search: search) ?? []
    }
    if hosts.isEmpty { try layOut(&plan, perHost?.most, range, batch) }
    try checkSize(plan, hosts, perHost?.most)
    let most: Int? =
      switch perHost?.most {
      case _ where hosts.isEmpty: plan.layout.counts.max()
      case .number(let count): count
      case .cores: nil
      case nil: hosts.map { $0.slots ?? 1 }.max()
      }
    let redirected = try redirects.map { text throws(LaunchError) in
      try StreamChoice(text, option: "--redirects")
    }
    let teed = try tee.map { text throws(LaunchError) in
      try StreamChoice(text, option: "--tee")
    }
    if logDir == nil, redirected?.isEmpty == false || teed?.isEmpty == false {
      throw .badValue(
        option: "--log-dir", given: "(not given)", expected: "a folder for --tee and --redirects")
    }
    let isTerminal = isatty(STDOUT_FILENO) == 1
    var console = RankConsole(
      isTerminal: isTerminal, columns: Self.columns,
      workers: max(plan.layout.workers, hosts.map { $0.slots ?? 1 }.reduce(0, +))
    ) { stream, bytes in (stream == .out ? StandardStream.output : .error).write(bytes) }
    var keeper = KeeperPlan()
    keeper.mark = "\(String(UInt32.random(in: .min ... .max), radix: 16))-\(getpid())"
    keeper.masterPort = masterPort
    keeper.runID = try checkedRunID()
    keeper.maxRestarts = maxRestarts
    keeper.isTerminal = isTerminal
    keeper.columns = max(20, Self.columns - console.prefixWidth)
    keeper.threads = threadsPerRank
    keeper.stopSignal =
      try stopSignal.map { text throws(LaunchError) in try StopSignal(text) }
      ?? (plan.isTraining ? .user1 : .term)
    let job = Job(
      plan: plan, hosts: hosts, hostRange: range ?? HostRange(exactly: hosts.count),
      workersPerHost: perHost, maxRestarts: maxRestarts, restartDelay: restartDelay,
      growInterval: growInterval,
      attempt: Attempt(
        mark: keeper.mark, grace: gracePeriod, monitorInterval: monitorInterval,
        shownLocalRanks: try shownLocalRanks(most: most), redirects: redirected ?? .none,
        tee: teed ?? (logDir != nil && redirected == nil ? .all : .none)),
      keeperPlan: keeper, masterAddress: masterAddress,
      logFolder: try place(logDir, "--log-dir"),
      logLimit: logLimit << 20)
    for note in batch.notes { console.note(note) }
    signal(SIGPIPE, SIG_IGN)
    let signals = SignalPipe([SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2])
    return try job.run(
      keeper: Bundle.main.executablePath ?? CommandLine.arguments[0], console: &console,
      signals: signals)
  }

  private func hosts(_ batch: BatchEnvironment) throws(LaunchError) -> [HostEntry] {
    if standalone { return [] }
    if let file = try place(hostfile, "--hostfile") { return try HostEntry.file(file) }
    if let host { return try HostEntry.list(host) }
    // PBS writes a host's name once for each of its slots.
    return try batch.nodeFile.map { file throws(LaunchError) in try HostEntry.file(file) } ?? []
  }

  /// Without a list of hosts, several exist only where a Slurm job brings them, and mpirun finds
  /// those by itself.
  private func layOut(
    _ plan: inout JobPlan, _ perHost: WorkersPerHost?, _ range: HostRange?,
    _ batch: BatchEnvironment
  ) throws(LaunchError) {
    var tasks: HostLayout?
    if !standalone, let text = batch.slurmTasks {
      tasks = HostLayout(text)
      if tasks == nil {
        throw .badVariable(
          "SLURM_TASKS_PER_NODE", given: text,
          expected: "Slurm writes it as in 4(x2),2; outside of a Slurm job unset it, or give"
            + " --standalone")
      }
    }
    let nodes = tasks?.counts.count ?? 1
    let allocated = nodes
    guard allocated >= range?.fewest ?? 1 else {
      throw .tooFewHosts(
        have: allocated, need: range?.fewest ?? 1,
        remedy: "name them with --hostfile or --host, or start within a Slurm job")
    }
    let used = min(range?.most ?? allocated, allocated)
    plan.leavesNodes = used < nodes
    plan.layout =
      switch perHost {
      case .number(let count): HostLayout([Int](repeating: count, count: used))
      case .cores: HostLayout([Int](repeating: Machine.availableCores, count: used))
      case nil: HostLayout(Array((tasks?.counts ?? [1]).prefix(used)))
      }
  }

  private static var columns: Int {
    var size = winsize()
    let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return isKnown ? Int(size.ws_col) : 80
  }
}
