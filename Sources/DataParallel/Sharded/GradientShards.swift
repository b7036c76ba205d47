import Collectives
import NN
import Optimizers
import Tensors

/// This rank's share of the gradients (ZeRO stages 2 and 3): full buckets are reduced and scattered while
/// the walk goes on, and each rank keeps the average of its part only.
///
/// Gradients lie in memory of their own until their bucket is full, and are let go of then. Beside
/// the share there are two buckets' memory through which they travel. A communication hook reduces
/// them where there is one, else the built-in average.
final class GradientShards: ModelReducing {
  let plan: BucketPlan
  var isSynchronizing = true
  var log = PassLog()
  var leader = 0
  var correction = 1.0
  var earlierUse: ((Parameter) -> Bool)?

  /// The parameters, where they are spread over ranks, too.
  var parts: FullyShardedParameters?

  private let parameters: [Parameter]
  private let layout: ShardLayout
  private let group: ProcessGroup
  private let schedule: BackwardSchedule
  private var names: [String] = []
  private var observer: (@Sendable (GradientMoment) -> Void)?
  private var slot = HookSlot(.init())
  /// What reduces and scatters buckets.
  private var hook: any ScatteringHook = AllReduceHook()
  private var graph = StaticGraph(isPromised: false)
  /// The averages of this rank's part of each bucket.
  private var shares: [Tensor?]
  /// Which parameters have a gradient anywhere.
  private var isUsed: [Bool]
  private var transits: [Transit] = []
  private var underWay: [(bucket: Int, reduction: BucketReduction, transit: Int, part: Tensor)] =
    []

  // The state of the present pass.
  private var used: [Bool]

  /// Memory through which a bucket travels.
  private struct Transit {
    let memory: Tensor
    var isFree = true
  }

  init(_ parameters: [Parameter], _ layout: ShardLayout, _ group: ProcessGroup) {
    (self.parameters, self.layout, self.group) = (parameters, layout, group)
    plan = layout.plan
    shares = layout.buckets.map { _ in nil }
    isUsed = [Bool](repeating: false, count: parameters.count)
    used = isUsed
    schedule = BackwardSchedule(parameters)
  }

  /// Whether a model's walks are followed.
  var isFollowing: Bool { !names.isEmpty }

  /// Follows walks from now on.
  func start(
    names: [String], frozen: [NamedParameter], _ options: DataParallelOptions
  ) throws(DataParallelError) {
    self.names = names
    observer = options.observer
    slot = HookSlot(options)
    if let hook = slot.hook { self.hook = try hook.scattering() }
    graph = StaticGraph(isPromised: options.isStaticGraph)
    let largest = layout.buckets.map { $0.count * $0.dtype.size }.max() ?? 0
    transits = (0..<2).map { _ in Transit(memory: .uninitialized([largest], .uint8)) }
    let own = layout.buckets.reduce(0) { $0 + $1.counts[group.rank] * $1.dtype.size }
    log.statistics.addedBytes = own + 2 * largest + (parts?.presentByteCount ?? 0)
    let bytes = layout.buckets.map { $0.count * $0.dtype.size }
    (log.statistics.initialBucketBytes, log.statistics.bucketBytes) = (bytes, bytes)
    schedule.start(self, plan, names: names, frozen: frozen)
  }

  /// The average of a piece of this rank's, nil where no rank had a gradient.
  func gradient(of piece: ShardLayout.Piece) -> Tensor? {
    guard isUsed[piece.position],
      let index = layout.buckets.firstIndex(where: { $0.positions.contains(piece.position) }),
      let share = shares[index]
    else { return nil }
    let start = piece.offset - layout.buckets[index].start(of: group.rank)
    let view = share.sliced(from: start, to: start + piece.range.count)
    let whole = parameters[piece.position]
    return piece.range.count == whole.count ? view.reshaped(whole.shape) : view
  }

  /// The norm of all gradients together, bit for bit what it is where gradients are not sharded: each
  /// bucket's averages come to every rank for a moment.
  func wholeNorm(_ exponent: Double) throws -> Double {
    var norms = [Double?](repeating: nil, count: parameters.count)
    for (index, bucket) in layout.buckets.enumerated() {
      guard let share = shares[index] else { continue }
      let whole = Tensor.uninitialized([bucket.count], bucket.dtype)
      try group.allGather(
        input: share.lentMemory, output: whole.lentMemory, counts: bucket.counts,
        dtype: bucket.dtype, label: "gradients \(index) for their norm"
      ).wait()
      whole.storage.version &+= 1
      for position in bucket.positions where isUsed[position] {
        let start = bucket.offset(of: position)
        norms[position] = tensorNorm(
          whole.sliced(from: start, to: start + parameters[position].count), exponent)
      }
    }
    let used = norms.compactMap { $0 }
    return used.isEmpty ? 0 : norm(ofNorms: used, exponent)
  }

