import Foundation
import Tensors

extension Pipeline {
  /// The same elements, read by a thread up to `count` ahead of whoever takes them.
  public func prefetch(_ count: Int) -> Pipeline<Element> {
    require(count > 0, "Pipeline.prefetch", "\(count) elements ahead are none")
    return then(count: recordCount) { base, _ in PrefetchStage(base, capacity: count) }
  }

  /// The same elements, kept in memory when the first pass has read them all; later passes, of `repeat` or
  /// of another loop over this value, read no source. They come in the order of the first pass: shuffle
  /// behind the cache.
  public func cache() -> Pipeline<Element> {
    let memory = CacheMemory<Element>()
    return Pipeline(count: recordCount, draws: draws) { [open] epoch in
      try CacheStage(memory, epoch: epoch, open: open)
    }
  }
}

/// What a thread reads ahead, and the position of what is read: guarded by `condition`, and whoever reads
/// the base holds `pulling`.
private final class PrefetchCore<Element>: @unchecked Sendable {
  let base: any PipelineStage<Element>
  let capacity: Int
  let pulling = NSLock()
  private let condition = NSCondition()
  private var waiting: [Placed<Element>] = []
  private var end: Result<Void, any Error>?
  private var isClosed = false

  init(base: any PipelineStage<Element>, capacity: Int, waiting: [Placed<Element>]) {
    (self.base, self.capacity, self.waiting) = (base, capacity, waiting)
  }

  func run() {
    while waitForRoom() {
      pulling.lock()
      defer { pulling.unlock() }
      // Whoever held the lock may have taken the base elsewhere.
      if isOver { return }
      let result = Result { try base.next() }
      condition.lock()
      switch result {
      case .success(let element?): waiting.append(element)
      case .success(nil): end = .success(())
      case .failure(let error): end = .failure(error)
      }
      condition.broadcast()
      condition.unlock()
    }
  }

  private func waitForRoom() -> Bool {
    condition.lock()
    defer { condition.unlock() }
    while waiting.count >= capacity, !isClosed { condition.wait() }
    return !isClosed && end == nil
  }

  private var isOver: Bool {
    condition.lock()
    defer { condition.unlock() }
    return isClosed
  }

  func take() throws -> Placed<Element>? {
    condition.lock()
    defer { condition.unlock() }
    while waiting.isEmpty, end == nil { condition.wait() }
    guard !waiting.isEmpty else {
      try end?.get()
      return nil
    }
    condition.broadcast()
    return waiting.removeFirst()
  }

  var places: [ElementPlace] {
    condition.lock()
    defer { condition.unlock() }
    return waiting.map(\.place)
  }

  func close() {
    condition.lock()
    isClosed = true
    condition.broadcast()
    condition.unlock()
  }
}

private final class PrefetchStage<Element>: PipelineStage {
  private var core: PrefetchCore<Element>
  private var isStarted = false

  init(_ base: any PipelineStage<Element>, capacity: Int) {
    core = PrefetchCore(base: base, capacity: capacity, waiting: [])
  }

  deinit { core.close() }

  func next() throws -> Placed<Element>? {
    if !isStarted {
      isStarted = true
      let (core, recordsGradients) = (core, isGradEnabled)
      let thread = Thread { withGradient(enabled: recordsGradients) { core.run() } }
      thread.name = "torus-prefetch"
      thread.start()
    }
    return try core.take()
  }

  func state() throws -> PipelineState {
    try pausing {
      PipelineState("prefetch", places: core.places, parts: [try core.base.state()])
    }
  }

  func restore(_ state: PipelineState) throws {
    let state = try state.checked("prefetch", numbers: 0, parts: 1)
    let waiting = try pausing {
      core.close()
      try core.base.restore(state.parts[0])
      return try core.base.placed(state.places)
    }
    core = PrefetchCore(base: core.base, capacity: core.capacity, waiting: waiting)
    isStarted = false
  }

  func remake(_ places: [ElementPlace]) throws -> [Element] {
    try pausing { try core.base.remake(places) }
  }

  private func pausing<R>(_ body: () throws -> R) rethrows -> R {
    core.pulling.lock()
    defer { core.pulling.unlock() }
    return try body()
  }
}

/// The elements of a whole pass and its epoch, once it has been read.
private final class CacheMemory<Element>: @unchecked Sendable {
  private let lock = NSLock()
  private var stored: (elements: [Element], epoch: Int)?

  var pass: (elements: [Element], epoch: Int)? { lock.withLock { stored } }
  func fill(_ elements: [Element], epoch: Int) {
    lock.withLock { if stored == nil { stored = (elements, epoch) } }
  }
}

/// Reads the cache where there is one, and otherwise the base, which fills it at its end.
private final class CacheStage<Element>: PipelineStage {
  private let memory: CacheMemory<Element>
  private let open: (Int) throws -> any PipelineStage<Element>
  private var base: any PipelineStage<Element>
  /// The epoch in which the elements are read or were.
  private var epoch: Int
  private var elements: [Element]
  private var isWhole: Bool
  private var position = 0

  init(
    _ memory: CacheMemory<Element>, epoch: Int,
    open: @escaping (Int) throws -> any PipelineStage<Element>
  ) throws {
    let pass = memory.pass
    (self.memory, self.open, self.epoch) = (memory, open, pass?.epoch ?? epoch)
    (elements, isWhole) = (pass?.elements ?? [], pass != nil)
    base = try open(self.epoch)
  }

  func next() throws -> Placed<Element>? {
    guard let element = try element(position) else { return nil }
    position += 1
    return Placed(element: element, place: .parts([.index(epoch), .index(position - 1)]))
  }

  private func element(_ index: Int) throws -> Element? {
    while !isWhole, elements.count <= index {
      if let element = try base.next() {
        elements.append(element.element)
      } else {
        isWhole = true
        memory.fill(elements, epoch: epoch)
      }
    }
    return index < elements.count ? elements[index] : nil
  }

  func state() -> PipelineState { PipelineState("cache", numbers: [position, epoch]) }

  func restore(_ state: PipelineState) throws {
    let numbers = try state.checked("cache", numbers: 2, parts: 0).numbers
    try turn(to: numbers[1])
    position = numbers[0]
  }

  /// Reads the pass of another epoch, where it is that one which was kept.
  private func turn(to other: Int) throws {
    guard other != epoch else { return }
    let pass = memory.pass
    (epoch, isWhole) = (other, pass?.epoch == other)
    elements = isWhole ? pass?.elements ?? [] : []
    base = try open(other)
  }

  func remake(_ places: [ElementPlace]) throws -> [Element] {
    try places.map { place in
      let parts = try place.parts(2)
      try turn(to: try parts[0].index)
      let index = try parts[1].index
      guard let element = try element(index) else {
        throw PipelineState.misfit("there is no element \(index)")
      }
      return element
    }
  }
}
