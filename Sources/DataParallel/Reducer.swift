import Collectives
import NN
import Tensors

/// What a data-parallel model has its gradients reduced by.
protocol ModelReducing: BucketReducing {
  var plan: BucketPlan { get }
  var isSynchronizing: Bool { get set }
  var log: PassLog { get set }
  /// The rank whose order of readiness and buffers count: the lowest that has data.
  var leader: Int { get set }
  /// By what the averages over all ranks are multiplied; not 1 while ranks without data take part
  /// and do not count.
  var correction: Double { get set }
  /// Whether an earlier walk of the same step had a gradient of a parameter that was put away since.
  var earlierUse: ((Parameter) -> Bool)? { get set }
  /// Has a hook reduce buckets from now on.
  func register(_ hook: any CommunicationHook) throws(DataParallelError)
  /// Takes part in the other ranks' pass with zeros, on a rank that has no data.
  func shadowPass() throws
}

/// Has full buckets reduced, in the order of the plan, while the walk goes on.
///
/// Beside the gradients travels one number per parameter, 1 where this rank used it: after the
/// reduction it tells whether any rank did. It lies behind the bucket's gradients, or, where a
/// communication hook reduces these, goes in an all-reduce of its own behind the last bucket.
final class Reducer: ModelReducing {
  private(set) var plan: BucketPlan
  var isSynchronizing = true
  var log = PassLog()

  private let names: [String]
  private let parameters: [Parameter]
  private let group: ProcessGroup
  private let options: DataParallelOptions
  private let mayRebuild: Bool
  private var arena: GradientArena
  private var buckets: [GradientBucket] = []
  /// The buckets as hooks and messages see them.
  private var shown: [CommunicationBucket] = []
  private let schedule: BackwardSchedule
  /// Whether the buckets still lie as an earlier plan says.
  private var layoutIsDue = false
  private var slot: HookSlot

  // The state of the present pass.
  private var reductions: [BucketReduction?] = []
  private var used: [Bool]
  private var usedFlags: Tensor?
  private var usedWork: Work?

  private var graph: StaticGraph

  var correction = 1.0
  var leader = 0
  var earlierUse: ((Parameter) -> Bool)?

  init(
    _ named: [NamedParameter], frozen: [NamedParameter], group: ProcessGroup,
    options: DataParallelOptions
  ) throws {
    names = named.map(\.name)
    parameters = named.map(\.parameter)
    self.group = group
    self.options = options
    mayRebuild = options.plan == nil
    slot = HookSlot(options)
    graph = StaticGraph(isPromised: options.isStaticGraph)
    // Gradients become ready roughly from the last layer to the first.
    plan =
      options.plan
      ?? BucketPlan(
        parameters.map { ($0.count, $0.dtype) }, limits: options.limits,
        order: Array(parameters.indices.reversed()))
    try plan.check(names: names, dtypes: parameters.map(\.dtype))
    arena = try GradientArena(parameters, group)
    used = [Bool](repeating: false, count: parameters.count)
    schedule = BackwardSchedule(parameters)
    log.statistics.addedBytes = arena.byteCount
    log.statistics.sharesMemory = arena.isShared
    layBucketsOut()
    log.statistics.initialBucketBytes = buckets.map(\.byteCount)
    schedule.start(self, plan, names: names, frozen: frozen)
  }

  deinit { for parameter in parameters { parameter.leaf.gradientBuffer = nil } }

  func register(_ hook: any CommunicationHook) throws(DataParallelError) {
    try slot.register(hook)
    log.statistics.hook = hook.name
  }

  /// Lays the plan's buckets out in the arena, taking over gradients that are there.
  private func layBucketsOut() {
    // The arena is overwritten: what lies in it is copied out for a moment.
    let before = parameters.map { $0.grad?.clone() }
    arena.reset()
    buckets = plan.buckets.map { positions in
      GradientBucket(positions, positions.map { parameters[$0] }, in: &arena)
    }
    for bucket in buckets {
      for (view, position) in zip(bucket.views, bucket.positions) {
        parameters[position].leaf.gradientBuffer = view
        if let gradient = before[position] {
          view.copyInPlace(gradient)
          parameters[position].grad = view
        }
      }
    }
    shown = buckets.enumerated().map { index, bucket in
      CommunicationBucket(
        index: index, isLast: index == buckets.count - 1, group: group,
        names: bucket.positions.map { names[$0] },
        parameters: bucket.positions.map { parameters[$0] }, gradients: bucket.views,
        buffer: bucket.flat)
    }
    log.statistics.bucketBytes = buckets.map(\.byteCount)
  }

  // MARK: A pass

