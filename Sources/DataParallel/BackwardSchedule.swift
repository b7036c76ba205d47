import NN
import Tensors

/// Who reduces buckets as they become full.
protocol BucketReducing: AnyObject {
  /// Whether passes meet the other ranks.
  var isSynchronizing: Bool { get }
  /// A pass that meets the other ranks is about to begin: the last moment to change the plan.
  func passIsDue()
  /// A pass begins that will not reach the parameters at the given positions.
  func passBegins(unreached: [Int])
  /// Every gradient of a bucket is there; buckets come in the order of the plan, on all ranks.
  func bucketIsFull(_ index: Int)
  /// One more gradient is there: a moment at which buckets under way can be helped along.
  func gradientIsReady()
  /// The walk has ended, and every bucket was full.
  func passEnds()
}

extension BucketReducing {
  /// Most keep the plan they have.
  func passIsDue() {}
}

/// Follows backward walks and says, in the order of the plan, which buckets are full.
final class BackwardSchedule: BackwardObserver {
  private let parameters: [Parameter]
  private weak var reducer: (any BucketReducing)?
  private var names: [String] = []
  /// The model's parameters that were frozen at the start and have no place in buckets.
  private var frozen: [NamedParameter] = []
  private var hooks: [HookHandle] = []
  /// The positions in each bucket.
  private var buckets: [[Int]] = []
  /// The bucket of each parameter.
  private var bucketOf: [Int] = []

  // The state of the present pass.
  private var isActive = false
  /// Walks of other graphs under way within the present one.
  private var inner = 0
  private var pending: [Int] = []
  private var next = 0
  /// The positions in the order in which gradients became ready, first those that were not reached.
  private(set) var readyOrder: [Int] = []

  init(_ parameters: [Parameter]) { self.parameters = parameters }

  deinit {
    BackwardObservers.remove(self)
    for hook in hooks { hook.remove() }
  }

  /// Tells a reducer of every walk from now on.
  func start(
    _ reducer: any BucketReducing, _ plan: BucketPlan, names: [String], frozen: [NamedParameter]
  ) {
    (self.reducer, self.names, self.frozen) = (reducer, names, frozen)
    adopt(plan)
    for (position, parameter) in parameters.enumerated() {
      hooks.append(
        parameter.leaf.onGradientReady { [unowned self] in gradientReady(position) })
    }
    BackwardObservers.add(self)
  }

  /// Takes another plan, between passes.
  func adopt(_ plan: BucketPlan) {
    buckets = plan.buckets
    bucketOf = [Int](repeating: 0, count: parameters.count)
    for (index, bucket) in buckets.enumerated() {
      for position in bucket { bucketOf[position] = index }
    }
  }

  func backwardWillBegin(reaches: (Tensor) -> Bool) {
    if isActive {
      inner += 1
      return refuse(within: reaches)
    }
    guard let reducer, reducer.isSynchronizing else { return }
    refuse(thawed: reaches)
    reducer.passIsDue()
    pending = [Int](repeating: 0, count: buckets.count)
    var unreached: [Int] = []
    for (position, parameter) in parameters.enumerated() {
      if reaches(parameter.leaf) {
        pending[bucketOf[position]] += 1
      } else {
        unreached.append(position)
      }
    }
    // A walk that reaches none of the parameters is another model's.
    guard unreached.count < parameters.count else { return }
    isActive = true
    next = 0
    readyOrder = unreached
    reducer.passBegins(unreached: unreached)
    handOverFullBuckets()
  }

  /// Stops a walk, within the one that is under way, that would add to gradients which may be
  /// travelling already, as a gradient function does that computes a part of the model again.
  private func refuse(within reaches: (Tensor) -> Bool) {
    guard let place = parameters.firstIndex(where: { reaches($0.leaf) }) else { return }
    fail(
      "backward",
      "a walk within another one reaches \(names[place]), whose average is being taken; compute "
        + "its gradient by grad(of:withRespectTo:) and hand it back, or make both inside noSync")
  }

  /// Stops a walk to a parameter that was frozen at the start: each rank would keep a gradient of
  /// its own, and replicas would drift apart.
  private func refuse(thawed reaches: (Tensor) -> Bool) {
    guard let odd = frozen.first(where: { reaches($0.parameter.leaf) }) else { return }
    fail(
      "backward",
      "\(odd.name) was frozen when the model was made data-parallel, so that its gradient is not "
        + "averaged; make a new DistributedDataParallel of the model, in place of this one")
  }

  /// Stops a walk that meets the other ranks and whose begin was not seen: it is on another thread,
  /// and its gradients would stay this rank's own.
  private func refuseForeign(_ position: Int) {
    guard let reducer, reducer.isSynchronizing else { return }
    fail(
      "backward",
      "the walk that reaches \(names[position]) is on another thread than the one that made the "
        + "model data-parallel; call backward there, since only there are gradients averaged")
  }

  private func gradientReady(_ position: Int) {
    guard isActive else { return refuseForeign(position) }
    readyOrder.append(position)
    pending[bucketOf[position]] -= 1
    if next > 0 { reducer?.gradientIsReady() }
    handOverFullBuckets()
  }

  private func handOverFullBuckets() {
    while next < buckets.count, pending[next] == 0 {
      reducer?.bucketIsFull(next)
      next += 1
    }
  }

  func backwardDidEnd() {
    guard isActive else { return }
    if inner > 0 {
      inner -= 1
      return
    }
    isActive = false
    reducer?.passEnds()
  }
}
