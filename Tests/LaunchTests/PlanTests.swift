import Foundation
import Testing
import ddp_launch

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
    try inPlanFolder { folder in
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
