import Tensors

/// A chain of steps from a source to what a model takes, as `tf.data.Dataset` has it.
///
/// ```swift
/// let pipeline = Pipeline.from(slices: images, labels)
///   .shuffle(buffer: 1000)
///   .map(parallel: 2) { (augmented($0), $1) }
///   .batch(32)
///   .prefetch(2)
/// for (x, y) in pipeline { … }
/// ```
///
/// A pipeline is a value: it holds no position, and each loop reads it from the beginning. A ``reader(epoch:)``
/// has a position, which is saved and restored in mid-epoch, shuffle buffers and all. Everything random
/// follows from seeds, the epoch and where an element comes from: two readers of an epoch give the same
/// elements, whatever is computed in parallel. `repeat` reads each pass with an epoch of its own.
///
/// A pipeline's functions run on the threads that read it, and so are `Sendable`.
public struct Pipeline<Element>: Sequence, IterableDataset, Sendable {
  /// The number of elements, where it is known without reading them.
  public let recordCount: Int?
  /// How many steps draw random numbers: each draws from a sequence of its own.
  let draws: UInt64
  let open: @Sendable (_ epoch: Int) throws -> any PipelineStage<Element>

  init(
    count: Int?, draws: UInt64 = 0,
    open: @escaping @Sendable (_ epoch: Int) throws -> any PipelineStage<Element>
  ) {
    (recordCount, self.draws, self.open) = (count, draws, open)
  }

  /// A reader at the beginning.
  /// - Parameter epoch: Which pass: another order and other draws where steps are random.
  public func reader(epoch: Int = 0) throws -> PipelineReader<Element> {
    PipelineReader(stage: try open(epoch), epoch: epoch, open: open)
  }

  /// The elements of epoch 0.
  ///
  /// An element that cannot be made stops the process, as an error that nobody catches does; whoever wants
  /// to catch it reads a ``reader(epoch:)``.
  public func makeIterator() -> PipelineIterator<Element> {
    do {
      return PipelineIterator(reader: try reader())
    } catch {
      fail("Pipeline", "\(error)")
    }
  }

  /// This pipeline's elements, as another step makes something of them.
  func then<Result>(
    count: Int?, draws more: UInt64 = 0,
    _ make:
      @escaping @Sendable (_ base: any PipelineStage<Element>, _ epoch: Int) throws
      -> any PipelineStage<Result>
  ) -> Pipeline<Result> {
    Pipeline<Result>(count: count, draws: draws + more) { [open] epoch in
      try make(open(epoch), epoch)
    }
  }
}

/// Reads a ``Pipeline`` from a position that is saved and restored.
public final class PipelineReader<Element>: RecordReader {
  /// Which pass over the pipeline this is.
  public private(set) var epoch: Int
  private var stage: any PipelineStage<Element>
  private let open: @Sendable (Int) throws -> any PipelineStage<Element>

  init(
    stage: any PipelineStage<Element>, epoch: Int,
    open: @escaping @Sendable (Int) throws -> any PipelineStage<Element>
  ) {
    (self.stage, self.epoch, self.open) = (stage, epoch, open)
  }

  /// The next element, or nil at the end.
  /// - Throws: What a source or a function of the pipeline throws. The reader is then to be restored or
  ///   left.
  public func next() throws -> Element? { try stage.next()?.element }

  /// Where the reader is: what was handed out counts, what is read ahead does not.
  public func state() throws -> PipelineState {
    var state = try stage.state()
    state.epoch = epoch
    return state
  }

  /// Goes to a saved place, so that the same elements follow as if reading had never stopped.
  /// - Throws: ``DataError`` where the state is of another pipeline.
  public func restore(_ state: PipelineState) throws {
    guard let epoch = state.epoch, epoch >= 0 else {
      throw PipelineState.misfit("it tells no epoch")
    }
    let stage = try open(epoch)
    try stage.restore(state)
    (self.stage, self.epoch) = (stage, epoch)
  }
}

/// The elements of one loop over a ``Pipeline``.
public struct PipelineIterator<Element>: IteratorProtocol {
  /// What reads them.
  public let reader: PipelineReader<Element>

  /// The next element.
  public func next() -> Element? {
    do {
      return try reader.next()
    } catch {
      fail("Pipeline", "\(error)")
    }
  }
}
