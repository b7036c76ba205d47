import Tensors

/// Which gradients travel together: PyTorch's bucket assignment.
///
/// Tensors are taken in a given order and appended to the open bucket of their dtype; a bucket
/// closes when its size reaches its limit. Limits are taken in turn, the last one for all further
/// buckets of a dtype.
public struct BucketPlan: Equatable, Sendable {
  /// The positions of the tensors in each bucket, in the order in which buckets are reduced.
  public let buckets: [[Int]]

  /// A plan that is known, such as one that a checkpoint holds.
  public init(buckets: [[Int]]) { self.buckets = buckets }

  /// Assigns tensors to buckets (`compute_bucket_assignment_by_size`).
  /// - Parameters:
  ///   - tensors: Elements and dtype of each.
  ///   - limits: Bytes at which a bucket closes: the first bucket's, the second's, ….
  ///   - order: The positions in the order in which they are taken; by default as they stand.
  public init(
    _ tensors: [(count: Int, dtype: DType)], limits: [Int], order: [Int]? = nil
  ) {
    var closed: [[Int]] = []
    var open: [DType: (positions: [Int], bytes: Int)] = [:]
    var limitIndex: [DType: Int] = [:]
    var seen: [DType] = []
    for position in order ?? Array(tensors.indices) {
      let (count, dtype) = tensors[position]
      if open[dtype] == nil && !seen.contains(dtype) { seen.append(dtype) }
      var bucket = open[dtype] ?? ([], 0)
      bucket.positions.append(position)
      bucket.bytes += count * dtype.size
      let index = limitIndex[dtype, default: 0]
      if bucket.bytes >= limits[min(index, limits.count - 1)] {
        closed.append(bucket.positions)
        open[dtype] = nil
        limitIndex[dtype] = index + 1
      } else {
        open[dtype] = bucket
      }
    }
    for dtype in seen { if let bucket = open[dtype] { closed.append(bucket.positions) } }
    // Where an order was observed, buckets keep it; else they stand by their smallest position.
    buckets =
      order == nil ? closed.sorted { ($0.min() ?? 0) < ($1.min() ?? 0) } : closed
  }
}
