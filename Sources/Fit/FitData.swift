import DataParallel
import Datasets
import Tensors
import Training

/// A rank's share of a batch of tensors in memory.
struct FitBatch {
  let inputs, targets: [Tensor]
  /// How many of the rows count.
  var count: Int
  /// Which of the rank's virtual workers has them; 0 where there are none.
  var worker = 0
}

/// Tensors with equally many rows, read by batches.
struct FitData {
  let inputs, targets: [Tensor]

  init(_ inputs: [Tensor], _ targets: [Tensor], _ caller: String) {
    let all = inputs + targets
    require(
      !inputs.isEmpty, caller, "there are no inputs: a tensor for each of the model's is expected")
    let rows = all.first?.shape.first ?? 0
    let given =
      "inputs \(inputs.map(\.shape))"
      + (targets.isEmpty ? "" : " and targets \(targets.map(\.shape))")
    require(
      all.allSatisfy { $0.rank > 0 }, caller,
      "\(given) hold a single number, and a first dimension that counts the records is expected")
    require(
      all.allSatisfy { $0.size(0) == rows }, caller,
      "\(given) differ in their first dimension, which counts the records")
    require(
      rows > 0, caller, "there are no records: \(given), and at least one of each is expected")
    (self.inputs, self.targets) = (inputs, targets)
  }

  var count: Int { (inputs + targets)[0].size(0) }

  /// The last share of the rows, and what is before it.
  func split(_ share: Double) -> (first: FitData, last: FitData) {
    let place = share > 0 && share < 1 ? Int((Double(count) * (1 - share)).rounded()) : 0
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
    batchSize: Int, shuffle: Bool, seed: UInt64, rank: Int, worldSize: Int,
    virtualWorkers: VirtualWorkers?
  ) -> any BatchLoading<[BatchPart<FitBatch>]> {
    require(batchSize > 0, "fit", "a batch of \(batchSize) records is none")
    let sampler: any Sampler =
      shuffle
      ? RandomSampler(recordCount: count, seed: seed) : SequentialSampler(recordCount: count)
    func share(_ share: Int, of shares: Int) -> any BatchLoading<FitBatch> {
      DataLoader(
        RowNumbers(count: count), batches: BatchSampler(sampler, batchSize: batchSize), rank: share,
        worldSize: shares
      ) { [self] rows in
        let index = Tensor(rows)
        func taken(_ tensors: [Tensor]) -> [Tensor] {
          noGrad { tensors.map { $0.indexSelect(dim: 0, index: index) } }
        }
        return FitBatch(inputs: taken(inputs), targets: taken(targets), count: rows.count)
      }
    }
    guard let virtualWorkers else { return FitBatch.whole(share(rank, of: worldSize)) }
    return FitBatch.shares(
      VirtualLoader(virtualWorkers, rank: rank, worldSize: worldSize) { share($0, of: $1) })
  }
}

/// The numbers of rows.
private struct RowNumbers: Dataset {
  let count: Int
  subscript(index: Int) -> Int { index }
}

extension FitBatch {
  /// A loader's batches, computed in one part each that knows how many of its rows count.
  static func whole(
    _ loader: any BatchLoading<FitBatch>
  ) -> MappedBatches<FitBatch, [BatchPart<FitBatch>]> {
    MappedBatches(loader) { batch in
      var content = batch.content
      content.count = batch.count
      return batch.map { _ in [BatchPart(content, count: max(batch.count, 1))] }
    }
  }

  /// The batches of virtual workers, whose parts know how many of their rows count and whose they are.
  static func shares(
    _ loader: any BatchLoading<[BatchPart<FitBatch>]>
  ) -> MappedBatches<[BatchPart<FitBatch>], [BatchPart<FitBatch>]> {
    MappedBatches(loader) { batch in
      batch.map { parts in
        parts.enumerated().map { worker, part in
          var content = part.content
          (content.count, content.worker) = (part.count, worker)
          return BatchPart(content, count: part.count)
        }
      }
    }
  }

  /// A user's pairs.
  init(_ pair: (Tensor, Tensor), count: Int) {
    self.init(inputs: [pair.0], targets: [pair.1], count: count)
  }
}
