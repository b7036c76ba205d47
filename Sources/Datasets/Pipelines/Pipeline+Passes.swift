import Tensors

extension Pipeline {
  /// The pipeline several times, each pass with an epoch of its own: where it shuffles or draws, in another
  /// order and with other draws.
  /// - Parameter count: How often; nil for ever. A pipeline without elements ends all the same.
  public func `repeat`(_ count: Int? = nil) -> Pipeline<Element> {
    require(count ?? 0 >= 0, "Pipeline.repeat", "\(count ?? 0) passes cannot be read")
    let total = count.flatMap { times in
      recordCount.map { $0.multipliedReportingOverflow(by: times).partialValue }
    }
    return Pipeline(count: total, draws: draws) { [open] epoch in
      try RepeatStage(count: count, first: epoch * Swift.max(count ?? 1, 1), open: open)
    }
  }

  /// The first elements.
  public func take(_ count: Int) -> Pipeline<Element> {
    require(count >= 0, "Pipeline.take", "\(count) elements cannot be taken")
    return then(count: recordCount.map { Swift.min($0, count) }) { base, _ in
      RangeStage(base, skip: 0, take: count, step: 1)
    }
  }

  /// What follows the first elements.
  public func skip(_ count: Int) -> Pipeline<Element> {
    require(count >= 0, "Pipeline.skip", "\(count) elements cannot be passed over")
    return then(count: recordCount.map { Swift.max(0, $0 - count) }) { base, _ in
      RangeStage(base, skip: count, take: .max, step: 1)
    }
  }

  /// One of `count` shares: the elements `index`, `index + count`, and so on. Placed before what is costly, each
  /// rank computes only its own.
  /// - Precondition: `0 <= index < count`.
  public func shard(count: Int, index: Int) -> Pipeline<Element> {
    require(
      count > 0 && index >= 0 && index < count, "Pipeline.shard",
      "share \(index) is not one of \(count)")
    let own = recordCount.map { Swift.max(0, $0 - index + count - 1) / count }
    return then(count: own) { base, _ in
      RangeStage(base, skip: index, take: .max, step: count)
    }
  }

  /// Pairs of the elements of two pipelines, as many as the shorter has.
  public func zip<Other>(_ other: Pipeline<Other>) -> Pipeline<(Element, Other)> {
    let counts = [recordCount, other.recordCount].compactMap { $0 }
    let count = counts.count == 2 ? counts.min() : nil
    return Pipeline<(Element, Other)>(
      count: count, draws: draws + other.draws
    ) { [open] epoch in
      ZipStage(try open(epoch), try other.open(epoch))
    }
  }

  /// This pipeline's elements and then another's.
  public func concatenate(_ other: Pipeline<Element>) -> Pipeline<Element> {
    let count = recordCount.flatMap { mine in other.recordCount.map { mine + $0 } }
    return Pipeline(count: count, draws: Swift.max(draws, other.draws)) { [open] epoch in
      ConcatenateStage([try open(epoch), try other.open(epoch)])
    }
  }
}

private final class RepeatStage<Element>: PipelineStage {
  private let count: Int?
  private let first: Int
  private let open: (Int) throws -> any PipelineStage<Element>
  private var pass = 0
  private var base: any PipelineStage<Element>
  /// Whether this pass has given an element: one without any is the last.
  private var isFruitful = false

  init(count: Int?, first: Int, open: @escaping (Int) throws -> any PipelineStage<Element>) throws {
    (self.count, self.first, self.open) = (count, first, open)
    base = try open(first)
  }

  func next() throws -> Placed<Element>? {
    while pass < count ?? .max {
      if let element = try base.next() {
        isFruitful = true
        return Placed(element: element.element, place: .parts([.index(pass), element.place]))
      }
      if !isFruitful { return nil }
      pass += 1
      isFruitful = false
      if pass < count ?? .max { base = try open(first + pass) }
    }
    return nil
  }

  func state() throws -> PipelineState {
    PipelineState(
      "repeat", numbers: [pass, isFruitful ? 1 : 0], parts: [try base.state()])
  }

  func restore(_ state: PipelineState) throws {
    let state = try state.checked("repeat", numbers: 2, parts: 1)
    guard state.numbers[0] <= count ?? .max >> 1 else {
      throw PipelineState.misfit("it tells of pass \(state.numbers[0])")
    }
    (pass, isFruitful) = (state.numbers[0], state.numbers[1] > 0)
    base = try open(first + min(pass, max(0, (count ?? .max) - 1)))
    try base.restore(state.parts[0])
  }

