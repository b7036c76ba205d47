import Tensors

extension Pipeline {
  /// Runs of elements: each begins `shift` elements after the one before it.
  /// - Parameters:
  ///   - size: How many elements are in a window; at the end of the pipeline there are shorter ones.
  ///   - shift: How far two windows' beginnings lie apart; nil for `size`.
  ///   - dropRemainder: Whether shorter windows are left out.
  public func window(
    size: Int, shift: Int? = nil, dropRemainder: Bool = false
  ) -> Pipeline<[Element]> {
    let shift = shift ?? size
    require(
      size > 0 && shift > 0, "Pipeline.window",
      "a window of \(size) elements that moves by \(shift) is none")
    let count = recordCount.map { count in
      dropRemainder ? (count < size ? 0 : (count - size) / shift + 1) : (count + shift - 1) / shift
    }
    return then(count: count) { base, _ in
      WindowStage(base, size: size, shift: shift, dropRemainder: dropRemainder)
    }
  }

  /// Batches of `size` elements, made by a function.
  /// - Parameters:
  ///   - size: How many elements are in a batch; the last may have fewer.
  ///   - dropRemainder: Whether a smaller last batch is left out: what loaders call `dropLast`.
  ///   - collate: Makes a batch of elements, of which there is at least one.
  public func batch<Result>(
    _ size: Int, dropRemainder: Bool = false,
    collate: @escaping @Sendable ([Element]) throws -> Result
  ) -> Pipeline<Result> {
    window(size: size, dropRemainder: dropRemainder).map(collate)
  }

  /// Batches of elements that are collated by themselves: `[batch, …]`.
  public func batch(
    _ size: Int, dropRemainder: Bool = false
  ) -> Pipeline<Element.Collated> where Element: Collatable {
    let collate = OneThreads<([Element]) throws -> Element.Collated> { try Element.collate($0) }
    return batch(size, dropRemainder, by: collate)
  }

  /// Batches of pairs, each part of which is collated by itself.
  public func batch<A: Collatable, B: Collatable>(
    _ size: Int, dropRemainder: Bool = false
  ) -> Pipeline<(A.Collated, B.Collated)> where Element == (A, B) {
    let collate = OneThreads<([Element]) throws -> (A.Collated, B.Collated)> {
      (try A.collate($0.map(\.0)), try B.collate($0.map(\.1)))
    }
    return batch(size, dropRemainder, by: collate)
  }

  /// Batches of sequences, filled up at the end to the longest of each: `[batch, longest]`.
  public func paddedBatch<Number: TensorElement>(
    _ size: Int, padding: Number, dropRemainder: Bool = false
  ) -> Pipeline<Tensor> where Element == [Number] {
    let collate = Self.padded(padding)
    return batch(size, dropRemainder, by: collate)
  }

  /// Batches of sequences with something beside them: sequences are filled up to the longest of each batch,
  /// what stands beside them is collated.
  public func paddedBatch<Number: TensorElement, Other: Collatable>(
    _ size: Int, padding: Number, dropRemainder: Bool = false
  ) -> Pipeline<(Tensor, Other.Collated)> where Element == ([Number], Other) {
    let collate: OneThreads<([Element]) throws -> (Tensor, Other.Collated)> = Self.padded(padding)
    return batch(size, dropRemainder, by: collate)
  }

  /// Batches made by a function that workers call one at a time.
  private func batch<Result>(
    _ size: Int, _ dropRemainder: Bool, by collate: OneThreads<([Element]) throws -> Result>
  ) -> Pipeline<Result> {
    batch(size, dropRemainder: dropRemainder) { try collate.value($0) }
  }

  private static func padded<Number: TensorElement>(
    _ padding: Number
  ) -> OneThreads<([[Number]]) throws -> Tensor> {
    OneThreads { Collate.pad($0, with: padding) }
  }

  private static func padded<Number: TensorElement, Other: Collatable>(
    _ padding: Number
  ) -> OneThreads<([([Number], Other)]) throws -> (Tensor, Other.Collated)> {
    OneThreads { (Collate.pad($0.map(\.0), with: padding), try Other.collate($0.map(\.1))) }
  }