  func passIsDue() {
    guard layoutIsDue else { return }
    layoutIsDue = false
    schedule.adopt(plan)
    layBucketsOut()
  }

  func passBegins(unreached: [Int]) {
    log.passBegan()
    log.statistics.unusedParameters = unreached.map { names[$0] }
    graph.walkBegins(
      unreached: unreached, names: names, rank: group.rank, pass: log.statistics.passes + 1)
  }

  func bucketIsFull(_ index: Int) {
    log.bucketLaunched()
    options.observer?(
      .bucketReady(
        index: index, label: shown[index].label, bytes: buckets[index].byteCount))
    do {
      let reduction = try launch(index, uses: buckets[index].prepare())
      log.watch(reduction)
      reductions.append(reduction)
    } catch {
      group.end(error, during: "backward")
    }
  }

  func gradientIsReady() { group.helpAlong() }

  private func launch(_ index: Int, uses: [Bool]) throws -> BucketReduction {
    let bucket = buckets[index]
    let isLast = index == buckets.count - 1
    for (position, use) in zip(bucket.positions, uses) {
      used[position] = use || (earlierUse?(parameters[position]) ?? false)
    }
    let shown = self.shown[index]
    guard let hook = slot.hook else {
      let work = bucket.average(
        group, options.algorithm, use: knowsUse ? nil : uses, label: shown.label)
      return BucketReduction([work])
    }
    let ranks = hook.ranksOfUse(group)
    let reduction = try hook.reduce(shown)
    if isLast && !knowsUse {
      let flags = Tensor(used.map { $0 ? UInt8(1) : 0 })
      usedWork = ranks?.allReduce(inPlace: flags, op: .maximum, label: "used parameters")
      usedFlags = flags
    }
    return reduction
  }

  /// Whether an earlier pass told which parameters any rank uses.
  private var knowsUse: Bool { graph.usedAnywhere != nil }

  func passEnds() {
    log.walkEnded()
    options.observer?(.walkEnded)
    do {
      try finish()
      log.passEnded(readyOrder: schedule.readyOrder.map { names[$0] })
      if mayRebuild && !log.statistics.hasRebuilt { try rebuild(schedule.readyOrder) }
    } catch {
      // A walk cannot throw, and without the other ranks' gradients there is no going on.
      group.end(error, during: "backward")
    }
  }

  func shadowPass() throws {
    passIsDue()
    for (index, bucket) in buckets.enumerated() {
      bucket.clear()
      reductions.append(try launch(index, uses: bucket.positions.map { _ in false }))
    }
    try finish()
    if mayRebuild && !log.statistics.hasRebuilt { try rebuild(plan.buckets.flatMap { $0 }) }
  }

  /// Waits for the averages and hands them to the parameters.
  private func finish() throws {
    try finishReductions()
    let usedAnywhere = try finishUse()
    for bucket in buckets {
      if correction != 1 { bucket.scale(by: correction) }
      bucket.finish(usedAnywhere: bucket.positions.map { usedAnywhere[$0] })
    }
    graph.passEnded(usedAnywhere: usedAnywhere)
  }

  /// Waits for all buckets, step by step.
  private func finishReductions() throws {
    while reductions.contains(where: { $0 != nil }) {
      for index in reductions.indices {
        guard let reduction = reductions[index] else { continue }
        reductions[index] = try reduction.advanced(log)
      }
    }
    reductions = []
  }

  /// Whether any rank used each parameter.
  private func finishUse() throws -> [Bool] {
    if let known = graph.usedAnywhere { return known }
    if slot.hook != nil {
      try usedWork?.wait()
      usedWork = nil
      defer { usedFlags = nil }
      return usedFlags?.array(of: UInt8.self).map { $0 > 0 } ?? used
    }
    var result = used
    for bucket in buckets {
      for (position, use) in zip(bucket.positions, bucket.usedAnywhere) { result[position] = use }
    }
    return result
  }

  /// Plans buckets in the order in which the leading rank's gradients became ready, once, after the
  /// first pass; every rank takes part. They are laid out anew before the next pass, when as a rule
  /// no gradients are there that would have to be kept meanwhile.
  private func rebuild(_ readyOrder: [Int]) throws {
    log.statistics.hasRebuilt = true
    let order = try group.broadcast(object: readyOrder, root: leader, label: "bucket order")
    let observed = BucketPlan(
      parameters.map { ($0.count, $0.dtype) }, limits: options.limits, order: order)
    guard observed != plan else { return }
    plan = observed
    layoutIsDue = true
    log.statistics.bucketBytes = GradientBucket.byteCounts(plan, parameters)
  }
}
