import Tensors

/// Divides a dataset at random into parts that do not overlap (`torch.utils.data.random_split`).
///
/// The permutation of `seed` over all records is cut into consecutive pieces, so the same seed
/// gives the parts that PyTorch gives with `torch.Generator().manual_seed(seed)`.
/// - Parameters:
///   - dataset: What is divided.
///   - lengths: The size of each part; together they are `dataset.count`.
///   - seed: The seed of the permutation.
public func randomSplit<Source: Dataset>(
  _ dataset: Source, lengths: [Int], seed: UInt64 = 0
) -> [Subset<Source>] {
  let total = lengths.reduce(0, +)
  require(
    total == dataset.count && lengths.allSatisfy { $0 >= 0 }, "randomSplit",
    "lengths \(lengths) add up to \(total), but the dataset has \(dataset.count) records")
  let generator = IndexGenerator(seed: seed)
  let order = generator.permutation(total)
  var start = 0
  return lengths.map { length in
    defer { start += length }
    return Subset(dataset, indices: Array(order[start..<start + length]))
  }
}

/// Divides a dataset at random by shares of the whole.
///
/// Each part gets its share rounded down; what is left over goes one record each to the first
/// parts, as in PyTorch.
/// - Parameters:
///   - dataset: What is divided.
///   - fractions: Positive shares that add up to 1.
///   - seed: The seed of the permutation.
public func randomSplit<Source: Dataset>(
  _ dataset: Source, fractions: [Double], seed: UInt64 = 0
) -> [Subset<Source>] {
  let sum = fractions.reduce(0, +)
  require(
    abs(sum - 1) < 1e-9 && fractions.allSatisfy { $0 >= 0 && $0 <= 1 }, "randomSplit",
    "fractions \(fractions) must be between 0 and 1 and add up to 1")
  var lengths = fractions.map { Int((Double(dataset.count) * $0).rounded(.down)) }
  let left = dataset.count - lengths.reduce(0, +)
  for extra in 0..<max(left, 0) { lengths[extra % lengths.count] += 1 }
  return randomSplit(dataset, lengths: lengths, seed: seed)
}