  func remake(_ places: [ElementPlace]) throws -> [Element] {
    let parts = try places.map { try $0.parts(2) }
    return try remakeGrouped(parts) { pass, places in
      let pass = try pass.index
      guard pass < count ?? .max >> 1 else {
        throw PipelineState.misfit("there is no pass \(pass)")
      }
      return try open(first + pass).remake(places)
    }
  }
}

/// Makes elements of which the first part names a source and the second a place there, each source's at once.
func remakeGrouped<Element>(
  _ places: [[ElementPlace]],
  _ remake: (_ source: ElementPlace, _ places: [ElementPlace]) throws -> [Element]
) throws -> [Element] {
  var found: [Int: Element] = [:]
  let groups = Dictionary(grouping: places.indices) { places[$0][0] }
  for (source, group) in groups {
    for (index, element) in zip(group, try remake(source, group.map { places[$0][1] })) {
      found[index] = element
    }
  }
  return try places.indices.map { index in
    guard let element = found[index] else { throw PipelineState.misfit("an element is missing") }
    return element
  }
}

private final class RangeStage<Element>: PipelineStage {
  private let base: any PipelineStage<Element>
  private let take, step: Int
  /// How many elements are passed over before the next.
  private var gap: Int
  private var taken = 0

  init(_ base: any PipelineStage<Element>, skip: Int, take: Int, step: Int) {
    (self.base, gap, self.take, self.step) = (base, skip, take, step)
  }

  func next() throws -> Placed<Element>? {
    guard taken < take else { return nil }
    while gap > 0 {
      guard try base.next() != nil else { return nil }
      gap -= 1
    }
    guard let element = try base.next() else { return nil }
    (gap, taken) = (step - 1, taken + 1)
    return element
  }

  func state() throws -> PipelineState {
    PipelineState("range", numbers: [gap, taken], parts: [try base.state()])
  }

  func restore(_ state: PipelineState) throws {
    let state = try state.checked("range", numbers: 2, parts: 1)
    try base.restore(state.parts[0])
    (gap, taken) = (state.numbers[0], state.numbers[1])
  }

  func remake(_ places: [ElementPlace]) throws -> [Element] { try base.remake(places) }
}

private final class ZipStage<A, B>: PipelineStage {
  private let a: any PipelineStage<A>
  private let b: any PipelineStage<B>

  init(_ a: any PipelineStage<A>, _ b: any PipelineStage<B>) { (self.a, self.b) = (a, b) }

  func next() throws -> Placed<(A, B)>? {
    guard let one = try a.next(), let other = try b.next() else { return nil }
    return Placed(element: (one.element, other.element), place: .parts([one.place, other.place]))
  }

  func state() throws -> PipelineState {
    PipelineState("zip", parts: [try a.state(), try b.state()])
  }

  func restore(_ state: PipelineState) throws {
    let state = try state.checked("zip", numbers: 0, parts: 2)
    try a.restore(state.parts[0])
    try b.restore(state.parts[1])
  }

  func remake(_ places: [ElementPlace]) throws -> [(A, B)] {
    let parts = try places.map { try $0.parts(2) }
    return Array(
      Swift.zip(try a.remake(parts.map { $0[0] }), try b.remake(parts.map { $0[1] })))
  }
}

private final class ConcatenateStage<Element>: PipelineStage {
  private let bases: [any PipelineStage<Element>]
  private var current = 0

  init(_ bases: [any PipelineStage<Element>]) { self.bases = bases }

  func next() throws -> Placed<Element>? {
    while current < bases.count {
      if let element = try bases[current].next() {
        return Placed(element: element.element, place: .parts([.index(current), element.place]))
      }
      current += 1
    }
    return nil
  }

  func state() throws -> PipelineState {
    PipelineState("concatenate", numbers: [current], parts: try bases.map { try $0.state() })
  }

  func restore(_ state: PipelineState) throws {
    let state = try state.checked("concatenate", numbers: 1, parts: bases.count)
    for (base, part) in Swift.zip(bases, state.parts) { try base.restore(part) }
    current = state.numbers[0]
  }

  func remake(_ places: [ElementPlace]) throws -> [Element] {
    try remakeGrouped(try places.map { try $0.parts(2) }) { source, places in
      let index = try source.index
      guard index < bases.count else { throw PipelineState.misfit("there is no part \(index)") }
      return try bases[index].remake(places)
    }
  }
}
