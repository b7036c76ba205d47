import Collectives
import Tensors

/// Adds up the gradients of virtual workers over all ranks in the order of their ``SumTree``.
///
/// Each rank sends every other one that one's slice of all sums that it has, adds up what it gets for its
/// own slice as the tree says, and hands the result to all.
final class TreeHook: ScatteringHook {
  private let sums: GradientSums
  /// The nodes whose sums each rank has.
  private let nodes: [[Range<Int>]]

  init(_ sums: GradientSums, ranks: Int) {
    self.sums = sums
    let workers = sums.workers
    nodes = (0..<ranks).map { workers.tree.nodes(within: workers.owned(by: $0, of: ranks)) }
  }

  var name: String { "virtual workers" }

  func reduce(_ bucket: CommunicationBucket) -> BucketReduction {
    let (group, buffer) = (bucket.group, bucket.buffer)
    let lengths = Self.slices(of: buffer.count, ranks: group.size)
    let start = lengths[..<group.rank].reduce(0, +)
    let end = start + lengths[group.rank]
    return exchange(bucket, lengths) { sum in
      noGrad { buffer.sliced(from: start, to: end).copyInPlace(sum) }
      buffer.storage.version &+= 1
      return BucketReduction([
        group.allGather(
          input: buffer.lentMemory + start * buffer.dtype.size, output: buffer.lentMemory,
          counts: lengths, dtype: buffer.dtype, label: bucket.label)
      ])
    }
  }

  func reduceScatter(_ bucket: ScatterBucket) -> BucketReduction {
    exchange(bucket.whole, bucket.counts) { sum in
      bucket.overwrite(with: sum)
      return nil
    }
  }

  /// Brings each rank all sums of its slice, and hands their sum on.
  private func exchange(
    _ bucket: CommunicationBucket, _ lengths: [Int],
    then next: @escaping (Tensor) -> BucketReduction?
  ) -> BucketReduction {
    let group = bucket.group
    let (own, length) = (sums.close(bucket), lengths[group.rank])
    let dtype = bucket.buffer.dtype
    let input = own.count == 1 ? own[0] : Self.interleaved(own, lengths)
    let output = Tensor.uninitialized([nodes.reduce(0) { $0 + $1.count } * length], dtype)
    let work = group.allToAll(
      input: input.lentMemory, output: output.lentMemory, sent: lengths.map { $0 * own.count },
      received: nodes.map { $0.count * length }, dtype: dtype, label: bucket.label)
    return BucketReduction([work]) { [nodes, tree = sums.workers.tree] in
      withExtendedLifetime(input) {}
      output.storage.version &+= 1
      let received = nodes.joined().enumerated().map { place, node in
        (node: node, value: output.sliced(from: place * length, to: (place + 1) * length))
      }
      let sum = noGrad {
        tree.sum(received) { left, right in
          left.addInPlace(right)
          return left
        }
      }
      guard let sum else { fail("TreeHook", "the ranks' sums do not make a tree") }
      return next(sum)
    }
  }

  /// The slices of several buffers, those of one rank side by side.
  private static func interleaved(_ buffers: [Tensor], _ lengths: [Int]) -> Tensor {
    let result = Tensor.uninitialized([buffers.count * lengths.reduce(0, +)], buffers[0].dtype)
    var (start, place) = (0, 0)
    noGrad {
      for length in lengths {
        for buffer in buffers {
          result.sliced(from: place, to: place + length).copyInPlace(
            buffer.sliced(from: start, to: start + length))
          place += length
        }
        start += length
      }
    }
    return result
  }

  /// Equal slices that begin on cache lines.
  private static func slices(of count: Int, ranks: Int) -> [Int] {
    let each = ((count + ranks - 1) / ranks + 15) / 16 * 16
    return (0..<ranks).map { max(0, min(each, count - $0 * each)) }
  }
}

extension DistributedDataParallel {
  /// Adds gradients up as a tree of virtual workers from now on.
  /// - Throws: ``DataParallelError/secondHook(present:refused:)`` where a hook reduces them already, and
  ///   ``DataParallelError/unsupported(_:)`` for a fully sharded model, whose parameters ranks gather as often.
  package func addUp(_ sums: GradientSums) throws(DataParallelError) {
    if isFullySharded {
      throw .unsupported(
        "virtual workers cannot train a fully sharded model: ranks have different numbers of them; use stage zero2"
      )
    }
    try register(TreeHook(sums, ranks: group.size))
    reducer.earlierUse = { [unowned sums] in sums.hasEarlier($0) }
  }
}
