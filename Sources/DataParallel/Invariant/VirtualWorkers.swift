import Tensors

/// A fixed number of workers that a training pretends to have, whatever the number of ranks that do their
/// work: each computes its share of every global batch by itself, with random draws of its own, and what
/// they computed is added up in one order. So weights, figures and texts are the same bits on any number of
/// ranks up to that of the virtual workers.
///
/// Rank r of W does the work of the virtual workers ⌊rV/W⌋ to ⌊(r+1)V/W⌋ − 1, one after another.
/// See docs/reproducibility.md.
public struct VirtualWorkers: Equatable, Sendable {
  /// How many there are.
  public let count: Int
  /// What their random draws come from, with the step and the worker's number.
  public let seed: UInt64

  /// A number of virtual workers, at least that of the ranks.
  public init(count: Int, seed: UInt64) {
    require(count > 0, "VirtualWorkers", "there are no \(count) virtual workers")
    self.count = count
    self.seed = seed
  }

  /// The virtual workers whose work a rank does.
  public func owned(by rank: Int, of size: Int) -> Range<Int> {
    count * rank / size..<count * (rank + 1) / size
  }

  /// The order in which what they computed is added up.
  var tree: SumTree { SumTree(leaves: count) }

  /// Begins the random draws of a worker in a step: those of the thread's default generator.
  public func beginDraws(step: Int, worker: Int) {
    manualSeed(Generator.key(seed, step, worker))
  }
}
