import Foundation
import Testing
import ddp_launch

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
    try inPlanFolder { folder in
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