  /// Groups of elements of similar length (`bucket_by_sequence_length`): an element waits in the bucket of its
  /// length, and a full bucket is handed out; at the end those that are not full.
  /// - Parameters:
  ///   - boundaries: Ascending: bucket i holds lengths below `boundaries[i]`, the last all others.
  ///   - batchSizes: How many elements fill each bucket: one more than there are boundaries.
  ///   - dropRemainder: Whether buckets that are not full at the end are left out.
  ///   - length: An element's length.
  public func bucketByLength(
    boundaries: [Int], batchSizes: [Int], dropRemainder: Bool = false,
    length: @escaping @Sendable (Element) throws -> Int
  ) -> Pipeline<[Element]> {
    require(
      batchSizes.count == boundaries.count + 1 && batchSizes.allSatisfy { $0 > 0 }
        && Swift.zip(boundaries, boundaries.dropFirst()).allSatisfy { $0 < $1 },
      "Pipeline.bucketByLength",
      "boundaries \(boundaries) must ascend, with a positive batch size for each bucket and one for what is "
        + "longer, not \(batchSizes)")
    return then(count: nil) { base, _ in
      BucketStage(base, boundaries, batchSizes, dropRemainder: dropRemainder, length: length)
    }
  }

  /// Groups of arrays of similar length.
  /// - Parameters:
  ///   - boundaries: Ascending: bucket i holds lengths below `boundaries[i]`, the last all others.
  ///   - batchSizes: How many elements fill each bucket: one more than there are boundaries.
  ///   - dropRemainder: Whether buckets that are not full at the end are left out.
  public func bucketByLength<Part>(
    boundaries: [Int], batchSizes: [Int], dropRemainder: Bool = false
  ) -> Pipeline<[Element]> where Element == [Part] {
    bucketByLength(
      boundaries: boundaries, batchSizes: batchSizes, dropRemainder: dropRemainder
    ) { $0.count }
  }

  /// Groups of pairs whose arrays are of similar length, such as ids and their label.
  /// - Parameters:
  ///   - boundaries: Ascending: bucket i holds lengths below `boundaries[i]`, the last all others.
  ///   - batchSizes: How many elements fill each bucket: one more than there are boundaries.
  ///   - dropRemainder: Whether buckets that are not full at the end are left out.
  public func bucketByLength<Part, Other>(
    boundaries: [Int], batchSizes: [Int], dropRemainder: Bool = false
  ) -> Pipeline<[Element]> where Element == ([Part], Other) {
    bucketByLength(
      boundaries: boundaries, batchSizes: batchSizes, dropRemainder: dropRemainder
    ) { $0.0.count }
  }

  /// The elements of arrays, one after another.
  public func unbatch<Part>() -> Pipeline<Part> where Element == [Part] {
    unbatch(count: { $0.count }, part: { $0[$1] })
  }

  /// The rows of tensors, one after another.
  public func unbatch() -> Pipeline<Tensor> where Element == Tensor {
    unbatch(count: { $0.size(0) }, part: { $0[$1] })
  }

  /// The rows of pairs of tensors, one after another.
  public func unbatch() -> Pipeline<(Tensor, Tensor)> where Element == (Tensor, Tensor) {
    unbatch(count: { $0.0.size(0) }, part: { ($0.0[$1], $0.1[$1]) })
  }

  private func unbatch<Part>(
    count: @escaping @Sendable (Element) -> Int, part: @escaping @Sendable (Element, Int) -> Part
  ) -> Pipeline<Part> {
    then(count: nil) { base, _ in UnbatchStage(base, count: count, part: part) }
  }
}

private final class WindowStage<Part>: PipelineStage {
  private let base: any PipelineStage<Part>
  private let size, shift: Int
  private let dropRemainder: Bool
  private var waiting: [Placed<Part>] = []
  /// How many elements lie between what waits and the next window.
  private var gap = 0

  init(_ base: any PipelineStage<Part>, size: Int, shift: Int, dropRemainder: Bool) {
    (self.base, self.size, self.shift) = (base, size, shift)
    self.dropRemainder = dropRemainder
  }

  func next() throws -> Placed<[Part]>? {
    while gap > 0, try base.next() != nil { gap -= 1 }
    while waiting.count < size, let element = try base.next() { waiting.append(element) }
    guard waiting.count == size || !dropRemainder && !waiting.isEmpty else { return nil }
    let window = waiting
    gap = max(0, shift - waiting.count)
    waiting.removeFirst(min(shift, waiting.count))
    return Placed(element: window.map(\.element), place: .parts(window.map(\.place)))
  }

  func state() throws -> PipelineState {
    PipelineState(
      "window", numbers: [gap], places: waiting.map(\.place), parts: [try base.state()])
  }

