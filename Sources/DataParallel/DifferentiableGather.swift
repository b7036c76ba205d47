import Collectives
import Tensors

/// Brings the rows of all ranks together, with a gradient (`all_gather_with_grad`), so that a loss may
/// compare one rank's records with those of all.
///
/// In the forward pass every rank gets all rows; in the backward pass it gets the sum of all ranks'
/// gradients for its own. When each rank's loss is the mean over its own records, the mean of the
/// ranks' gradients, which ``DistributedDataParallel`` makes, is the gradient of the whole batch on
/// one worker. Every rank has to call it alike, and to walk back through it. It has a group of its
/// own, so that its order does not depend on the buckets that are reduced meanwhile.
///
/// Costs one all-gather forward and one reduce-scatter backward, both of which block.
public final class DifferentiableGather {
  private let group: ProcessGroup

  /// A gather over a group. Blocks until all ranks have made it.
  /// - Throws: `CollectiveError` where a rank is missing.
  public init(group: ProcessGroup) throws {
    guard let own = try group.newGroup(ranks: Array(0..<group.size), name: "gather") else {
      throw DataParallelError.unsupported("DifferentiableGather needs a rank of its group")
    }
    self.group = own
  }

  /// The rows of all ranks in rank order, and where this rank's begin. `[n, …] → [Σ n, …]`; the ranks
  /// may have different numbers of rows.
  public func callAsFunction(_ rows: Tensor) -> (rows: Tensor, first: Int) {
    require(rows.rank > 0, "DifferentiableGather", "a scalar has no rows")
    let exchange = RankRows(group)
    let all = F.gatheredRows(rows, exchange)
    return (all, exchange.counts[..<group.rank].reduce(0, +))
  }
}

/// The rows of a group's ranks, and how many each had when they were gathered.
private final class RankRows: RowExchange {
  private let group: ProcessGroup
  private(set) var counts: [Int] = []

  init(_ group: ProcessGroup) { self.group = group }

  // A loss cannot throw; without the other ranks' rows there is no going on.

  func gather(_ rows: Tensor) -> Tensor {
    do {
      let parts = try group.allGather(rows, label: "gathered rows")
      counts = parts.map { $0.shape[0] }
      return Tensor.cat(parts)
    } catch {
      fail("DifferentiableGather", "\(error)")
    }
  }

  func scatterSum(_ rows: Tensor) -> Tensor {
    do {
      return try group.reduceScatter(rows, rows: counts, label: "gathered rows' gradient")
    } catch {
      fail("DifferentiableGather", "\(error)")
    }
  }
}
