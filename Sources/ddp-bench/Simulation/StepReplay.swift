/// The bucket timeline of one training step on a rank whose core is its own and that waits for
/// nobody; seconds since the step began.
package struct StepTimeline: Sendable, Equatable {
  package struct Bucket: Sendable, Equatable {
    /// When its last gradient was there.
    package var ready: Double
    package var bytes: Int

    package init(ready: Double, bytes: Int) {
      self.ready = ready
      self.bytes = bytes
    }
  }

  /// In the order in which they are reduced.
  package var buckets: [Bucket]
  /// When the backward walk had nothing more to compute.
  package var walkEnd: Double
  /// What comes after the last bucket: the optimizer, and whatever else a step does.
  package var rest: Double
  /// Bytes of each reduction that the rest waits for.
  package var agreements: [Int]

  package init(buckets: [Bucket], walkEnd: Double, rest: Double, agreements: [Int] = []) {
    self.buckets = buckets
    self.walkEnd = walkEnd
    self.rest = rest
    self.agreements = agreements
  }

  /// What a step takes.
  package struct Prediction: Sendable, Equatable {
    /// Computation alone.
    package var compute: Double
    /// All reductions together.
    package var communication: Double
    /// The step: computation and the reductions that it could not hide.
    package var step: Double
  }

  /// Replays the step with computation `slowdown` times as long and reductions that take
  /// `reduction(bytes)`: a bucket starts when it is ready and the one before it is done, and
  ///
  ///     step = max(end of the walk, end of the last bucket) + rest
  package func replayed(
    slowdown: Double, reduction: (_ bytes: Int) -> Double
  ) -> Prediction {
    var (end, communication) = (0.0, 0.0)
    for bucket in buckets {
      let cost = reduction(bucket.bytes)
      end = max(bucket.ready * slowdown, end) + cost
      communication += cost
    }
    let agreeing = agreements.reduce(0) { $0 + reduction($1) }
    return Prediction(
      compute: (walkEnd + rest) * slowdown, communication: communication + agreeing,
      step: max(walkEnd * slowdown, end) + rest * slowdown + agreeing)
  }

  /// The timeline whose every time is the median of the steps'; they must have the same buckets.
  package static func median(of steps: [StepTimeline]) -> StepTimeline? {
    guard let first = steps.first else { return nil }
    let alike = steps.filter { $0.buckets.map(\.bytes) == first.buckets.map(\.bytes) }
    func middle(_ value: (StepTimeline) -> Double) -> Double {
      alike.map(value).sorted()[alike.count / 2]
    }
    var result = first
    for index in first.buckets.indices {
      result.buckets[index].ready = middle { $0.buckets[index].ready }
    }
    result.walkEnd = middle(\.walkEnd)
    result.rest = middle(\.rest)
    return result
  }
}
