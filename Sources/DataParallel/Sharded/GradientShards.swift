import Collectives
import NN
import Optimizers
import Tensors

/// This rank's share of the gradients (ZeRO stage 2): full buckets are reduced and scattered while
/// the walk goes on, and each rank keeps the average of its part only.
///
/// Gradients lie in memory of their own until their bucket is full, and are let go of then. Beside
/// the share there are two buckets' memory through which they travel.
final class GradientShards: ModelReducing {
  let plan: BucketPlan
  var isSynchronizing = true
  var log = PassLog()
  var leader = 0
  var correction = 1.0

  private let parameters: [Parameter]
  private let layout: ShardLayout
  private let group: ProcessGroup
  private let schedule: BackwardSchedule
  private var names: [String] = []
  /// The averages of this rank's part of each bucket.
  private var shares: [Tensor?]
  /// Which parameters have a gradient anywhere.
  private var isUsed: [Bool]
  private var transits: [Transit] = []
  private var underWay: [(bucket: Int, work: Work, transit: Int, output: Tensor)] = []

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
  func start(names: [String]) {
    self.names = names
    let largest = layout.buckets.map { $0.count * $0.dtype.size }.max() ?? 0
    transits = (0..<2).map { _ in Transit(memory: .uninitialized([largest], .uint8)) }
    let own = layout.buckets.reduce(0) { $0 + $1.counts[group.rank] * $1.dtype.size }
    log.statistics.addedBytes = own + 2 * largest
    let bytes = layout.buckets.map { $0.count * $0.dtype.size }
    (log.statistics.initialBucketBytes, log.statistics.bucketBytes) = (bytes, bytes)
    schedule.start(self, plan)
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

  /// Forgets all gradients.
  func forget() {
    for index in isUsed.indices { isUsed[index] = false }
    for index in shares.indices { shares[index] = nil }
  }

  func register(_ hook: any CommunicationHook) throws(DataParallelError) {
    throw .unsupported(
      "\(hook.name) cannot be registered: gradients are scattered by a ShardedOptimizer of stage 2")
  }

  // MARK: A pass

  func passBegins(unreached: [Int]) {
    log.passBegan()
    log.statistics.unusedParameters = unreached.map { names[$0] }
  }

  func bucketIsFull(_ index: Int) {
    log.bucketLaunched()
    do { try launch(index) } catch { group.end(error, during: "backward") }
  }

  private func launch(_ index: Int) throws {
    let bucket = layout.buckets[index]
    let place = try freeTransit()
    transits[place].isFree = false
    let (memory, size) = (transits[place].memory, bucket.dtype.size)
    memory.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: bucket.count * size)
    for position in bucket.positions {
      let gradient = parameters[position].grad?.to(bucket.dtype).contiguous()
      used[position] = gradient != nil
      guard let gradient else { continue }
      for piece in bucket.pieces where piece.position == position {
        (memory.pointer + piece.offset * size).copyMemory(
          from: gradient.pointer + piece.range.lowerBound * size,
          byteCount: piece.range.count * size)
      }
      parameters[position].grad = nil
    }
    let output = Tensor.uninitialized([bucket.counts[group.rank]], bucket.dtype)
    let work = group.reduceScatter(
      input: memory.pointer, output: output.pointer, counts: bucket.counts,
      dtype: bucket.dtype.element, op: .average, label: "gradients \(index)")
    let clock = log.clock
    work.onCompletion { _ in clock.note() }
    underWay.append((index, work, place, output))
  }

  /// Memory to travel through, waiting for the bucket that has it where all is taken.
  private func freeTransit() throws -> Int {
    if let free = transits.firstIndex(where: \.isFree) { return free }
    let transit = underWay[0].transit
    try settle()
    return transit
  }

  /// Waits for the first bucket under way and takes its averages.
  private func settle() throws {
    let first = underWay.removeFirst()
    try first.work.wait()
    transits[first.transit].isFree = true
    noGrad {
      if correction != 1 { first.output.copyInPlace(first.output * correction) }
      if let share = shares[first.bucket] {
        share.addInPlace(first.output)
      } else {
        shares[first.bucket] = first.output
      }
    }
  }

  func gradientIsReady() { group.helpAlong() }

  func passEnds() {
    log.walkEnded()
    do {
      try finish()
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
    let flags = Tensor(used.map { $0 ? UInt8(1) : 0 })
    let work = group.allReduce(flags, op: .maximum, label: "used parameters")
    while !underWay.isEmpty { try settle() }
    try work.wait()
    for (position, flag) in flags.array(of: UInt8.self).enumerated() where flag > 0 {
      isUsed[position] = true
    }
  }
}
