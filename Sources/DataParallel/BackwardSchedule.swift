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
  private var hooks: [HookHandle] = []
  /// The positions in each bucket.
  private var buckets: [[Int]] = []
  /// The bucket of each parameter.
  private var bucketOf: [Int] = []

  // The state of the present pass.
  private var isActive = false
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
  func start(_ reducer: any BucketReducing, _ plan: BucketPlan) {
    self.reducer = reducer
    adopt(plan)
    for (position, parameter) in parameters.enumerated() {
      hooks.append(
        parameter.value.onGradientReady { [unowned self] in gradientReady(position) })
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
    isActive = false
    guard let reducer, reducer.isSynchronizing else { return }
    reducer.passIsDue()
    pending = [Int](repeating: 0, count: buckets.count)
    var unreached: [Int] = []
    for (position, parameter) in parameters.enumerated() {
      if reaches(parameter.value) {
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

  private func gradientReady(_ position: Int) {
    guard isActive else { return }
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
    isActive = false
    reducer?.passEnds()
  }
}
