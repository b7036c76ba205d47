import Foundation
import Testing
import ddp_launch

private func inFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("torus-plan-\(UUID().uuidString.prefix(8))").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

@Suite struct PlanTests {
  private var plan: JobPlan {
    JobPlan(mpirun: "/usr/bin/mpirun", program: "/bin/p", arguments: [], layout: HostLayout([4]))
  }

  /// What every job has set.
  private let direct = "OMPI_MCA_odls_base_signal_direct_children_only"

  private func arguments(_ plan: JobPlan, cores: Int = 8, memoryNodes: Int = 1) -> [String] {
    Array(
      plan.mpirunArguments(
        keeper: "/k", plan: KeeperPlan(), cores: cores, memoryNodes: memoryNodes,
        exported: ["PATH"]
      ).prefix { $0 != "/k" })
  }

  @Test func `one machine's workers are free to run anywhere, or spread over its memory`() {
    #expect(
      arguments(plan) == ["-n", "4", "--tag-output", "--oversubscribe", "--bind-to", "none"])
    #expect(
      arguments(plan, memoryNodes: 2).suffix(4) == ["--bind-to", "numa", "--map-by", "numa"])
    #expect(arguments(plan, cores: 2, memoryNodes: 2).suffix(2) == ["--bind-to", "none"])
    #expect(arguments(plan, memoryNodes: 3).suffix(2) == ["--bind-to", "none"])
    var bound = plan
    bound.binding = .core
    bound.extraOptions = ["--mca", "btl", "self"]
    #expect(arguments(bound).suffix(5) == ["--bind-to", "core", "--mca", "btl", "self"])
  }

  @Test func `several hosts run their numbers of workers`() {
    var several = plan
    several.hosts = [HostEntry("a"), HostEntry("b", slots: 9)]
    several.layout = HostLayout([4, 4])
    #expect(
      arguments(several) == [
        "-n", "8", "--tag-output", "--oversubscribe", "-H", "a:4,b:4", "--map-by", "ppr:4:node",
        "--bind-to", "none", "-x", "PATH",
      ])
    let remote = several.environment(
      inherited: [:], isRoot: false, cores: 4, singleCopyWorks: true, sharedFolder: nil)
    #expect(
      remote == [
        direct: "1", "OMPI_MCA_plm_rsh_args": "-o BatchMode=yes -o ConnectTimeout=10",
        "OMPI_MCA_oob_tcp_keepalive_time": "10", "OMPI_MCA_oob_tcp_keepalive_intvl": "5",
        "OMPI_MCA_oob_tcp_keepalive_probes": "3",
      ])
    several.layout = HostLayout([3, 1])
    #expect(
      arguments(several)[..<8] == [
        "-n", "4", "--tag-output", "--oversubscribe", "-H", "a:3,b:1", "--map-by", "slot",
      ])
    several.hosts = []
    #expect(!arguments(several).contains("-H") && arguments(several)[1] == "4")
    several.layout = HostLayout([2])
    several.leavesNodes = true
    #expect(arguments(several)[4...5] == ["--map-by", "ppr:2:node"])
  }

  @Test func `layouts are written as Slurm does, and know each rank's place`() throws {
    for (text, counts) in [("4", [4]), ("2(x3),1", [2, 2, 2, 1]), ("1,2(x2),1", [1, 2, 2, 1])] {
      let layout = try #require(HostLayout(text))
      #expect(layout.counts == counts && layout.text == text)
      var rank = 0
      for (host, count) in counts.enumerated() {
        #expect(layout.ranks(ofHost: host) == rank..<rank + count)
        for local in 0..<count {
          #expect(layout.place(ofRank: rank) == (host, local))
          rank += 1
        }
      }
      #expect(layout.workers == rank)
    }
    for wrong in [
      "", "0", "a", "2(x0)", "2(x", "2x3", "2(x2)(x2)", "1,", "-1", "4(x9223372036854775807)",
      "9223372036854775807", "9223372036854775807,1", "65536(x65536)", "1(x65536),1", "4(x-1)",
      "99999999999999999999", "4(x99999999999999999999)",
    ] {
      #expect(HostLayout(wrong) == nil, "\(wrong)")
    }
  }

  @Test func `the environment has what Open MPI needs, and what the user set stays`() {
    let root = plan.environment(
      inherited: ["A": "1"], isRoot: true, cores: 2, singleCopyWorks: false, sharedFolder: "/t")
    #expect(
      root == [
        "A": "1", direct: "1", "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
        "OMPI_MCA_osc_sm_backing_directory": "/t", "OMPI_MCA_btl_vader_backing_directory": "/t",
      ])
    let set = ["OMPI_MCA_mpi_yield_when_idle": "0", direct: "0"]
    #expect(
      plan.environment(
        inherited: set, isRoot: false, cores: 2, singleCopyWorks: true, sharedFolder: nil) == set)
    #expect(
      plan.environment(
        inherited: [:], isRoot: false, cores: 4, singleCopyWorks: true, sharedFolder: nil)
        == [direct: "1"])
    let nested = [
      "OMPI_COMM_WORLD_SIZE": "4", "PMIX_RANK": "0", "PMI_RANK": "0", "OMPI_MCA_ess": "x", "B": "2",
    ]
    #expect(
      plan.environment(
        inherited: nested, isRoot: false, cores: 4, singleCopyWorks: true, sharedFolder: nil)
        == ["B": "2", direct: "1"])
  }

  @Test func `counts and streams are read as torchrun writes them`() throws {
    #expect(try WorkersPerHost("4") == .number(4) && WorkersPerHost("auto") == .cores)
    let range = try HostRange("2:5")
    #expect(range.fewest == 2 && range.most == 5)
    #expect(try HostRange("3").most == 3)
    for wrong in ["", "0", "-1", "1:", ":2", "1:2:3", "x"] {
      #expect(throws: LaunchError.self) { try HostRange(wrong) }
    }
    let choice = try StreamChoice("0:1,2:3", option: "--tee")
    #expect(choice.contains(.out, ofLocalRank: 0) && !choice.contains(.error, ofLocalRank: 0))
    #expect(!choice.contains(.out, ofLocalRank: 1) && choice.contains(.error, ofLocalRank: 2))
    #expect(try StreamChoice("2", option: "--tee").contains(.error, ofLocalRank: 9))
    #expect(try StreamChoice("0:0", option: "--tee").isEmpty)
    for wrong in ["", "4", "a", "0:4", "0:1,", "-1:1", "0:1:2"] {
      #expect(throws: LaunchError.badStreams(option: "--tee", given: wrong)) {
        try StreamChoice(wrong, option: "--tee")
      }
    }
  }

  @Test func `a stop signal is read with or without SIG, and ddp-train's own is known`() throws {
    #expect(try StopSignal("TERM") == .term && StopSignal("SIGUSR1") == .user1)
    #expect(try StopSignal("sigint").number == SIGINT && StopSignal("quit").number == SIGQUIT)
    for wrong in ["", "SIG", "15", "KILL", "SIGSIGTERM"] {
      #expect(throws: LaunchError.self) { try StopSignal(wrong) }
    }
    var training = plan
    #expect(!training.isTraining)
    training.program = "/somewhere/ddp-train"
    #expect(training.isTraining)
  }

  @Test func `host files are read as Open MPI's, and mistakes have their line`() throws {
    try inFolder { folder in
      let path = "\(folder)/hosts"
      func hosts(_ text: String) throws -> [HostEntry] {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return try HostEntry.file(path)
      }
      let listed = try hosts(
        "# all\n\nnode1 slots=4 max-slots=8 # fast\n 10.0.0.2\nnode1 slots=2\n")
      #expect(listed == [HostEntry("node1", slots: 6), HostEntry("10.0.0.2")])
      #expect(
        throws: LaunchError.badHostFile(
          path, line: 2, problem: "'slots=x' is no number from 1 to 65536")
      ) { try hosts("a\nb slots=x") }
      #expect(throws: LaunchError.self) { try hosts("a slot=3") }
      for wrong in [
        "=", "a =", "a = 3", "a slots", "a slots=", "a =4", "a slots=0", "a slots=-1", "slots=3",
        "a slots=9223372036854775807", "a slots=65537", "a slots=99999999999999999999",
        "a slots=65536\na slots=1", "a slots=1\nb max_slots=x", "a slots=1.5", "a slots=1e3",
      ] { #expect(throws: LaunchError.self, "\(wrong)") { try hosts(wrong) } }
      // As systems and editors write it.
      let expected = [HostEntry("a", slots: 2), HostEntry("b", slots: 3), HostEntry("c")]
      for end in ["\n", "\r\n", "\r"] {
        for mark in ["", "\u{FEFF}"] {
          let text = [
            "# all", "a\tslots=2 # fast", "", "\t b  slots=3\t", "#\u{301}no", "c#d", " ",
          ]
          #expect(try hosts(mark + text.joined(separator: end)) == expected, "\(text) \(end)")
          #expect(try hosts(mark + text.map { $0 + end }.joined()) == expected)
          #expect(
            throws: LaunchError.badHostFile(path, line: 3, problem: "'x=1' is not understood")
          ) { try hosts(mark + ["a", "# b", "c x=1"].joined(separator: end)) }
        }
      }
      try Data("a\n".utf16.flatMap { [UInt8($0 & 0xFF), 0] })
        .write(to: URL(fileURLWithPath: path))
      #expect(throws: LaunchError.self) { try HostEntry.file(path) }
      #expect(throws: LaunchError.self) { try hosts("# none\n") }
    }
    #expect(try HostEntry.list("a:4,b") == [HostEntry("a", slots: 4), HostEntry("b")])
    for wrong in ["", ":4", "a:0", "a:4:5", "a:9223372036854775807", "a:65537", "a:-1"] {
      #expect(throws: LaunchError.self) { try HostEntry.list(wrong) }
    }
    let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("launch/hosts.example").path
    #expect(
      try HostEntry.file(example) == [HostEntry("node1", slots: 4), HostEntry("node2", slots: 4)])
  }
}

