import Tensors

extension Pipeline {
  /// Each element passed through a function.
  public func map<Result>(
    _ transform: @escaping @Sendable (Element) throws -> Result
  ) -> Pipeline<Result> {
    map(parallel: 1, transform)
  }

  /// Each element passed through a function, whose random draws follow from the seed, the epoch and where the
  /// element comes from: for element i of a source they are those of `Generator.keyed(seed:epoch:index:)`
  /// with index i in the first step that draws.
  /// - Parameters:
  ///   - parallel: How many threads compute it. Elements keep their order, and at most twice as many are
  ///     under way.
  ///   - seed: What draws come from.
  ///   - transform: What is made of an element.
  public func map<Result>(
    parallel: Int, seed: UInt64 = 0, _ transform: @escaping @Sendable (Element) throws -> Result
  ) -> Pipeline<Result> {
    require(parallel > 0, "Pipeline.map", "\(parallel) threads compute nothing")
    let seed = seed &+ draws
    return then(count: recordCount, draws: 1) { base, epoch in
      let make = { @Sendable () -> (Placed<Element>) throws -> Result in
        let draws = RecordDraws(seed: seed)
        return { input in
          try draws.reading(epoch: epoch, index: input.place.key) { try transform(input.element) }
        }
      }
      return parallel == 1
        ? MapStage(base, make()) : ParallelMapStage(base, threads: parallel, make)
    }
  }

  /// The elements that a function wants.
  public func filter(
    _ isIncluded: @escaping @Sendable (Element) throws -> Bool
  ) -> Pipeline<Element> {
    then(count: nil) { base, _ in FilterStage(base, isIncluded) }
  }

  /// Each element with its number, counted from 0.
  public func enumerate() -> Pipeline<(Int, Element)> {
    then(count: recordCount) { base, _ in EnumerateStage(base) }
  }

  /// The elements in random order, as far as a buffer allows: each is drawn from the next `buffer` that have
  /// not come yet. A buffer as large as the source gives every order.
  /// - Parameters:
  ///   - buffer: How many elements are chosen from.
  ///   - seed: What choices come from, together with the epoch.
  public func shuffle(buffer: Int, seed: UInt64 = 0) -> Pipeline<Element> {
    require(buffer > 0, "Pipeline.shuffle", "a buffer of \(buffer) elements is none")
    return then(count: recordCount) { base, epoch in
      ShuffleStage(base, buffer: buffer, key: Tensors.Generator.key(seed, epoch, buffer))
    }
  }
}

/// Computes one element after another.
private final class MapStage<Input, Element>: PipelineStage {
  private let base: any PipelineStage<Input>
  private let transform: (Placed<Input>) throws -> Element

  init(_ base: any PipelineStage<Input>, _ transform: @escaping (Placed<Input>) throws -> Element) {
    (self.base, self.transform) = (base, transform)
  }

  func next() throws -> Placed<Element>? {
    guard let input = try base.next() else { return nil }
    return Placed(element: try transform(input), place: input.place)
  }

  // A function keeps nothing, so its state is that of what it reads.
  func state() throws -> PipelineState { try base.state() }
  func restore(_ state: PipelineState) throws { try base.restore(state) }
  func remake(_ places: [ElementPlace]) throws -> [Element] {
    try base.placed(places).map(transform)
  }
}

private final class FilterStage<Element>: PipelineStage {
  private let base: any PipelineStage<Element>
  private let isIncluded: (Element) throws -> Bool

  init(_ base: any PipelineStage<Element>, _ isIncluded: @escaping (Element) throws -> Bool) {
    (self.base, self.isIncluded) = (base, isIncluded)
  }

  func next() throws -> Placed<Element>? {
    while let input = try base.next() {
      if try isIncluded(input.element) { return input }
    }
    return nil
  }

  func state() throws -> PipelineState { try base.state() }
  func restore(_ state: PipelineState) throws { try base.restore(state) }
  func remake(_ places: [ElementPlace]) throws -> [Element] { try base.remake(places) }
}

private final class EnumerateStage<Base>: PipelineStage {
  private let base: any PipelineStage<Base>
  private var position = 0

  init(_ base: any PipelineStage<Base>) { self.base = base }

  func next() throws -> Placed<(Int, Base)>? {
    guard let input = try base.next() else { return nil }
    position += 1
    return Placed(
      element: (position - 1, input.element), place: .parts([.index(position - 1), input.place]))
  }

  func state() throws -> PipelineState {
    PipelineState("enumerate", numbers: [position], parts: [try base.state()])
  }

  func restore(_ state: PipelineState) throws {
    let state = try state.checked("enumerate", numbers: 1, parts: 1)
    try base.restore(state.parts[0])
    position = state.numbers[0]
  }

  func remake(_ places: [ElementPlace]) throws -> [(Int, Base)] {
    let parts = try places.map { try $0.parts(2) }
    return try zip(parts, base.remake(parts.map { $0[1] })).map { (try $0[0].index, $1) }
  }
}

/// Draws each element from a buffer: the k-th choice follows from the key and k alone.
private final class ShuffleStage<Element>: PipelineStage {
  private let base: any PipelineStage<Element>
  private let capacity: Int
  private let key: UInt64
  private var waiting: [Placed<Element>] = []
  private var drawn = 0

  init(_ base: any PipelineStage<Element>, buffer: Int, key: UInt64) {
    (self.base, capacity, self.key) = (base, buffer, key)
  }

  func next() throws -> Placed<Element>? {
    while waiting.count < capacity, let element = try base.next() { waiting.append(element) }
    guard !waiting.isEmpty else { return nil }
    let bits = Generator.key(key, drawn, 0)
    drawn += 1
    // A number below the count, each as likely to within count ÷ 2⁶⁴.
    let choice = Int(bits.multipliedFullWidth(by: UInt64(waiting.count)).high)
    waiting.swapAt(choice, waiting.count - 1)
    return waiting.removeLast()
  }

  func state() throws -> PipelineState {
    PipelineState(
      "shuffle", numbers: [drawn], places: waiting.map(\.place), parts: [try base.state()])
  }

  func restore(_ state: PipelineState) throws {
    let state = try state.checked("shuffle", numbers: 1, parts: 1)
    guard state.places.count <= capacity else {
      throw PipelineState.misfit("\(state.places.count) elements wait in a buffer of \(capacity)")
    }
    try base.restore(state.parts[0])
    waiting = try base.placed(state.places)
    drawn = state.numbers[0]
  }

  func remake(_ places: [ElementPlace]) throws -> [Element] { try base.remake(places) }
}
