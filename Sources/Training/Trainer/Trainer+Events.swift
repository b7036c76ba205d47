import Collectives
import Synchronization

extension Trainer {
  /// Tells every sink. Whoever drives the training tells what it did itself: evaluations, checkpoints.
  public func tell(_ event: TrainingEvent) throws {
    for sink in sinks { try sink.take(event) }
  }

  /// Runs a whole training; where it ends by an error, the sinks are told before the error goes on.
  package func tellingFailures<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      for sink in sinks { sink.trainingFailed(error) }
      throw error
    }
  }

  /// The result of a training that ended so, to be told.
  public func result(_ end: TrainingEnd, results: MetricValues = [:]) -> TrainingResult {
    TrainingResult(
      end: end, step: step, recordsPerSecond: recordsPerSecond, statistics: statistics,
      results: results)
  }

  /// Runs a part of the training: noted for messages about failures, and told to the sinks that want
  /// phases, by `name` where that says more than the phase.
  public func during<Result>(
    _ phase: RunPhase, named name: String? = nil, _ body: () throws -> Result
  ) throws -> Result {
    let isBetweenSteps = phase == .checkpoint || phase == .evaluation
    (group ?? flight)?.mark(step: isBetweenSteps ? step : step + 1, phase)
    let listeners = sinks.filter(\.wantsPhases)
    if listeners.isEmpty { return try body() }
    let began = ProcessGroup.now
    func tell(_ ended: UInt64?) throws {
      let report = PhaseReport(
        step: step + 1, phase: phase, name: name ?? phase.name, began: began, ended: ended)
      for listener in listeners { try listener.take(.phase(report)) }
    }
    try tell(nil)
    let result = try body()
    try tell(ProcessGroup.now)
    return result
  }

  /// Has the engine note collectives where sinks want them.
  package func observeCollectives() {
    guard relay == nil, let group, sinks.contains(where: \.wantsCollectives) else { return }
    let relay = CollectiveRelay()
    let timelines = sinks.compactMap { $0 as? Timeline }
    // The engine tells one observer; a timeline passes on what it is told.
    for timeline in timelines { timeline.pass(to: relay) }
    if timelines.isEmpty { group.observe(relay) }
    self.relay = relay
  }

  /// Tells the collectives that ended since the last step.
  package func tellCollectives() throws {
    guard let relay else { return }
    for record in relay.taken() {
      for sink in sinks where sink.wantsCollectives { try sink.take(.collective(record)) }
    }
  }
}

/// Keeps the collectives that have ended, on whatever thread, until the loop tells them.
package final class CollectiveRelay: CollectiveObserver {
  private let records = Mutex<[CollectiveRecord]>([])

  package func operationEnded(_ record: CollectiveRecord) { records.withLock { $0.append(record) } }

  package func threadWaited(for operation: CollectiveOperation, from begin: UInt64, to end: UInt64)
  {}

  /// What ended since the last call.
  package func taken() -> [CollectiveRecord] {
    records.withLock { records in
      defer { records = [] }
      return records
    }
  }
}
