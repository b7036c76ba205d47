import Collectives
import DataParallel
import Synchronization

/// What a rank does in some steps of its training: computation, buckets, collectives, waiting.
///
/// Each rank keeps its own events in memory, `capacity` at most; ``TraceFile`` brings those of all
/// ranks together. A nil timeline costs one comparison per event.
public final class Timeline: Sendable {
  /// Which steps are recorded.
  public enum Window: Sendable, Equatable {
    /// The first steps of this run, wherever it resumed.
    case first(Int)
    /// The steps with these numbers.
    case steps(ClosedRange<Int>)

    /// The steps of a run whose first one has this number.
    func steps(from first: Int) -> ClosedRange<Int> {
      switch self {
      case .first(let count): first...(first + max(count, 1) - 1)
      case .steps(let range): range
      }
    }
  }

  private struct State {
    var events: [TimelineEvent] = []
    var dropped = 0
    var window: ClosedRange<Int>?
    var step = 0
    var stepBegan: UInt64 = 0
    /// Whether a step is under way.
    var isOpen = false
    /// Where collectives come from while steps are recorded.
    var group: ProcessGroup?
    /// Who is told of collectives besides.
    var other: (any CollectiveObserver)?
  }

  private let window: Window
  private let capacity: Int
  private let state = Mutex(State())
  private let isRecording = Atomic<Bool>(false)

  /// A timeline that begins with the first step of its window.
  public init(_ window: Window, capacity: Int = 200_000) {
    self.window = window
    self.capacity = capacity
  }

  /// Whether the present step is recorded.
  var isActive: Bool { isRecording.load(ordering: .acquiring) }

  /// Collectives of this rank belong to the timeline from now on.
  func observe(_ group: ProcessGroup) {
    let other = state.withLock { state in
      state.group = group
      return state.other
    }
    if let other { group.observe(other) }
  }

  /// Whoever is told of collectives besides, always.
  func pass(to other: any CollectiveObserver) {
    let group = state.withLock { state in
      state.other = other
      return state.group
    }
    if !isActive { group?.observe(other) }
  }

  /// A step begins; its number counts from 1.
  package func stepBegins(_ step: Int, at now: UInt64 = ProcessGroup.now) {
    let (group, other, active) = state.withLock { state in
      if state.window == nil { state.window = window.steps(from: step) }
      state.step = step
      state.stepBegan = now
      state.isOpen = true
      return (state.group, state.other, state.window?.contains(step) ?? false)
    }
    guard active != isActive else { return }
    isRecording.store(active, ordering: .releasing)
    group?.observe(active ? self : other)
  }

  /// The step is over, with all that hung on it.
  package func stepEnded() {
    let (step, began) = state.withLock { state in
      state.isOpen = false
      return (state.step, state.stepBegan)
    }
    guard isActive else { return }
    add(
      TimelineEvent(track: .compute, name: "step \(step)", begin: began, end: ProcessGroup.now))
  }

  /// Nothing more is recorded, and no collective is observed.
  func end() {
    isRecording.store(false, ordering: .releasing)
    let (group, other) = state.withLock { ($0.group, $0.other) }
    group?.observe(other)
  }

  /// Notes a moment of a backward pass.
  package func note(_ moment: GradientMoment) {
    guard isActive else { return }
    let now = ProcessGroup.now
    var event = TimelineEvent(track: .buckets, name: "", shape: .instant, begin: now, end: now)
    switch moment {
    case .bucketReady(let index, let label, let bytes):
      event.name = "bucket \(index) ready"
      event.facts = ["bytes": .integer(bytes), "label": .text(label)]
    case .walkEnded: event.name = "backward walk ended"
    }
    add(event)
  }

  /// Notes an operation that has just been computed.
  func note(operation name: String, isBackward: Bool, _ duration: Duration) {
    guard isActive else { return }
    let now = ProcessGroup.now
    let began = now - min(now, UInt64(max(0, duration / .nanoseconds(1))))
    add(
      TimelineEvent(
        track: .operations, name: isBackward ? "\(name), gradient" : name, begin: began, end: now))
  }

