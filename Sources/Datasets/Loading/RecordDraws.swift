import Tensors

extension Generator {
  /// The generator of one record in one epoch: what a ``DataLoader`` makes the default while it
  /// reads record `index`. It follows from the three numbers alone.
  public static func keyed(seed: UInt64, epoch: Int, index: Int) -> Generator {
    Generator(seed: key(seed, epoch, index))
  }

  /// A seed for one record. Every bit of the three numbers reaches the low half, which is all that the
  /// Mersenne Twister takes (splitmix64's finalizer; Steele et al., 2014).
  static func key(_ seed: UInt64, _ epoch: Int, _ index: Int) -> UInt64 {
    var key: UInt64 = 0
    for word in [seed, UInt64(bitPattern: Int64(epoch)), UInt64(bitPattern: Int64(index))] {
      key = (key ^ word) &+ 0x9e37_79b9_7f4a_7c15
      key = (key ^ key >> 30) &* 0xbf58_476d_1ce4_e5b9
      key = (key ^ key >> 27) &* 0x94d0_49bb_1331_11eb
      key ^= key >> 31
    }
    return key
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
