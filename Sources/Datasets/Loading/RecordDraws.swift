import Tensors

extension Generator {
  /// The generator of one record in one epoch: what a ``Datasets/DataLoader`` makes the default while it
  /// reads record `index`. It follows from the three numbers alone.
  public static func keyed(seed: UInt64, epoch: Int, index: Int) -> Generator {
    Generator(seed: key(seed, epoch, index))
  }
}

/// Reads records with random draws of their own: the same whatever the thread, the rank, the number of
/// ranks and what is read ahead.
///
/// One reader's, on one thread at a time.
struct RecordDraws: Sendable {
  private let seed: UInt64
  private let generator: Generator

  init(seed: UInt64) {
    self.seed = seed
    generator = Generator(seed: seed)
  }

  /// Runs a body whose draws are those of a record.
  func reading<Result, E: Error>(
    epoch: Int, index: Int, _ body: () throws(E) -> Result
  ) throws(E) -> Result {
    generator.manualSeed(Generator.key(seed, epoch, index))
    return try generator.asDefault(body)
  }
}
