import Tensors

extension BucketPlan {
  /// Stops a plan that does not fit a model: an empty bucket, a parameter that comes twice, is
  /// missing or unknown, or a bucket of several dtypes.
  func check(names: [String], dtypes: [DType]) throws(DataParallelError) {
    var seen = Set<Int>()
    for (index, bucket) in buckets.enumerated() {
      if bucket.isEmpty { throw .plan("bucket \(index) is empty") }
      for position in bucket {
        guard names.indices.contains(position) else {
          throw .plan(
            "bucket \(index) names parameter \(position), and the model has \(names.count)")
        }
        guard seen.insert(position).inserted else {
          throw .plan("\(names[position]) comes twice, again in bucket \(index)")
        }
        guard dtypes[position] == dtypes[bucket[0]] else {
          throw .plan(
            "bucket \(index) mixes \(names[bucket[0]]) \(dtypes[bucket[0]]) with "
              + "\(names[position]) \(dtypes[position])")
        }
      }
    }
    if let missing = names.indices.first(where: { !seen.contains($0) }) {
      throw .plan(
        "no bucket holds \(names[missing]); the plan has \(seen.count) parameters and the model "
          + "\(names.count)")
    }
  }
}
