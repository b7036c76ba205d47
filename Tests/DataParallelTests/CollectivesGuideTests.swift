import Collectives
import DataParallel
import Foundation
import Tensors
import Testing

@Suite("docs/collectives.md")
struct CollectivesGuideTests {
  private static var guide: String {
    get throws {
      let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
      return try String(contentsOf: root.appending(path: "docs/collectives.md"), encoding: .utf8)
    }
  }

  @Test("what it shows runs on four ranks")
  func snippets() throws {
    _ = try World.threads(4, options: World.Options(timeout: .seconds(60))) { world in
      let group = world.group
      let tensor = Tensor.full([2], Double(world.rank))
      do {
        let sum = try group.allReduced(tensor)
        let pending = group.allGatherAsync(tensor)
        let all = try pending.wait()
        #expect(sum[0].item() == 6 && all.shape == [4, 2])
      }
      do {
        let pair = try group.subgroups(of: 2)
        let evens = try group.newGroup(ranks: [0, 2], name: "evens", timeout: .seconds(60))
        let halves = try group.split(color: group.rank % 2, key: -group.rank)
        if let evens { try evens.barrier() }
        #expect(pair.size == 2 && halves?.ranks[0] == 2 + world.rank % 2)
      }
      do {
        let failed = DispatchSemaphore(value: 0)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
        defer { memory.deallocate() }
        let work = group.allReduce(buffer: memory, count: 1024, dtype: .float32, label: "norms")
        work.onCompletion { error in if error != nil { failed.signal() } }
        try work.wait(timeout: .seconds(30))
      }
      try group.monitoredBarrier(timeout: .seconds(30), waitAllRanks: true, label: "epoch")
      do {
        let right = (group.rank + 1) % group.size
        let left = (group.rank + group.size - 1) % group.size
        let ring = group.batch([.send(tensor, to: right), .receive(tensor.shape, from: left)])
        let fromLeft = try ring.wait()[0]
        #expect(fromLeft[0].item() == Double(left))
      }
      do {
        let settings = try group.broadcast(object: group.rank == 0 ? ["epochs": 3] : nil)
        let names = try group.allGather(object: "worker \(group.rank)")
        #expect(settings == ["epochs": 3] && names[3] == "worker 3")
      }
      do {
        let buffers = (0..<3).map { _ in
          UnsafeMutableRawPointer.allocate(byteCount: 32, alignment: 64)
        }
        for buffer in buffers { buffer.initializeMemory(as: Float.self, repeating: 2, count: 8) }
        defer { for buffer in buffers { buffer.deallocate() } }
        let slices = buffers.map { BufferSlice($0, count: 8, dtype: .float32) }
        try group.allReduceCoalesced(slices, op: .average).wait()
        #expect(buffers[2].load(fromByteOffset: 28, as: Float.self) == 2)
      }
    }
  }

  @Test("and is all that it shows")
  func isComplete() throws {
    func lines(_ text: some StringProtocol) -> [String] {
      text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    let here = Set(lines(try String(contentsOfFile: #filePath, encoding: .utf8)))
    let blocks = try Self.guide.components(separatedBy: "```swift\n").dropFirst()
    #expect(blocks.count == 7)
    for block in blocks {
      for line in lines(block.components(separatedBy: "```")[0]) {
        #expect(here.contains(line), "\(line)")
      }
    }
  }

  @Test("its table of types and reductions is true")
  func table() throws {
    let rows = try Self.guide.split(separator: "\n")
    let heading = try #require(rows.first { $0.hasPrefix("| | sum") })
    #expect(cells(heading).dropFirst() == ReduceOp.allCases.map(\.name)[...])
    for type in DType.allCases {
      let row = try #require(rows.first { $0.hasPrefix("| `\(type.shortName)` |") }, "\(type)")
      #expect(
        cells(row).dropFirst().map { $0 != "–" } == ReduceOp.allCases.map { $0.supports(type) },
        "\(type)")
    }
  }

  private func cells(_ row: Substring) -> [String] {
    row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
  }
}
