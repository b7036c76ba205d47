import Tensors
import Testing

/// What the allocator says of the memory of tensors. Other tests allocate at the same time, so blocks are
/// large.
@Suite struct MemoryTests {
  @Test func `tensors count while they live, and at the peak afterwards`() {
    let size = 256 << 20
    var tensor: Tensor? = Tensor.empty([size], dtype: .uint8)
    #expect(memoryAllocated() >= size)
    #expect(memoryReserved() >= memoryAllocated())
    withExtendedLifetime(tensor) {}
    tensor = nil
    #expect(maxMemoryAllocated() >= size)
  }

  @Test func `what smaller tensors leave serves a larger one`() {
    let part = 512 << 20
    var parts: [Tensor] = (0..<3).map { _ in .empty([part], dtype: .uint8) }
    let reserved = memoryReserved()
    parts = []
    let whole = Tensor.empty([3 * part - (64 << 20)], dtype: .uint8)
    // Other tests take some of it.
    #expect(memoryReserved() - reserved < 2 * part)
    withExtendedLifetime((parts, whole)) {}
  }

  @Test
  func `limits of the machine are positive, and rows are measured by the one that bounds them`() {
    let limits = MachineLimits.measured()
    #expect(limits.gflops > 0 && limits.bandwidth > 0)
    let known = MachineLimits(gflops: 1e6, bandwidth: 1e6)
    let (_, profile) = profile { Tensor.ones([64, 64]).matmul(.ones([64, 64])).exp().flattened() }
    for name in ["matmul", "exp"] {
      let fraction = profile[name].flatMap(known.fraction)
      #expect(fraction.map { $0 > 0 && $0 < 1 } == true, "\(name)")
    }
  }
}