  /// What was recorded after the first `count` events.
  func recorded(after count: Int) -> [TimelineEvent] {
    // A copy of the few, so that the many are not copied when the next event comes.
    state.withLock { Array($0.events[min(count, $0.events.count)...]) }
  }

  /// What goes on now, drawn as far as it has come: the step, and the collectives that are under way.
  func unfinished() -> [TimelineEvent] {
    guard isActive else { return [] }
    let (step, began, group) = state.withLock { ($0.step, $0.stepBegan, $0.group) }
    let now = ProcessGroup.now
    let operations = group?.recorder.operations().filter(\.isPending) ?? []
    return [
      TimelineEvent(track: .compute, name: "step \(step), unfinished", begin: began, end: now)
    ]
      + operations.map { pending in
        let isMessage = pending.operation.sequence == 0
        return TimelineEvent(
          track: .communication(pending.group), name: "\(pending.operation), unfinished",
          shape: isMessage ? .overlapping(id: "unfinished \(pending.number)") : .span,
          begin: pending.begun, end: now)
      }
  }

  func add(_ event: TimelineEvent) {
    state.withLock { state in
      if state.events.count < capacity { state.events.append(event) } else { state.dropped += 1 }
    }
  }

  /// What was recorded, and how much did not fit.
  package var recorded: (events: [TimelineEvent], dropped: Int) {
    state.withLock { ($0.events, $0.dropped) }
  }
}

extension Timeline: CollectiveObserver {
  /// Draws the operation, the time before it began, and its parts.
  public func operationEnded(_ record: CollectiveRecord) {
    state.withLock { $0.other }?.operationEnded(record)
    guard isActive else { return }
    let operation = record.operation
    let isMessage = operation.kind == .send || operation.kind == .receive
    let track = Track.communication(record.group)
    var event = TimelineEvent(
      track: track, name: operation.description, begin: record.started, end: record.ended)
    event.facts = ["bytes": .integer(operation.count * operation.type.size)]
    if let algorithm = operation.algorithm { event.facts["algorithm"] = .text(algorithm.rawValue) }
    if let agreed = record.agreed {
      event.facts["waited_for_ranks_us"] =
        .number(Double(Int64(agreed) - Int64(record.started)) / 1e3)
    }
    if let error = record.error { event.facts["error"] = .text("\(error)") }
    if isMessage {
      event.shape = .overlapping(id: "\(record.group)/\(record.issued)")
    } else {
      event.facts["sequence"] = .integer(Int(operation.sequence))
      if record.started > record.issued {
        add(
          TimelineEvent(
            track: track, name: "queued: \(operation.description)",
            shape: .overlapping(id: "\(record.group)/\(operation.sequence)"),
            begin: record.issued, end: record.started))
      }
    }
    add(event)
    for part in record.parts {
      add(
        TimelineEvent(
          track: .lane(part.lane, record.group), name: part.name, begin: part.begin, end: part.end))
    }
  }

  /// Draws the time that a thread of this rank was blocked.
  public func threadWaited(
    for operation: CollectiveOperation, from begin: UInt64, to end: UInt64
  ) {
    guard isActive else { return }
    add(
      TimelineEvent(
        track: .waiting, name: "waiting for \(operation)", begin: begin, end: end))
  }
}

extension Timeline: EventSink {
  /// Phases are drawn.
  public var wantsPhases: Bool { true }

  /// Draws steps, and phases that have ended; collectives come from the engine, with what goes on in
  /// them.
  public func take(_ event: TrainingEvent) {
    switch event {
    case .step: stepEnded()
    case .phase(let phase):
      // A step begins with its data; where an epoch ends meanwhile, they are asked for again.
      if phase.phase == .data, phase.ended == nil, !state.withLock({ $0.isOpen }) {
        stepBegins(phase.step, at: phase.began)
      }
      guard let ended = phase.ended else { return }
      // What happens between steps is drawn outside the window, too.
      let isBetweenSteps = phase.phase == .checkpoint || phase.phase == .evaluation
      guard isBetweenSteps || isActive else { return }
      add(TimelineEvent(track: .compute, name: phase.name, begin: phase.began, end: ended))
    default: break
    }
  }
}
