import DataParallel

extension MetricValues {
  /// What data parallelism was and took: seconds are averages over steps.
  package init(_ statistics: DataParallelStatistics, step: Int) {
    func list(_ bytes: [Int]) -> MetricValue { .list(bytes.map { .integer($0) }) }
    self = [
      "step": .integer(step), "world_size": .integer(statistics.worldSize),
      "hook": statistics.hook.map { .text($0) } ?? .null,
      "parameter_bytes": .integer(statistics.parameterBytes),
      "added_bytes": .integer(statistics.addedBytes),
      "shares_memory": .flag(statistics.sharesMemory),
      "initial_bucket_bytes": list(statistics.initialBucketBytes),
      "bucket_bytes": list(statistics.bucketBytes),
      "unused_parameters": .list(statistics.unusedParameters.map { .text($0) }),
      "forward_seconds": .number(statistics.forwardSeconds),
      "backward_seconds": .number(statistics.backwardSeconds),
      "communication_seconds": .number(statistics.communicationSeconds),
      "overlap_seconds": .number(statistics.overlapSeconds),
      "wait_seconds": .number(statistics.waitSeconds),
    ]
  }
}
