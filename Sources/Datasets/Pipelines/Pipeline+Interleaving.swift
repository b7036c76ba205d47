import Tensors

extension Pipeline {
  /// The elements of pipelines that a function makes of this one's, several of which are read in turn.
  ///
  /// ```swift
  /// Pipeline.from(slices: paths).interleave(cycle: 4) { Pipeline.from(stream: TextLines(path: $0)) }
  /// ```
  /// - Parameters:
  ///   - cycle: How many are open at once.
  ///   - block: How many elements are taken of one before the next has its turn.
  ///   - transform: The pipeline of an element.
  public func interleave<Result>(
    cycle: Int, block: Int = 1,
    _ transform: @escaping @Sendable (Element) throws -> Pipeline<Result>
  ) -> Pipeline<Result> {
    require(
      cycle > 0 && block > 0, "Pipeline.interleave",
      "\(cycle) pipelines with \(block) elements each cannot take turns")
    return then(count: nil) { base, epoch in
      InterleaveStage(base, cycle: cycle, block: block) { try transform($0).open(epoch) }
    }
  }

  /// The elements of pipelines that a function makes of this one's, one after another.
  public func flatMap<Result>(
    _ transform: @escaping @Sendable (Element) throws -> Pipeline<Result>
  ) -> Pipeline<Result> {
    interleave(cycle: 1, transform)
  }
}

/// Reads several pipelines in turn. One that ends is replaced in its place by the next.
private final class InterleaveStage<Base, Element>: PipelineStage {
  private struct Slot {
    let place: ElementPlace
    let stage: any PipelineStage<Element>
  }

  private let base: any PipelineStage<Base>
  private let block: Int
  private let open: (Base) throws -> any PipelineStage<Element>
  private var slots: [Slot?]
  private var current = 0
  private var taken = 0
  private var baseHasEnded = false

  init(
    _ base: any PipelineStage<Base>, cycle: Int, block: Int,
    open: @escaping (Base) throws -> any PipelineStage<Element>
  ) {
    (self.base, self.block, self.open) = (base, block, open)
    slots = Array(repeating: nil, count: cycle)
  }

  func next() throws -> Placed<Element>? {
    while true {
      if slots[current] == nil, !baseHasEnded {
        if let input = try base.next() {
          slots[current] = Slot(place: input.place, stage: try open(input.element))
        } else {
          baseHasEnded = true
        }
      }
      guard let slot = slots[current] else {
        if baseHasEnded, slots.allSatisfy({ $0 == nil }) { return nil }
        advance()
        continue
      }
      guard let element = try slot.stage.next() else {
        slots[current] = nil
        taken = 0
        // The pipeline that takes its place begins a turn of its own.
        if baseHasEnded { advance() }
        continue
      }
      taken += 1
      if taken == block { advance() }
      return Placed(element: element.element, place: .parts([slot.place, element.place]))
    }
  }

  private func advance() {
    current = (current + 1) % slots.count
    taken = 0
  }

  func state() throws -> PipelineState {
    let open = slots.indices.filter { slots[$0] != nil }
    return PipelineState(
      "interleave", numbers: [current, taken, baseHasEnded ? 1 : 0, slots.count] + open,
      places: slots.compactMap { $0?.place },
      parts: [try base.state()] + (try slots.compactMap { try $0?.stage.state() }))
  }

  func restore(_ state: PipelineState) throws {
    let count = state.places.count
    let state = try state.checked("interleave", numbers: 4 + count, parts: 1 + count)
    guard
      state.numbers[3] == slots.count, state.numbers[0] < slots.count,
      state.numbers[4...].allSatisfy({ $0 < slots.count })
    else { throw PipelineState.misfit("\(state.numbers[3]) pipelines take turns in it") }
    try base.restore(state.parts[0])
    slots = Array(repeating: nil, count: slots.count)
    for (index, input) in try base.remake(state.places).enumerated() {
      let stage = try open(input)
      try stage.restore(state.parts[1 + index])
      slots[state.numbers[4 + index]] = Slot(place: state.places[index], stage: stage)
    }
    (current, taken, baseHasEnded) = (state.numbers[0], state.numbers[1], state.numbers[2] > 0)
  }

  func remake(_ places: [ElementPlace]) throws -> [Element] {
    try remakeGrouped(try places.map { try $0.parts(2) }) { source, places in
      var elements: [Element] = []
      for input in try base.remake([source]) { elements = try open(input).remake(places) }
      return elements
    }
  }
}