@Suite struct MachineTests {
  /// What is read of a machine whose files are these.
  private func quota(_ groups: String, _ files: [String: String]) throws -> Double? {
    try inFolder { folder in
      try Data(groups.utf8).write(to: URL(fileURLWithPath: "\(folder)/groups"))
      for (name, text) in files {
        let file = URL(fileURLWithPath: "\(folder)/root/\(name)")
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
      }
      return Machine.coreQuota(groups: "\(folder)/groups", root: "\(folder)/root")
    }
  }

  @Test func `a quota of either version is found, in a container or below a service's`() throws {
    #expect(try quota("0::/\n", ["cpu.max": "150000 100000\n"]) == 1.5)
    #expect(try quota("0::/\n", ["cpu.max": "max 100000\n"]) == nil)
    // The least of a group's own and those above.
    let nested = ["a/cpu.max": "200000 100000\n", "a/b.service/cpu.max": "300000 100000\n"]
    #expect(try quota("0::/a/b.service\n", nested) == 2)
    // The host's path, which is not there in the container.
    #expect(try quota("0::/docker/4711\n", ["cpu.max": "50000 100000\n"]) == 0.5)
    let first = ["cpu.cfs_quota_us": "400000\n", "cpu.cfs_period_us": "200000\n"]
    for (controllers, folder) in [
      ("cpu", "cpu"), ("cpu,cpuacct", "cpu,cpuacct"), ("cpuacct,cpu", "cpu"),
    ] {
      let files = Dictionary(
        uniqueKeysWithValues: first.map { ("\(folder)/x/\($0.key)", $0.value) })
      #expect(try quota("9:cpuset:/y\n4:\(controllers):/x\n0::/\n", files) == 2)
    }
    let none = ["cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"]
    #expect(try quota("3:cpu:/\n", none) == nil)
    #expect(try quota("3:cpuset:/\n", ["cpu.max": "1 1\n"]) == nil)
    #expect(Machine.coreQuota(groups: "/nonexistent") == nil)
  }

