import Tensors

/// The order in which records are read (`torch.utils.data.Sampler`).
///
/// An order is a pure function of the seed and the epoch, so a loader's state is three numbers and
/// nobody can forget to announce a new epoch.
public protocol Sampler: Sendable {
  /// The number of indices in an epoch.
  var count: Int { get }

  /// What the random choices come from; 0 where there are none.
  var seed: UInt64 { get }

  /// The indices of one epoch in order. The generator starts from `seed + epoch`.
  func indices(epoch: Int) -> [Int]
}

/// Every record in its own order.
public struct SequentialSampler: Sampler {
  /// The number of records.
  public let count: Int
  /// Always 0.
  public var seed: UInt64 { 0 }

  /// The indices 0 ..< recordCount.
  public init(recordCount: Int) { count = recordCount }

  /// A dataset's records in their order.
  public init(_ dataset: some Dataset) { count = dataset.count }

  /// 0, 1, …, count − 1.
  public func indices(epoch: Int) -> [Int] { Array(0..<count) }
}

/// Records in random order, or drawn with replacement (`torch.utils.data.RandomSampler`).
///
/// Epoch 0 is PyTorch's order for a generator of the same seed; each later epoch starts from
/// `seed + epoch`, as PyTorch's `DistributedSampler` does.
public struct RandomSampler: Sampler {
  /// The number of records to choose from.
  public let recordCount: Int
  /// The number of indices in an epoch.
  public let count: Int
  /// Whether a record can come again before all have come.
  public let replacement: Bool
  /// What the order comes from.
  public let seed: UInt64

  /// A random order.
  /// - Parameters:
  ///   - recordCount: The number of records to choose from.
  ///   - replacement: Whether each draw is independent of the others.
  ///   - numSamples: The number of indices in an epoch; all records once where nil. More than
  ///     `recordCount` without replacement goes through several whole permutations.
  ///   - seed: What the order comes from.
  public init(
    recordCount: Int, replacement: Bool = false, numSamples: Int? = nil, seed: UInt64 = 0
  ) {
    require(
      recordCount >= 0 && numSamples ?? 0 >= 0, "RandomSampler",
      "\(numSamples ?? recordCount) draws from \(recordCount) records")
    self.recordCount = recordCount
    count = numSamples ?? recordCount
    self.replacement = replacement
    self.seed = seed
    require(
      recordCount > 0 || count == 0, "RandomSampler", "\(count) draws from no records")
  }

  /// A random order of a dataset's records.
  public init(
    _ dataset: some Dataset, replacement: Bool = false, numSamples: Int? = nil, seed: UInt64 = 0
  ) {
    self.init(
      recordCount: dataset.count, replacement: replacement, numSamples: numSamples, seed: seed)
  }

  /// The order of one epoch.
  public func indices(epoch: Int) -> [Int] {
    let generator = IndexGenerator(seed: seed &+ UInt64(epoch))
    if replacement { return generator.integers(count, below: recordCount) }
    var result: [Int] = []
    result.reserveCapacity(count)
    while result.count < count {
      result += generator.permutation(recordCount).prefix(count - result.count)
    }
    return result
  }
}

/// Some records in random order (`torch.utils.data.SubsetRandomSampler`).
public struct SubsetRandomSampler: Sampler {
  /// The records to read.
  public let subset: [Int]
  /// What the order comes from.
  public let seed: UInt64
  /// The number of records to read.
  public var count: Int { subset.count }

  /// The given indices in random order.
  public init(_ subset: [Int], seed: UInt64 = 0) {
    self.subset = subset
    self.seed = seed
  }

  /// The order of one epoch.
  public func indices(epoch: Int) -> [Int] {
    let generator = IndexGenerator(seed: seed &+ UInt64(epoch))
    return generator.permutation(subset.count).map { subset[$0] }
  }
}

/// Records drawn as often as their weights say (`torch.utils.data.WeightedRandomSampler`).
public struct WeightedRandomSampler: Sampler {
  /// One weight for each record; they need not add up to 1.
  public let weights: [Double]
  /// The number of indices in an epoch.
  public let count: Int
  /// Whether a record can come more than once.
  public let replacement: Bool
  /// What the draws come from.
  public let seed: UInt64

  /// Weighted draws.
  /// - Parameters:
  ///   - weights: Finite and not negative; without replacement at least `numSamples` of them positive.
  ///   - numSamples: The number of indices in an epoch.
  ///   - replacement: Whether a record can come more than once.
  ///   - seed: What the draws come from.
  public init(
    weights: [Double], numSamples: Int, replacement: Bool = true, seed: UInt64 = 0
  ) {
    let positive = weights.count { $0 > 0 }
    require(
      weights.allSatisfy { $0.isFinite && $0 >= 0 } && numSamples >= 0
        && positive >= (replacement ? 1 : numSamples),
      "WeightedRandomSampler",
      "weights must be finite and not negative; \(positive) positive ones do not allow \(numSamples) "
        + "draws \(replacement ? "with" : "without") replacement")
    self.weights = weights
    count = numSamples
    self.replacement = replacement
    self.seed = seed
  }

  /// The draws of one epoch.
  public func indices(epoch: Int) -> [Int] {
    let generator = IndexGenerator(seed: seed &+ UInt64(epoch))
    return generator.multinomial(weights, count: count, replacement: replacement)
  }
}
