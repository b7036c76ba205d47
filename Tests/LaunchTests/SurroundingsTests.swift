import Base
import Foundation
import Testing
import ddp_launch

/// Jobs in surroundings that are not as they should be: an environment with left-overs, output that
/// cannot be written, descriptors that are closed.
@Suite(.serialized, .enabled(if: LauncherProcess.hasMPI, "Open MPI's mpirun is not installed"))
struct SurroundingsTests {
  @Test(
    arguments: [
      (["SLURM_JOBID": "1"], "SLURM_JOBID is left over from a Slurm job (no SLURM_NODELIST)"),
      (["SLURM_PROCID": "1"], "SLURM_PROCID is left over from a Slurm job (no SLURM_JOB_ID)"),
      (
        ["SLURM_TASKS_PER_NODE": "4(x9223372036854775807)"],
        "SLURM_TASKS_PER_NODE is left over from a Slurm job"
      ),
      (["PBS_NODEFILE": "/nonexistent", "PBS_JOBID": "1"], "left over from a PBS job"),
      (
        ["PE_HOSTFILE": "/nonexistent", "SGE_ROOT": "/x", "ARC": "y", "JOB_ID": "1"], "Grid Engine"
      ),
      (["PMI_RANK": "1"], "PMI_RANK is left over from another job (no PMI_SIZE above it)"),
      (["PMI_RANK": "1", "PMI_SIZE": "2", "PMI_FD": "999"], "PMI_FD is not open"),
      (["OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"], "(no PMIX_RANK)"),
    ] as [([String: String], String)])
  func `what batch systems have left in the environment is said, and ignored`(
    environment: [String: String], message: String
  ) throws {
    for options in [[], ["--standalone"]] {
      let launcher = try LauncherProcess(
        options + ["--nproc-per-node", "2", "sh", "-c", "echo $RANK of $WORLD_SIZE $SLURM_PROCID"],
        environment: environment)
      try launcher.start()
      let result = try launcher.finish()
      #expect(result.code == 0, "\(result.error)")
      #expect(result.sortedLines == ["[0] 0 of 2", "[1] 1 of 2"])
      #expect(result.error.contains(message), "\(result.error)")
    }
    let doctor = try LauncherProcess.run("doctor", environment: environment)
    #expect(doctor.code == 0 && doctor.output.contains("advice  environment"), "\(doctor.output)")
  }

  @Test func `a full folder of logs costs lines of the logs, and not the job`() throws {
    let launcher = try LauncherProcess([
      "--nproc-per-node", "2", "--log-dir", "logs", "--rdzv-id", "r", "sh", "-c",
      "echo one $RANK; sleep 0.3; echo two $RANK; exit $((RANK * 3))",
    ])
    for rank in 0...1 {
      let folder = "\(launcher.folder)/logs/r/attempt_0/\(rank)"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/stdout.log", withDestinationPath: "/dev/full")
    }
    try launcher.start()
    let result = try launcher.finish()
    #expect(result.code == 3, "\(result.error)")
    #expect(result.sortedLines.filter { $0.contains("one") } == ["[0] one 0", "[1] one 1"])
    #expect(result.error.components(separatedBy: "No space left on device").count == 2)
    #expect(result.error.contains("lines are missing from its logs"))
  }

  @Test(arguments: ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
  func `closed descriptors are no reason to do otherwise`(closed: String) throws {
    let own = LauncherProcess.products.appendingPathComponent("ddp-launch").path
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-closed-\(UUID().uuidString.prefix(8))").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.currentDirectoryURL = URL(fileURLWithPath: folder)
    shell.arguments = [
      "-c",
      "\"$0\" --nproc-per-node 2 --log-dir logs --rdzv-id r sh -c "
        + "'echo out $RANK; echo err $RANK >&2; exit 3' \(closed); echo $? > code", own,
    ]
    shell.standardOutput = FileHandle.nullDevice
    shell.standardError = FileHandle.nullDevice
    try shell.run()
    shell.waitUntilExit()
    func text(_ name: String) throws -> String {
      try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }
    #expect(try text("code") == "3\n")
    let logs = try (0...1).map { try text("logs/r/attempt_0/\($0)/stdout.log") }
    // mpirun may end the second before it speaks.
    #expect(logs.contains("out 0\n") || logs.contains("out 1\n"))
  }

  @Test(arguments: [">/dev/full", "2>/dev/full", ">/dev/full 2>&1"])
  func `output that cannot be written does not end a job`(target: String) throws {
    let own = LauncherProcess.products.appendingPathComponent("ddp-launch").path
    let result = try LauncherProcess.run(
      "--nproc-per-node", "1", "sh", "-c",
      "\(own) --nproc-per-node 2 sh -c 'echo $RANK; echo $RANK >&2; exit 0' \(target); echo $?")
    #expect(result.output.hasSuffix("[0] 0\n"), "\(result.error)")
  }
}

/// What the environment says of batch systems and other jobs, and what of it counts.
@Suite struct EnvironmentTests {
  private let slurm = [
    "SLURM_JOB_ID": "7", "SLURM_NODELIST": "n[1-2]", "SLURM_TASKS_PER_NODE": "2(x2)",
    "SLURM_CONF": "/etc/slurm.conf", "HOME": "/h",
  ]

  private func read(
    _ environment: [String: String], hasSrun: Bool = true, readable: Set<String> = []
  ) -> BatchEnvironment {
    BatchEnvironment(
      environment, isReadable: { readable.contains($0) }, hasProgram: { _ in hasSrun })
  }

