import Collectives
import DataParallel
import NN
import Synchronization
import Tensors
import Testing

@Suite("Replicas that drift")
struct DriftTests {
  /// What each rank's comparison throws.
  private func outcomes(_ ranks: Int, _ change: @escaping @Sendable (Linear, Int) -> Void) throws
    -> [String]
  {
    try World.threads(ranks, options: World.Options(timeout: .seconds(60))) { world in
      let model = Generator(seed: 1).asDefault { Linear(30, 7) }
      change(model, world.rank)
      do {
        try Replicas.compare(model, world.group, step: 40)
        return ""
      } catch {
        return "\(error)"
      }
    }
  }

  @Test("equal ones are not complained of")
  func equal() throws {
    #expect(try outcomes(4) { _, _ in } == ["", "", "", ""])
  }

  @Test("one bit of one parameter on one rank is named, alike on every rank")
  func oneBit() throws {
    let errors = try outcomes(4) { model, rank in
      guard rank == 2 else { return }
      let bits = model.weight.value.lentMemory.assumingMemoryBound(to: UInt32.self)
      bits[101] ^= 1
    }
    #expect(Set(errors).count == 1)
    #expect(
      errors[0].hasPrefix("step 40: the replicas differ in weight f32[7, 30] on rank 2;"),
      "\(errors[0])")
  }

  @Test("without a majority all ranks are named")
  func noMajority() throws {
    let errors = try outcomes(2) { model, rank in
      let values = model.bias?.value.lentMemory.assumingMemoryBound(to: Float.self)
      values?[3] = Float(rank)
    }
    #expect(errors[1].contains("differ in bias f32[7] on ranks 0, 1;"), "\(errors[1])")
  }

  /// Of an array's first bytes; it holds at least one.
  private static func sum(_ bytes: [UInt8], _ count: Int) -> UInt64 {
    bytes.withUnsafeBytes { memory in
      memory.baseAddress.map { Checksum.of($0, bytes: count) } ?? 0
    }
  }

  @Test("the checksum sees every byte, every bit of it, its place and the length")
  func checksum() {
    for count in [0, 1, 7, 8, 63, 64, 127, 128, 129, 300] {
      var bytes = [UInt8](repeating: 0, count: count + 1)
      let sum = { Self.sum(bytes, count) }
      var seen: Set<UInt64> = [sum()]
      for place in 0..<count {
        for bit in 0..<8 {
          bytes[place] = 1 << bit
          seen.insert(sum())
        }
        bytes[place] = 0
      }
      #expect(seen.count == 1 + 8 * count)
    }
    let zeros = [UInt8](repeating: 0, count: 64)
    #expect(Set((0...64).map { Self.sum(zeros, $0) }).count == 65)
  }
}