  func restore(_ state: PipelineState) throws {
    let state = try state.checked("window", numbers: 1, parts: 1)
    try base.restore(state.parts[0])
    waiting = try base.placed(state.places)
    gap = state.numbers[0]
  }

  func remake(_ places: [ElementPlace]) throws -> [[Part]] {
    let parts = try places.map { try $0.parts() }
    return divided(try base.remake(parts.flatMap { $0 }), by: parts.map(\.count))
  }
}

/// A list cut into consecutive pieces.
private func divided<Element>(_ elements: [Element], by counts: [Int]) -> [[Element]] {
  var rest = elements[...]
  return counts.map { count in
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }
}

private final class BucketStage<Part>: PipelineStage {
  private let base: any PipelineStage<Part>
  private let boundaries, sizes: [Int]
  private let dropRemainder: Bool
  private let length: (Part) throws -> Int
  private var buckets: [[Placed<Part>]]

  init(
    _ base: any PipelineStage<Part>, _ boundaries: [Int], _ sizes: [Int], dropRemainder: Bool,
    length: @escaping (Part) throws -> Int
  ) {
    (self.base, self.boundaries, self.sizes) = (base, boundaries, sizes)
    (self.dropRemainder, self.length) = (dropRemainder, length)
    buckets = Array(repeating: [], count: sizes.count)
  }

  func next() throws -> Placed<[Part]>? {
    while let element = try base.next() {
      let length = try length(element.element)
      let bucket = boundaries.firstIndex { length < $0 } ?? boundaries.count
      buckets[bucket].append(element)
      if buckets[bucket].count == sizes[bucket] { return taken(bucket) }
    }
    if dropRemainder { return nil }
    return buckets.firstIndex { !$0.isEmpty }.map(taken)
  }

  private func taken(_ bucket: Int) -> Placed<[Part]> {
    let elements = buckets[bucket]
    buckets[bucket] = []
    return Placed(element: elements.map(\.element), place: .parts(elements.map(\.place)))
  }

  func state() throws -> PipelineState {
    PipelineState(
      "bucketByLength", numbers: buckets.map(\.count),
      places: buckets.flatMap { $0.map(\.place) }, parts: [try base.state()])
  }

  func restore(_ state: PipelineState) throws {
    let state = try state.checked("bucketByLength", numbers: sizes.count, parts: 1)
    let total = state.numbers.reduce(0) { min($0, 1 << 40) + min($1, 1 << 20) }
    guard total == state.places.count else {
      throw PipelineState.misfit("\(state.places.count) elements wait in buckets of \(total)")
    }
    try base.restore(state.parts[0])
    buckets = divided(try base.placed(state.places), by: state.numbers)
  }

  func remake(_ places: [ElementPlace]) throws -> [[Part]] {
    let parts = try places.map { try $0.parts() }
    return divided(try base.remake(parts.flatMap { $0 }), by: parts.map(\.count))
  }
}

private final class UnbatchStage<Base, Element>: PipelineStage {
  private let base: any PipelineStage<Base>
  private let count: (Base) -> Int
  private let part: (Base, Int) -> Element
  private var batch: Placed<Base>?
  private var position = 0

  init(
    _ base: any PipelineStage<Base>, count: @escaping (Base) -> Int,
    part: @escaping (Base, Int) -> Element
  ) {
    (self.base, self.count, self.part) = (base, count, part)
  }

  func next() throws -> Placed<Element>? {
    while true {
      if let batch, position < count(batch.element) {
        position += 1
        return Placed(
          element: part(batch.element, position - 1),
          place: .parts([batch.place, .index(position - 1)]))
      }
      (batch, position) = (try base.next(), 0)
      if batch == nil { return nil }
    }
  }

  func state() throws -> PipelineState {
    PipelineState(
      "unbatch", numbers: [position], places: batch.map { [$0.place] } ?? [],
      parts: [try base.state()])
  }

  func restore(_ state: PipelineState) throws {
    let state = try state.checked("unbatch", numbers: 1, parts: 1)
    try base.restore(state.parts[0])
    batch = try base.placed(state.places).first
    position = state.numbers[0]
  }

  func remake(_ places: [ElementPlace]) throws -> [Element] {
    let parts = try places.map { try $0.parts(2) }
    return try zip(parts, base.remake(parts.map { $0[0] })).map { place, batch in
      let index = try place[1].index
      guard index < count(batch) else { throw PipelineState.misfit("a batch has no row \(index)") }
      return part(batch, index)
    }
  }
}
