import Datasets
import Tensors

/// A rank's share of a batch of tensors in memory.
struct FitBatch {
  let inputs, targets: [Tensor]
  /// How many of the rows count.
  var count: Int
}

/// Tensors with equally many rows, read by batches.
struct FitData {
  let inputs, targets: [Tensor]

  init(_ inputs: [Tensor], _ targets: [Tensor], _ caller: String) {
    let all = inputs + targets
    let rows = all.first?.shape.first ?? 0
    require(
      all.allSatisfy { $0.rank > 0 && $0.size(0) == rows }, caller,
      "inputs \(inputs.map(\.shape)) and targets \(targets.map(\.shape)) differ in their first "
        + "dimension, which counts the records")
    require(rows > 0, caller, "there are no records")
    (self.inputs, self.targets) = (inputs, targets)
  }

  var count: Int { (inputs + targets)[0].size(0) }

  /// The last share of the rows, and what is before it.
  func split(_ share: Double) -> (first: FitData, last: FitData) {
    let place = Int((Double(count) * (1 - share)).rounded())
    require(
      (1..<count).contains(place), "fit",
      "a validation share of \(share) leaves no records on one side of \(count)")
    func part(_ from: Int, _ to: Int) -> FitData {
      FitData(
        inputs.map { $0.sliced(from: from, to: to) }, targets.map { $0.sliced(from: from, to: to) },
        "fit")
    }
    return (part(0, place), part(place, count))
  }

  func loader(
    batchSize: Int, shuffle: Bool, seed: UInt64, rank: Int, worldSize: Int
  ) -> any BatchLoading<[BatchPart<FitBatch>]> {
    require(batchSize > 0, "fit", "a batch of \(batchSize) records is none")
    let sampler: any Sampler =
      shuffle ? RandomSampler(recordCount: count, seed: seed) : SequentialSampler(count: count)
    let loader = DataLoader(
      RowNumbers(count: count), batches: BatchSampler(sampler, batchSize: batchSize), rank: rank,
      worldSize: worldSize
    ) { [self] rows in
      let index = Tensor(rows)
      func taken(_ tensors: [Tensor]) -> [Tensor] {
        noGrad { tensors.map { $0.indexSelect(dim: 0, index: index) } }
      }
      return FitBatch(inputs: taken(inputs), targets: taken(targets), count: rows.count)
    }
    return FitBatches(loader)
  }
}

/// The numbers of rows.
private struct RowNumbers: Dataset {
  let count: Int
  subscript(index: Int) -> Int { index }
}

/// A loader whose batches are computed in one part that knows how many of its rows count.
final class FitBatches: BatchLoading {
  private let base: any BatchLoading<FitBatch>

  init(_ base: any BatchLoading<FitBatch>) { self.base = base }

  var epoch: Int { base.epoch }
  var step: Int { base.step }
  var batchCount: Int { base.batchCount }
  var state: LoaderState { base.state }
  func restore(_ state: LoaderState) throws(DataError) { try base.restore(state) }
  func next() throws -> Batch<[BatchPart<FitBatch>]>? {
    try base.next().map { batch in
      var content = batch.content
      content.count = batch.count
      return batch.map { _ in [BatchPart(content, count: max(batch.count, 1))] }
    }
  }
}

/// A user's loader of pairs.
final class PairBatches: BatchLoading {
  private let base: any BatchLoading<(Tensor, Tensor)>

  init(_ base: any BatchLoading<(Tensor, Tensor)>) { self.base = base }

  var epoch: Int { base.epoch }
  var step: Int { base.step }
  var batchCount: Int { base.batchCount }
  var state: LoaderState { base.state }
  func restore(_ state: LoaderState) throws(DataError) { try base.restore(state) }
  func next() throws -> Batch<FitBatch>? {
    try base.next().map { batch in
      batch.map { FitBatch(inputs: [$0.0], targets: [$0.1], count: batch.count) }
    }
  }
}
