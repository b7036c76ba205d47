import Foundation
import Tensors

/// The buckets into which T5 and its kin sort the distances between tokens (Raffel et al. 2020).
public enum RelativeBuckets {
  /// The bucket of each query and key, `[queries, keys]`, int64.
  ///
  /// With r = key − query, and half of the buckets for r > 0 where both directions count: distances
  /// below a half of the rest have a bucket each, larger ones share buckets that grow by their
  /// logarithm up to `maxDistance`. Where that is less than the distances with a bucket of their own,
  /// the logarithm falls, as it does in transformers, and long texts run out of buckets, which stops
  /// the process.
  /// - Parameters:
  ///   - queries: The positions of the queries.
  ///   - keys: The number of keys.
  ///   - isBidirectional: Whether keys behind a query are told from those before it; otherwise they
  ///     all share bucket 0.
  ///   - buckets: The number of buckets.
  ///   - maxDistance: The distance from which on all keys share a bucket.
  public static func table(
    queries: Range<Int>, keys: Int, isBidirectional: Bool, buckets: Int, maxDistance: Int
  ) -> Tensor {
    let numbers = queries.flatMap { query in
      (0..<keys).map { key in
        let bucket = bucket(
          key - query, isBidirectional: isBidirectional, buckets: buckets, maxDistance: maxDistance)
        guard let bucket, 0..<buckets ~= bucket else {
          fail(
            "RelativeBuckets",
            "tokens \(abs(key - query)) apart have none of the \(buckets) buckets up to a distance of "
              + "\(maxDistance): take a shorter text, or more buckets or a larger distance")
        }
        return bucket
      }
    }
    return Tensor(numbers, shape: [queries.count, keys])
  }

  /// The bucket of one distance, key − query, which may lie beyond the table; nil where the logarithm
  /// has no number.
  static func bucket(
    _ distance: Int, isBidirectional: Bool, buckets: Int, maxDistance: Int
  ) -> Int? {
    var (start, count, n) = (0, buckets, max(-distance, 0))
    if isBidirectional {
      count /= 2
      n = abs(distance)
      if distance > 0 { start = count }
    }
    let exact = count / 2
    if n < exact { return start + n }
    // In float32, as transformers computes it: on a border the last bit decides. The logarithm is
    // rounded correctly here; PyTorch's is that of a library which differs in the last bit for two
    // quotients in a hundred, so that a distance on a border may lie one bucket further on there (15
    // with 19 buckets up to 25, 12 with 17 up to 27).
    let share =
      Float(log(Double(Float(n) / Float(exact)))) / Float(log(Double(maxDistance) / Double(exact)))
    return Int(exactly: (share * Float(count - exact)).rounded(.towardZero))
      .map { start + min(exact + $0, count - 1) }
  }
}
