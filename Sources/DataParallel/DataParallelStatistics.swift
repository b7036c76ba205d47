import Dispatch
import Synchronization

/// What data parallelism is set up as and has seen (`DistributedDataParallel._get_ddp_logging_data`).
///
/// Times are seconds, averaged over the synchronised passes but the first, which allocates.
public struct DataParallelStatistics: Codable, Sendable, Equatable {
  /// The number of ranks.
  public var worldSize = 1
  /// This rank.
  public var rank = 0
  /// The model's type.
  public var module = ""
  /// The parameters that take part, and their bytes.
  public var parameterCount = 0, parameterBytes = 0
  /// Whether the same graph in every pass was promised.
  public var isStaticGraph = false
  /// Whether forward passes begin with rank 0's buffers.
  public var broadcastsBuffers = false
  /// The type in which gradients travel, where it is another than their own.
  public var reduceType: String?
  /// The communication hook, where one was registered.
  public var hook: String?

  /// Bytes of memory for gradients and what travels with them: the buckets, once.
  public var addedBytes = 0
  /// Whether the ranks of a node reduce buckets where they lie.
  public var sharesMemory = false

  /// Bytes of each bucket before it was rebuilt.
  public var initialBucketBytes: [Int] = []
  /// Bytes of each bucket now.
  public var bucketBytes: [Int] = []
  /// Whether buckets were put into the observed order.
  public var hasRebuilt = false
  /// Names of the parameters in the order in which their gradients became ready in the last pass,
  /// those that were not reached first.
  public var readyOrder: [String] = []
  /// Names of the parameters that the last pass did not reach on this rank.
  public var unusedParameters: [String] = []

  /// Synchronised backward passes.
  public var passes = 0
  /// Forward passes by calls of ``DistributedDataParallel``: from begin to end.
  public var forwardSeconds = 0.0
  /// From the begin of a backward walk to the end of its computation.
  public var backwardSeconds = 0.0
  /// From the launch of the first bucket to the end of the last one's communication.
  public var communicationSeconds = 0.0
  /// The part of the communication that went on while gradients were computed.
  public var overlapSeconds = 0.0
  /// How long passes waited for buckets after their walk had ended.
  public var waitSeconds = 0.0
}

/// The moment at which the last work known to it was done.
final class CommunicationClock: Sendable {
  private let last = Atomic<UInt64>(0)
  func note() { last.store(DispatchTime.now().uptimeNanoseconds, ordering: .relaxed) }
  var time: UInt64 { last.load(ordering: .relaxed) }
}

/// Keeps ``DataParallelStatistics`` up to date.
struct PassLog {
  var statistics = DataParallelStatistics()
  let clock = CommunicationClock()
  private var forwards = 0
  private var began: UInt64 = 0
  private var firstLaunch: UInt64 = 0
  private var walkEnd: UInt64 = 0

  private var now: UInt64 { DispatchTime.now().uptimeNanoseconds }

  mutating func passBegan() {
    began = now
    firstLaunch = 0
  }

  mutating func bucketLaunched() { if firstLaunch == 0 { firstLaunch = now } }

  /// Takes note of the moment at which a reduction's present step is done.
  func watch(_ reduction: BucketReduction) {
    for work in reduction.works { work.onCompletion { [clock] _ in clock.note() } }
  }

  mutating func walkEnded() { walkEnd = now }

  mutating func passEnded(readyOrder: [String]) {
    let end = now
    statistics.readyOrder = readyOrder
    statistics.passes += 1
    // The last work may have ended before the walk did.
    let done = max(firstLaunch, min(clock.time, end))
    average(\.backwardSeconds, walkEnd - began, statistics.passes)
    average(\.communicationSeconds, done - firstLaunch, statistics.passes)
    average(\.overlapSeconds, min(done, walkEnd) - min(firstLaunch, walkEnd), statistics.passes)
    average(\.waitSeconds, end - walkEnd, statistics.passes)
  }

  mutating func forwardEnded(_ nanoseconds: UInt64) {
    forwards += 1
    average(\.forwardSeconds, nanoseconds, forwards)
  }

  /// Takes a time into its average; the first one is replaced by the second.
  private mutating func average(
    _ path: WritableKeyPath<DataParallelStatistics, Double>, _ nanoseconds: UInt64, _ count: Int
  ) {
    let seconds = Double(nanoseconds) / 1e9
    // Replaced, not corrected: x + (y - x) need not be y, and equal times must have equal averages.
    guard count > 2 else { return statistics[keyPath: path] = seconds }
    statistics[keyPath: path] += (seconds - statistics[keyPath: path]) / Double(count - 1)
  }
}