  /// Forgets all gradients.
  func forget() {
    for index in isUsed.indices { isUsed[index] = false }
    for index in shares.indices { shares[index] = nil }
  }

  func register(_ hook: any CommunicationHook) throws(DataParallelError) {
    let scattering = try hook.scattering()
    try slot.register(hook)
    self.hook = scattering
    log.statistics.hook = hook.name
  }

  // MARK: A pass

  func passBegins(unreached: [Int]) {
    log.passBegan()
    log.statistics.unusedParameters = unreached.map { names[$0] }
    graph.walkBegins(
      unreached: unreached, names: names, rank: group.rank, pass: log.statistics.passes + 1)
  }

  func bucketIsFull(_ index: Int) {
    log.bucketLaunched()
    do { try launch(index, observer) } catch { group.end(error, during: "backward") }
  }

  private func launch(_ index: Int, _ observer: ((GradientMoment) -> Void)? = nil) throws {
    let place = try freeTransit()
    transits[place].isFree = false
    let bucket = filled(index, transits[place].memory)
    observer?(
      .bucketReady(
        index: index, label: bucket.whole.label,
        bytes: bucket.whole.buffer.count * bucket.part.dtype.size))
    let reduction = try hook.reduceScatter(bucket)
    log.watch(reduction)
    underWay.append((index, reduction, place, bucket.part))
  }

  /// A bucket with this rank's gradients, zeros where it has none, which parameters let go of.
  private func filled(_ index: Int, _ memory: Tensor) -> ScatterBucket {
    let bucket = layout.buckets[index]
    let (dtype, members) = (bucket.dtype, bucket.positions.map { parameters[$0] })
    memory.withMutableBytes {
      _ = UnsafeMutableRawBufferPointer(rebasing: $0[..<(bucket.count * dtype.size)])
        .initializeMemory(as: UInt8.self, repeating: 0)
    }
    func view(_ offset: Int, _ shape: [Int]) -> Tensor {
      memory.part(at: offset, shape: shape, dtype: dtype)
    }
    let views = zip(bucket.positions, members).map { position, parameter in
      view(bucket.offset(of: position), parameter.shape)
    }
    for (position, view) in zip(bucket.positions, views) {
      let gradient = parameters[position].grad
      used[position] =
        gradient != nil || (earlierUse?(parameters[position]) ?? false)
      if let gradient { noGrad { view.copyInPlace(gradient) } }
      parameters[position].grad = nil
    }
    return ScatterBucket(
      whole: CommunicationBucket(
        index: index, isLast: index == layout.buckets.count - 1, group: group,
        names: bucket.positions.map { names[$0] }, parameters: members, gradients: views,
        buffer: view(0, [bucket.count])),
      counts: bucket.counts, part: .uninitialized([bucket.counts[group.rank]], dtype))
  }

  /// Memory to travel through, waiting for the bucket that has it where all is taken.
  private func freeTransit() throws -> Int {
    if let free = transits.firstIndex(where: \.isFree) { return free }
    let transit = underWay[0].transit
    try settle()
    return transit
  }

  /// Leads the first reduction under way to its end and takes its averages.
  ///
  /// Which one that is, and when, follows from the plan: collectives that a hook begins on the way
  /// have the same order on all ranks.
  private func settle() throws {
    let (bucket, reduction, transit, part) = underWay.removeFirst()
    var step: BucketReduction? = reduction
    while let present = step { step = try present.advanced(log) }
    transits[transit].isFree = true
    noGrad {
      if correction != 1 { part.copyInPlace(part * correction) }
      if let share = shares[bucket] {
        share.addInPlace(part)
      } else {
        shares[bucket] = part
      }
    }
  }

  func gradientIsReady() { group.helpAlong() }

  func passEnds() {
    log.walkEnded()
    observer?(.walkEnded)
    do {
      try finish()
      try parts?.walkEnded()
      log.passEnded(readyOrder: schedule.readyOrder.map { names[$0] })
    } catch {
      group.end(error, during: "backward")
    }
  }

  func shadowPass() throws {
    for index in layout.buckets.indices { try launch(index) }
    try finish()
  }

  private func finish() throws {
    let use = graph.usedAnywhere == nil ? tellUse() : nil
    while !underWay.isEmpty { try settle() }
    let usedAnywhere = try graph.usedAnywhere ?? use?() ?? used
    for (position, isUsed) in usedAnywhere.enumerated() where isUsed {
      self.isUsed[position] = true
    }
    graph.passEnded(usedAnywhere: usedAnywhere)
  }

  /// Begins to tell the other ranks which parameters this one used; the result waits for what all
  /// used together.
  private func tellUse() -> () throws -> [Bool] {
    let flags = Tensor(used.map { $0 ? UInt8(1) : 0 })
    let work = group.allReduce(inPlace: flags, op: .maximum, label: "used parameters")
    return {
      try work.wait()
      return flags.array(of: UInt8.self).map { $0 > 0 }
    }
  }
}
