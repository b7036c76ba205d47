import Tensors

extension Pipeline {
  /// The elements of an array or another collection (`from_tensor_slices`).
  public static func from<Source: RandomAccessCollection & Sendable>(
    slices: Source
  ) -> Pipeline where Source.Element == Element, Source.Index == Int {
    let count = slices.count
    return Pipeline(count: count) { _ in
      IndexedStage(count: count) { slices[slices.startIndex + $0] }
    }
  }

  /// The records of a dataset, whose draws are those of a ``DataLoader`` with the same seed.
  public static func from<Source: Dataset & Sendable>(
    _ dataset: Source, seed: UInt64 = 0
  ) -> Pipeline where Source.Element == Element {
    let count = dataset.count
    return Pipeline(count: count, draws: 1) { epoch in
      let draws = RecordDraws(seed: seed)
      return IndexedStage(count: count) { index in
        try draws.reading(epoch: epoch, index: index) { try dataset[index] }
      }
    }
  }

  /// The records of a stream, one after another. Going on passes over what comes before.
  public static func from<Source: IterableDataset & Sendable>(
    stream: Source, seed: UInt64 = 0
  ) -> Pipeline where Source.Element == Element {
    Pipeline(count: stream.recordCount, draws: 1) { epoch in
      try StreamStage(stream, epoch: epoch, draws: RecordDraws(seed: seed))
    }
  }

  /// The rows of a tensor `[records, …]`.
  public static func from(slices rows: Tensor) -> Pipeline where Element == Tensor {
    let (count, rows) = (rows.rank > 0 ? rows.size(0) : 0, OneThreads(rows.detach()))
    return Pipeline(count: count) { _ in IndexedStage(count: count) { rows.value[$0] } }
  }

  /// The rows of two tensors with equally many, such as images and labels.
  public static func from(
    slices x: Tensor, _ y: Tensor
  ) -> Pipeline where Element == (Tensor, Tensor) {
    require(
      x.rank > 0 && y.rank > 0 && x.size(0) == y.size(0), "Pipeline.from",
      "first dimensions differ in \(x.shape) and \(y.shape)")
    let (count, rows) = (x.size(0), OneThreads((x.detach(), y.detach())))
    return Pipeline(count: count) { _ in
      IndexedStage(count: count) { (rows.value.0[$0], rows.value.1[$0]) }
    }
  }
}

/// Reads what has an index.
private final class IndexedStage<Element>: PipelineStage {
  private let count: Int
  private let read: (Int) throws -> Element
  private var position = 0

  init(count: Int, read: @escaping (Int) throws -> Element) {
    (self.count, self.read) = (count, read)
  }

  func next() throws -> Placed<Element>? {
    guard position < count else { return nil }
    let element = try read(position)
    position += 1
    return Placed(element: element, place: .index(position - 1))
  }

  func state() -> PipelineState { PipelineState("slices", numbers: [position, count]) }

  func restore(_ state: PipelineState) throws {
    let numbers = try state.checked("slices", numbers: 2, parts: 0).numbers
    guard numbers[1] == count, numbers[0] <= count else {
      throw PipelineState.misfit("it was taken over \(numbers[1]) records; here are \(count)")
    }
    position = numbers[0]
  }

  func remake(_ places: [ElementPlace]) throws -> [Element] {
    try places.map { place in
      let index = try place.index
      guard index < count else { throw PipelineState.misfit("there is no record \(index)") }
      return try read(index)
    }
  }
}

/// Reads a stream, whose records have their number for a place.
private final class StreamStage<Source: IterableDataset>: PipelineStage {
  private let source: Source
  private let epoch: Int
  private let draws: RecordDraws
  private var reader: Source.Reader
  private var position = 0

  init(_ source: Source, epoch: Int, draws: RecordDraws) throws {
    (self.source, self.epoch, self.draws) = (source, epoch, draws)
    reader = try draws.reading(epoch: epoch, index: -1) { try source.reader(epoch: epoch) }
  }

  func next() throws -> Placed<Source.Element>? {
    guard let element = try read(&reader, position) else { return nil }
    position += 1
    return Placed(element: element, place: .index(position - 1))
  }

  private func read(_ reader: inout Source.Reader, _ index: Int) throws -> Source.Element? {
    try draws.reading(epoch: epoch, index: index) { try reader.next() }
  }

  /// Passes over records one by one, each with its draws, since the stream may draw its order.
  private func skip(_ reader: inout Source.Reader, from: Int, to: Int) throws {
    for index in from..<max(from, to) {
      let isThere = try draws.reading(epoch: epoch, index: index) { try reader.skip(1) == 1 }
      guard isThere else {
        throw PipelineState.misfit("the stream ends after \(index) records, before \(to)")
      }
    }
  }

  func state() -> PipelineState { PipelineState("stream", numbers: [position]) }

  func restore(_ state: PipelineState) throws {
    let target = try state.checked("stream", numbers: 1, parts: 0).numbers[0]
    var reader = try draws.reading(epoch: epoch, index: -1) { try source.reader(epoch: epoch) }
    try skip(&reader, from: 0, to: target)
    (self.reader, position) = (reader, target)
  }

  func remake(_ places: [ElementPlace]) throws -> [Source.Element] {
    let indices = try places.map { place throws(DataError) in try place.index }
    var found: [Int: Source.Element] = [:]
    var reader = try draws.reading(epoch: epoch, index: -1) { try source.reader(epoch: epoch) }
    var position = 0
    for index in Set(indices).sorted() {
      try skip(&reader, from: position, to: index)
      found[index] = try read(&reader, index)
      position = index + 1
    }
    return try indices.map { index in
      guard let element = found[index] else {
        throw PipelineState.misfit("the stream has no record \(index)")
      }
      return element
    }
  }
}
