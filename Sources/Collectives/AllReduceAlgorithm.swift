import CCollectives

/// How to all-reduce: the one list that configuration, tests and benchmark read.
///
/// α is the latency of a message, β the time per byte, γ the time to add one, p the ranks, n bytes.
public enum AllReduceAlgorithm: String, Sendable, Hashable, CaseIterable, Codable {
  /// 2(p−1)α + 2(p−1)/p·nβ + (p−1)/p·nγ: segmented and pipelined, for long vectors.
  case ring
  /// ⌈log₂p⌉(α + nβ + nγ): for short vectors.
  case recursiveDoubling = "recursive_doubling"
  /// 2⌈log₂p⌉α with the ring's bandwidth: for vectors in between.
  case halvingDoubling = "halving_doubling"
  /// Two waits: for the ranks of one node, best with buffers from `ProcessGroup.allocateBuffer`.
  case sharedMemory = "shared_memory"
  /// Shared memory within nodes, rings between them.
  case hierarchical
  /// MPI_Allreduce, for comparison; it has no half precision, and it blocks its caller.
  case mpi

  var code: Int32 {
    let number =
      switch self {
      case .ring: TORUS_RING
      case .recursiveDoubling: TORUS_RECURSIVE_DOUBLING
      case .halvingDoubling: TORUS_HALVING_DOUBLING
      case .sharedMemory: TORUS_SHARED_MEMORY
      case .hierarchical: TORUS_HIERARCHICAL
      case .mpi: TORUS_MPI
      }
    return Int32(number)
  }

  init?(code: Int32) {
    guard let found = Self.allCases.first(where: { $0.code == code }) else { return nil }
    self = found
  }
}