  @Test func `a Slurm job counts where all of it is there, and srun is`() {
    let whole = read(slurm)
    #expect(whole.slurmTasks == "2(x2)" && whole.notes == [] && whole.variables == slurm)
    #expect(whole.slurmNodes == "n[1-2]")
    let container = read(slurm, hasSrun: false)
    #expect(
      container.slurmTasks == nil && container.slurmNodes == nil && container.notes.count == 1)
    #expect(container.variables == ["SLURM_CONF": "/etc/slurm.conf", "HOME": "/h"])
    for name in ["SLURM_JOB_ID", "SLURM_NODELIST", "SLURM_TASKS_PER_NODE"] {
      let part = read(slurm.filter { $0.key != name })
      #expect(part.slurmTasks == nil && part.notes.count == 1, "\(name)")
      #expect(part.notes.first?.contains("(no \(name))") == true, "\(part.notes)")
      #expect(part.variables == ["SLURM_CONF": "/etc/slurm.conf", "HOME": "/h"])
    }
    #expect(read(["SLURM_CONF": "x"]).notes == [])
  }

  @Test func `a Slurm job's nodes have a slot for each task, where Slurm names as many`() throws {
    #expect(
      SlurmHosts.entries("n1\nn2\n", [3, 1])
        == [HostEntry("n1", slots: 3), HostEntry("n2", slots: 1)])
    for list in ["", "n1\n", "n1\nn1\n", "n1\nn2\nn3\n", "scontrol: error: no\n"] {
      #expect(SlurmHosts.entries(list, [3, 1]) == nil, "\(list)")
    }
    // Its own steps run beside each other, unless the user says otherwise.
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-slurm-\(UUID().uuidString.prefix(8))").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = FileManager.default.createFile(
      atPath: "\(folder)/srun", contents: Data(), attributes: [.posixPermissions: 0o755])
    let job = slurm.merging(["PATH": folder]) { $1 }
    let plan = JobPlan(mpirun: "/m", program: "/p", arguments: [], layout: HostLayout([1]))
    #expect(plan.environment(inherited: job)["SLURM_OVERLAP"] == "1")
    let other = plan.environment(inherited: job.merging(["SLURM_OVERLAP": "0"]) { $1 })
    #expect(other["SLURM_OVERLAP"] == "0")
    #expect(plan.environment(inherited: [:])["SLURM_OVERLAP"] == nil)
  }

  @Test func `a PBS job counts where its file of hosts can be read`() {
    let job = ["PBS_NODEFILE": "/n", "PBS_JOBID": "1"]
    #expect(read(job, readable: ["/n"]).nodeFile == "/n")
    let stale = read(job)
    #expect(stale.nodeFile == nil && stale.variables == [:] && stale.notes.count == 1)
  }

  /// What a process makes of its environment in which all that it names is there, or nothing.
  private func launched(_ environment: [String: String], isThere: Bool = true) -> LaunchVariables {
    LaunchVariables(
      environment: environment, isOpen: { _ in isThere }, isProcess: { _ in isThere },
      isThere: { _ in isThere }, answers: { _ in isThere })
  }

  @Test func `a rank is one where its launcher's variables are whole and its server is there`() {
    let pmix = [
      "PMIX_RANK": "3", "PMIX_NAMESPACE": "17", "PMIX_SERVER_URI2": "17.0;tcp4://127.0.0.1:1",
      "PMIX_SERVER_TMPDIR": "/t", "OMPI_COMM_WORLD_RANK": "3", "OMPI_COMM_WORLD_SIZE": "4",
    ]
    let rank = launched(pmix)
    #expect(rank.isMPI && rank.rank == 3 && rank.leftOvers == [])
    #expect(!launched(pmix, isThere: false).isMPI)
    #expect(launched(pmix, isThere: false).leftOvers.count == 1)
    let pmi = ["PMI_RANK": "1", "PMI_SIZE": "2", "PMI_FD": "5"]
    #expect(launched(pmi).isMPI && launched(pmi).rank == 1)
    #expect(!launched(pmi, isThere: false).isMPI)
    // What is left over beside a job does not change its rank.
    #expect(launched(pmix.merging(["PMI_RANK": "1", "SLURM_PROCID": "9"]) { $1 }).rank == 3)
  }

  @Test(arguments: [
    "SLURM_PROCID", "PMI_RANK", "PMI_SIZE", "PMIX_RANK", "OMPI_COMM_WORLD_RANK",
    "OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS", "PMIX_NAMESPACE", "SLURM_STEP_NUM_TASKS",
  ])
  func `a variable alone makes no rank and is named`(name: String) {
    for value in ["1", "", "x", "-1", "9223372036854775807", "99999999999999999999"] {
      let alone = launched([name: value])
      #expect(!alone.isMPI && alone.rank == 0 && alone.stepTasks == nil)
      #expect(alone.leftOvers.map(\.names) == [[name]])
      #expect(alone.leftOvers.first?.description.hasPrefix("\(name) is left over from ") == true)
    }
  }

  @Test func `a step of srun without MPI is known, and a batch script is none`() {
    let script = ["SLURM_JOB_ID": "1", "SLURM_PROCID": "0", "SLURM_TASK_PID": "9"]
    #expect(launched(script).stepTasks == nil && launched(script).leftOvers == [])
    let step = script.merging(
      ["SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "2"]) { $1 }
    #expect(launched(step).stepTasks == 4 && launched(step).rank == 2)
    #expect(launched(step, isThere: false).stepTasks == nil)
    #expect(launched(step, isThere: false).leftOvers.count == 1)
  }
}
