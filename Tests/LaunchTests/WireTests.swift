import Base
import Foundation
import Testing
import ddp_launch

/// What travels between keepers and launcher.
@Suite struct WireTests {
  private static let frames: [Frame] = [
    .line(.out, Array("plain".utf8)), .line(.error, []), .line(.out, Array(UInt8.min...9)),
    .line(.out, Array(UInt8(11)...UInt8.max)), .line(.out, Array("[1,3]<stdout>:x [1,".utf8)),
    .started(RankStart(host: "a b", pid: 7, keeper: 6, job: 175_702_017)),
    .started(RankStart(host: "a", pid: 7, keeper: 6, job: nil, progress: 5)), .stopped(true),
    .stopped(false),
    .progress(WorkerProgress(begin: 3, source: .memory)),
    .unfinished(.out, Array("[==  ] <b>".utf8)), .unfinished(.error, Array("?".utf8)),
    .failed(
      RankReport(
        host: "a b", pid: 7, message: "<two>\nlines", waitsFor: [1, 2], time: 1.5, seconds: 0.25)),
    .ended(RankEnd(host: "a b", pid: 7, code: -9, wasAsked: true, time: 1.5, seconds: 0.25)),
  ]

  @Test func `a frame is one line and reads back`() {
    for frame in Self.frames {
      let line = frame.encoded
      #expect(line.last == 10 && line.firstIndex(of: 10) == line.count - 1)
      #expect(!line.contains(UInt8(ascii: "<")))
      #expect(Frame(line: line.dropLast()) == frame)
    }
    #expect(Frame(line: Array("?".utf8)) == nil && Frame(line: Array("x1 2".utf8)) == nil)
    #expect(Frame(line: [UInt8]()) == nil)
  }

  @Test(arguments: 1...40)
  func `frames survive any cutting and interleaving`(size: Int) {
    // Three ranks' frames in pieces of `size` bytes, each tagged as mpirun does it.
    let sent = Self.frames.flatMap(\.encoded)
    var bytes = Array("warning: [not] a tag [1,\n".utf8)
    for start in stride(from: 0, to: sent.count, by: size) {
      let piece = sent[start..<min(start + size, sent.count)]
      for rank in [0, 1, 12] {
        bytes += Array("[1,\(rank)]<stdout>:".utf8)
        for (index, byte) in piece.enumerated() {
          bytes.append(byte)
          if byte == 10, index != piece.count - 1 { bytes += Array("[1,\(rank)]<stdout>:".utf8) }
        }
      }
    }
    for step in [1, 7, bytes.count] {
      var decoder = OutputDecoder()
      var received: [Int: [Frame]] = [:]
      for start in stride(from: 0, to: bytes.count, by: step) {
        for (rank, frame) in decoder.add(bytes[start..<min(start + step, bytes.count)]) {
          received[rank, default: []].append(frame)
        }
      }
      #expect(received == [0: Self.frames, 1: Self.frames, 12: Self.frames])
    }
  }

  @Test func `lines are cut at newlines, and a carriage return starts them anew`() {
    var splitter = LineSplitter()
    func lines(_ text: String) -> [String] {
      splitter.add(text.utf8).map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(lines("a\nb") == ["a"])
    #expect(lines("c\n\nd\r\n") == ["bc", "", "d"])
    #expect(lines("10%\r20%\r\u{1B}[K30%") == [])
    #expect(String(decoding: splitter.unfinished, as: UTF8.self) == "30%")
    #expect(lines("\r40%") == [])
    #expect(splitter.finish() == Array("40%".utf8) && splitter.finish() == nil)
    let long = [UInt8](repeating: 65, count: LineSplitter.longest + 1)
    #expect(splitter.add(long).map(\.count) == [LineSplitter.longest])
    #expect(splitter.finish() == [65])
  }

  @Test func `a keeper's plan travels on its command line`() {
    var plan = KeeperPlan()
    plan.masterAddress = "node1"
    plan.masterPort = 1234
    plan.layout = HostLayout([3, 1])
    plan.restart = 2
    plan.maxRestarts = 3
    plan.isTerminal = true
    plan.threads = 5
    plan.stopSignal = .interrupt
    plan.memory = MemoryPlan(job: "1f-4711", since: [0: 2, 3: 0])
    plan.mark = "1f-2"
    plan.command = ["/bin/prog", "--", "", "--keep-rank", ":", "\\:", "\\\\:", "a:", "\\"]
    #expect(KeeperPlan(arguments: plan.arguments) == plan)
    // mpirun would begin another program there.
    #expect(!plan.arguments.contains(":"))
    #expect(KeeperPlan(arguments: ["ddp-train", "x"]) == nil)
    #expect(KeeperPlan(arguments: Array(plan.arguments.prefix(13))) == nil)
  }

  @Test func `a worker's variables follow Open MPI's, host by host`() {
    let open = [
      "OMPI_COMM_WORLD_RANK": "6", "OMPI_COMM_WORLD_SIZE": "8", "OMPI_COMM_WORLD_LOCAL_RANK": "2",
      "OMPI_COMM_WORLD_LOCAL_SIZE": "4", "PATH": "/bin",
    ]
    var plan = KeeperPlan()
    plan.layout = HostLayout([4, 4])
    let given = plan.environment(inherited: open) { 9 / $0 }
    #expect(given["RANK"] == "6" && given["WORLD_SIZE"] == "8" && given["PATH"] == "/bin")
    #expect(given["LOCAL_RANK"] == "2" && given["LOCAL_WORLD_SIZE"] == "4")
    #expect(given["GROUP_RANK"] == "1" && given["GROUP_WORLD_SIZE"] == "2")
    #expect(given["ROLE_RANK"] == "6" && given["ROLE_WORLD_SIZE"] == "8")
    #expect(given["ROLE_NAME"] == "default" && given["OMP_NUM_THREADS"] == "2")
    let set = plan.environment(inherited: open.merging(["OMP_NUM_THREADS": "7"]) { $1 })
    #expect(set["OMP_NUM_THREADS"] == "7")
    plan.threads = 3
    #expect(plan.environment(inherited: set)["OMP_NUM_THREADS"] == "3")
  }
}
