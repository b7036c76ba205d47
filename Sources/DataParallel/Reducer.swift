import Collectives
import Dispatch
import NN
import Tensors

/// Adds finished gradients to their buckets and has full buckets reduced, in the order of the plan,
/// while the walk goes on.
///
/// Beside the gradients each bucket carries one number per parameter, 1 where this rank used it:
/// after the reduction it tells whether any rank did.
final class Reducer: BackwardObserver {
  private(set) var plan: BucketPlan
  var isSynchronizing = true
  private(set) var statistics = DataParallelStatistics()

  private let names: [String]
  private let parameters: [Parameter]
  private let group: ProcessGroup
  private let mayRebuild: Bool
  private var buckets: [GradientBucket] = []
  /// The bucket of each parameter.
  private var bucketOf: [Int] = []
  /// What messages call each bucket.
  private var labels: [String] = []
  private var hooks: [HookHandle] = []

  // The state of the present pass.
  private var isActive = false
  private var next = 0
  private var readyOrder: [Int] = []
  private var firstLaunch: UInt64 = 0

  init(
    _ named: [(name: String, parameter: Parameter)], group: ProcessGroup,
    options: DataParallelOptions
  ) throws {
    names = named.map(\.name)
    parameters = named.map(\.parameter)
    self.group = group
    mayRebuild = options.plan == nil
    algorithm = options.algorithm
    observer = options.observer
    limits = [options.firstBucketBytes, options.bucketBytes]
    // Gradients become ready roughly from the last layer to the first.
    plan =
      options.plan
      ?? BucketPlan(
        parameters.map { ($0.count, $0.dtype) }, limits: limits,
        order: Array(parameters.indices.reversed()))
    try ReplicaMismatch.check(plan, parameters: parameters)
    try makeBuckets()
    for (position, parameter) in parameters.enumerated() {
      hooks.append(
        parameter.value.onGradientReady { [unowned self] in gradientReady(position) })
    }
    BackwardObservers.add(self)
  }

  private let limits: [Int]
  private let algorithm: AllReduceAlgorithm?
  private let observer: (@Sendable (GradientMoment) -> Void)?

  deinit {
    BackwardObservers.remove(self)
    for hook in hooks { hook.remove() }
    for parameter in parameters { parameter.value.gradientBuffer = nil }
  }

  /// Lays the plan's buckets out, taking over gradients that live elsewhere.
  private func makeBuckets() throws {
    let before = parameters.map(\.grad)
    buckets = try plan.buckets.map { positions in
      try GradientBucket(positions, positions.map { parameters[$0] }, group)
    }
    bucketOf = [Int](repeating: 0, count: parameters.count)
    for (index, bucket) in buckets.enumerated() {
      for (place, position) in bucket.positions.enumerated() {
        bucketOf[position] = index
        let view = bucket.views[place]
        parameters[position].value.gradientBuffer = view
        if let gradient = before[position] {
          view.copyInPlace(gradient)
          parameters[position].grad = view
        }
      }
    }
    statistics.bucketBytes = buckets.map(\.byteCount)
    labels = buckets.indices.map(label)
  }

  /// `layer3.weight f32[512, 512] + 3 more (bucket 2)`: the first parameter stands for the bucket.
  private func label(_ index: Int) -> String {
    let positions = buckets[index].positions
    let first = parameters[positions[0]]
    let more = positions.count > 1 ? " + \(positions.count - 1) more" : ""
    return
      "\(names[positions[0]]) \(first.dtype.element.name)\(first.shape)\(more) (bucket \(index))"
  }

  func backwardWillBegin(reaches: (Tensor) -> Bool) {
    isActive = false
    guard isSynchronizing else { return }
    var unreached: [Int] = []
    for bucket in buckets { bucket.pending = 0 }
    for (position, parameter) in parameters.enumerated() {
      if reaches(parameter.value) {
        buckets[bucketOf[position]].pending += 1
      } else {
        unreached.append(position)
      }
    }
    // A walk that reaches none of the parameters is another model's.
    guard unreached.count < parameters.count else { return }
    isActive = true
    next = 0
    firstLaunch = 0
    readyOrder = unreached
    statistics.unusedParameters = unreached.map { names[$0] }
    launchFullBuckets()
  }

  private func gradientReady(_ position: Int) {
    guard isActive else { return }
    readyOrder.append(position)
    buckets[bucketOf[position]].pending -= 1
    launchFullBuckets()
  }

  private func launchFullBuckets() {
    while next < buckets.count, buckets[next].pending == 0 {
      let bucket = buckets[next]
      bucket.prepare()
      if firstLaunch == 0 { firstLaunch = DispatchTime.now().uptimeNanoseconds }
      let label = labels[next]
      observer?(.bucketReady(index: next, label: label, bytes: bucket.byteCount))
      bucket.launch(group, algorithm, label: label)
      next += 1
    }
  }

  func backwardDidEnd() {
    guard isActive else { return }
    isActive = false
    let walked = DispatchTime.now().uptimeNanoseconds
    observer?(.walkEnded)
    do {
      for bucket in buckets { try bucket.finish() }
      statistics.passes += 1
      statistics.overlapSeconds = Double(walked - firstLaunch) / 1e9
      statistics.waitSeconds = Double(DispatchTime.now().uptimeNanoseconds - walked) / 1e9
      if mayRebuild && !statistics.hasRebuilt { try rebuild() }
    } catch {
      // A walk cannot throw, and without the other ranks' gradients there is no going on.
      group.end(error, during: "backward")
    }
  }

  /// Puts buckets into the order in which rank 0's gradients became ready. Once, after the first
  /// pass; every rank takes part.
  private func rebuild() throws {
    statistics.hasRebuilt = true
    let order = try group.broadcastObject(readyOrder, label: "bucket order")
    let observed = BucketPlan(
      parameters.map { ($0.count, $0.dtype) }, limits: limits, order: order)
    guard observed != plan else { return }
    plan = observed
    try makeBuckets()
  }
}
