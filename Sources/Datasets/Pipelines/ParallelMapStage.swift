import Foundation
import Tensors

/// Computes elements on several threads and hands them out in order.
final class ParallelMapStage<Input, Element>: PipelineStage {
  private let base: any PipelineStage<Input>
  private let threads: Int
  private let work: ParallelWork<Input, Element>
  /// The elements under way, in order.
  private var waiting: [(ticket: Int, place: ElementPlace)] = []
  private var baseHasEnded = false
  /// What reading the base threw; it comes after the elements before it.
  private var fault: (any Error)?
  private var isStarted = false

  init(
    _ base: any PipelineStage<Input>, threads: Int,
    _ make: @escaping @Sendable () -> (Placed<Input>) throws -> Element
  ) {
    (self.base, self.threads) = (base, threads)
    work = ParallelWork(make)
  }

  deinit { work.close() }

  func next() throws -> Placed<Element>? {
    if !isStarted {
      isStarted = true
      work.start(threads)
    }
    while !baseHasEnded, fault == nil, waiting.count < 2 * threads {
      do {
        if let input = try base.next() { submit(input) } else { baseHasEnded = true }
      } catch {
        fault = error
      }
    }
    guard !waiting.isEmpty else {
      if let fault { throw fault }
      return nil
    }
    let (ticket, place) = waiting.removeFirst()
    return Placed(element: try work.result(ticket).get(), place: place)
  }

  private func submit(_ input: Placed<Input>) {
    waiting.append((work.submit(input), input.place))
  }

  func state() throws -> PipelineState {
    PipelineState(
      "parallel map", numbers: [baseHasEnded ? 1 : 0], places: waiting.map(\.place),
      parts: [try base.state()])
  }

  func restore(_ state: PipelineState) throws {
    let state = try state.checked("parallel map", numbers: 1, parts: 1)
    try base.restore(state.parts[0])
    for (ticket, _) in waiting { _ = work.result(ticket) }
    (waiting, fault) = ([], nil)
    for input in try base.placed(state.places) { submit(input) }
    baseHasEnded = state.numbers[0] > 0
    if !isStarted {
      isStarted = true
      work.start(threads)
    }
  }

  func remake(_ places: [ElementPlace]) throws -> [Element] {
    try base.placed(places).map(work.make())
  }
}

/// What threads have to do and have done, guarded by a condition. An input is the thread's that computes it
/// until its result is there.
private final class ParallelWork<Input, Output>: @unchecked Sendable {
  let make: @Sendable () -> (Placed<Input>) throws -> Output
  private let condition = NSCondition()
  private var inputs: [(ticket: Int, input: Placed<Input>)] = []
  private var results: [Int: Result<Output, any Error>] = [:]
  private var tickets = 0
  private var isClosed = false

  init(_ make: @escaping @Sendable () -> (Placed<Input>) throws -> Output) { self.make = make }

  func start(_ threads: Int) {
    let recordsGradients = isGradEnabled
    for number in 0..<threads {
      let thread = Thread { [self] in withGradient(enabled: recordsGradients) { run() } }
      thread.name = "torus-map-\(number)"
      thread.start()
    }
  }

  private func run() {
    let transform = make()
    while let (ticket, input) = claim() {
      let result = Result { try transform(input) }
      condition.lock()
      results[ticket] = result
      condition.broadcast()
      condition.unlock()
    }
  }

  private func claim() -> (Int, Placed<Input>)? {
    condition.lock()
    defer { condition.unlock() }
    while inputs.isEmpty, !isClosed { condition.wait() }
    return isClosed ? nil : inputs.removeFirst()
  }

  func submit(_ input: Placed<Input>) -> Int {
    condition.lock()
    defer { condition.unlock() }
    tickets += 1
    inputs.append((tickets, input))
    condition.signal()
    return tickets
  }

  func result(_ ticket: Int) -> Result<Output, any Error> {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let result = results.removeValue(forKey: ticket) { return result }
      condition.wait()
    }
  }

  func close() {
    condition.lock()
    (isClosed, inputs) = (true, [])
    condition.broadcast()
    condition.unlock()
  }
}