  @Test func `each worker's cores are no more than its share and at least one`() {
    let all = Machine.availableCores
    #expect(Machine.cores(ofEach: 1) <= max(1, all) && Machine.cores(ofEach: 1) >= 1)
    #expect(Machine.cores(ofEach: 10_000) == 1)
  }
}

@Suite struct ReportTests {
  private func end(_ code: Int32, host: String = "a", at time: Double, asked: Bool = false)
    -> RankEnd
  {
    RankEnd(host: host, pid: 1, code: code, wasAsked: asked, time: time, seconds: 1.25)
  }

  private func report(
    _ message: String, host: String = "a", at time: Double, waitsFor: [Int] = []
  ) -> RankReport {
    RankReport(
      host: host, pid: 1, message: message, waitsFor: waitsFor, time: time, seconds: 1.25)
  }

  private let lines = { (rank: Int) in ["said by \(rank)"] }

  @Test func `the earliest failure of its own counts, by one host's clock`() throws {
    var record = FailureRecord()
    let ends = [
      end(-15, at: 1, asked: true), end(0, at: 2), end(1, at: 5), end(-9, at: 4),
      end(7, host: "b", at: 0),
    ]
    for (rank, end) in ends.enumerated() { record.add(end, of: rank) }
    let first = record.first(lastLines: lines)
    #expect(first?.rank == 3 && first?.exitCode == 137)
    #expect(
      first?.report == [
        "rank 3 failed first: signal SIGKILL (Killed) (host a, process 1, after 1.2 s)",
        "the last lines of its standard error:", "    said by 3",
      ])
    var well = FailureRecord()
    well.add(end(0, at: 1), of: 0)
    #expect(well.first(lastLines: lines) == nil && !well.hasReports)
  }

  @Test func `a rank that explains itself is reported in its own words`() {
    var record = FailureRecord()
    record.add(report("data.csv: line 81: no number\nfurther", at: 2), of: 1)
    record.add(report("a later one", at: 3), of: 0)
    record.add(report("a second word", at: 1), of: 1)
    record.add(end(3, at: 2.1), of: 1)
    let first = record.first(exitCode: 9) {
      $0 == 1 ? ["[rank 1] data.csv: line 81: no number", "what led to it"] : []
    }
    #expect(record.hasReports && first?.exitCode == 3)
    #expect(
      first?.report == [
        "rank 1 failed first: data.csv: line 81: no number (host a, process 1, after 1.2 s)",
        "the last lines of its standard error:", "    what led to it",
      ])
    // A signal that came before is the cause of what others then met.
    record.add(end(-9, at: 1.5), of: 2)
    #expect(record.first(lastLines: lines)?.rank == 2)
  }

  @Test func `who waited for a rank that waited itself is not the cause`() {
    var record = FailureRecord()
    record.add(report("gave up waiting", at: 1, waitsFor: [2]), of: 0)
    record.add(report("gave up too", at: 2, waitsFor: [3]), of: 2)
    record.add(report("gave up as well", at: 3, waitsFor: [2, 3]), of: 1)
    let first = record.first(exitCode: 9) { $0 == 3 ? (0..<5).map { "line \($0)" } : [] }
    #expect(first?.rank == 2 && first?.exitCode == 9)
    #expect(
      first?.report == [
        "rank 2 failed first: gave up too (host a, process 1, after 1.2 s)",
        "it waited for rank 3, the last lines of whose standard error are:", "    line 2",
        "    line 3", "    line 4",
      ])
    // Two that wait for each other: the first to give up.
    var circle = FailureRecord()
    circle.add(report("one", at: 1, waitsFor: [1]), of: 0)
    circle.add(report("other", at: 2, waitsFor: [0]), of: 1)
    #expect(circle.first(lastLines: { _ in [] })?.report.last?.contains("said nothing") == true)
  }

  @Test func `error files are read as Torus and as PyTorch write them`() {
    func read(_ text: String) -> RankReport? {
      RankReport(file: Data(text.utf8), host: "a", pid: 1, started: 10, now: 15)
    }
    let ours = read(
      #"{"message": "it hung", "timestamp": 12, "time_ns": 12500000000, "rank": 0, "waits_for": [2]}"#
    )
    #expect(
      ours
        == RankReport(
          host: "a", pid: 1, message: "it hung", waitsFor: [2], time: 12.5, seconds: 2.5))
    let theirs = read(
      #"{"message": {"message": "ValueError: x", "extraInfo": {"timestamp": "12", "py_callstack": ""}}}"#
    )
    #expect(
      theirs == RankReport(host: "a", pid: 1, message: "ValueError: x", time: 15, seconds: 5))
    #expect(read("{") == nil && read("{}") == nil)
  }

  @Test func `an MPI_Abort is found in what mpirun says`() {
    let said = [
      "--------", "MPI_ABORT was invoked on rank 2 in communicator MPI_COMM_WORLD",
      "with errorcode 5.", "",
    ]
    let failure = Failure.abort(in: said) { _ in [] }
    #expect(failure?.rank == 2 && failure?.exitCode == 5)
    #expect(failure?.report == ["rank 2 failed first: MPI_Abort with code 5"])
    #expect(Failure.abort(in: ["all well"]) { _ in [] } == nil)
  }

  @Test func `a host that was lost is found in what mpirun says`() {
    let said = [
      "ORTE has lost communication with a remote daemon.", "",
      "  HNP daemon   : [[19271,0],0] on node node1",
      "  Remote daemon: [[19271,0],1] on node node2",
    ]
    let failure = Failure.lostHost(in: said)
    #expect(
      failure?.report == [
        "host node2 was lost: it is switched off or cut off, or mpirun's daemon there died"
      ])
    #expect(failure?.host == "node2" && failure?.exitCode == 69)
    #expect(Failure.lostHost(in: ["  Remote daemon: [[1,0],1] on node a"]) == nil)
  }

  @Test(
    arguments: [
      (
        ["----", "ssh: Could not resolve hostname x: Name or service not known", "---"],
        "ssh: Could not resolve hostname x: Name or service not known"
      ),
      (
        ["--", "The value of the MCA parameter", "", "  plm_rsh_agent: ssh : rsh"],
        "ssh is not installed here: apt-get install openssh-client"
      ),
      (
        ["A process or daemon was unable to complete a TCP connection", "to another process:"],
        "no TCP connection from there to here (a firewall, or its network is cut?)"
      ),
      (
        ["bash: line 1: orted: command not found", "---"], "bash: line 1: orted: command not found"
      ),
      (["----"], "mpirun gave no reason"),
    ] as [([String], String)])
  func `why a host does not answer is said in one line`(said: [String], reason: String) {
    #expect(HostProbe.reason(in: said) == reason)
  }

  @Test func `on a terminal an unfinished line stays last`() {
    var shown = ""
    var console = RankConsole(isTerminal: true, columns: 12, workers: 11) {
      shown += ($0 == .error ? "!" : "") + String(decoding: $1, as: UTF8.self)
    }
    console.show(.unfinished(.out, Array("[=   ] a long one".utf8)), of: 0)
    console.show(.line(.error, Array("oh".utf8)), of: 10)
    console.note("so")
    console.show(.line(.out, Array("done".utf8)), of: 0)
    console.finish()
    let clear = "\r\u{1B}[K"
    let bar = "[ 0] [=   ]"
    #expect(
      shown == "\(bar)\(clear)![10] oh\n\(bar)\(clear)!ddp-launch: so\n\(bar)\(clear)[ 0] done\n")
    #expect(console.prefixWidth == 5)
  }

  @Test func `a log that grows past its limit is put aside, and the oldest goes`() throws {
    try inFolder { folder in
      let logs = try RankLogs(folder: "\(folder)/x", limit: 8, kept: 2)
      for number in 1...4 {
        #expect(logs.write(Array("line \(number)".utf8), .out, ofRank: 3) == nil)
      }
      func text(_ name: String) -> String? {
        try? String(contentsOfFile: "\(folder)/x/3/\(name)", encoding: .utf8)
      }
      #expect(text("stdout.log") == "line 4\n" && text("stdout.log.1") == "line 3\n")
      #expect(text("stdout.log.2") == "line 2\n" && text("stdout.log.3") == nil)
      try FileManager.default.createDirectory(
        atPath: "\(folder)/x/4/stderr.log", withIntermediateDirectories: true)
      // Said once, and nothing ends.
      #expect(
        logs.write([65], .error, ofRank: 4)
          == .cannotLog("\(folder)/x/4/stderr.log", errno: EISDIR))
      #expect(logs.write([65], .error, ofRank: 4) == nil && logs.deleted == [])
      try FileManager.default.removeItem(atPath: "\(folder)/x/3")
      #expect(logs.deleted == ["\(folder)/x/3/stdout.log"])
    }
  }
}
