import Synchronization

/// A source of random numbers: PyTorch's CPU generator, bit for bit (`torch.Generator`).
///
/// The same seed gives the same draws as PyTorch, whatever the number of threads. A generator's
/// ``state`` is a value that can be saved and put back. Draws from several threads are safe, but
/// their order is then theirs.
public final class Generator: Sendable {
  private struct Stream {
    var rng = RandomStream()
    /// A seed whose sequence begins with the next draw. Seeding takes a microsecond, and a generator
    /// that is seeded for every record of a batch is seldom drawn from.
    var due: UInt64?
  }

  private let rng: Mutex<Stream>

  /// A generator at the start of a seed's sequence.
  public init(seed: UInt64 = 67_280_421_310_721) {
    rng = Mutex(Stream(due: seed))
  }

  /// Starts a seed's sequence (`manual_seed`).
  public func manualSeed(_ seed: UInt64) { rng.withLock { $0.due = seed } }

  /// The seed of the present sequence (`initial_seed`).
  public var initialSeed: UInt64 { draw { $0.seed } }

  /// The whole state, as the 5,056 bytes of `torch.get_rng_state()`.
  public var state: [UInt8] {
    draw { $0.saved }
  }

  /// Puts a saved state back (`set_state`).
  /// - Throws: ``GeneratorError`` where the bytes are not a state; the generator stays as it was.
  public func setState(_ bytes: [UInt8]) throws(GeneratorError) {
    let done = draw { $0.load(bytes) }
    if !done { throw GeneratorError(byteCount: bytes.count) }
  }

  /// The next 32 random bits.
  public func next32() -> UInt32 { draw { $0.next32() } }

  func draw<R: Sendable>(_ body: (inout sending RandomStream) -> sending R) -> R {
    rng.withLock { stream in
      if let seed = stream.due {
        stream.rng.start(seed: seed)
        stream.due = nil
      }
      return body(&stream.rng)
    }
  }

  /// Another generator at the same place of the same sequence (`clone_state`).
  public func copy() -> Generator {
    let copy = Generator()
    let state = rng.withLock { $0 }
    copy.rng.withLock { $0 = state }
    return copy
  }

  /// What operations draw from unless told otherwise: this thread's own generator where it has one
  /// (ranks that are threads of one process), else the process's.
  public static var `default`: Generator {
    ThreadState.current.generator ?? shared
  }

  private static let shared = Generator()

  /// Runs a body in which this generator is the thread's default.
  public func asDefault<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let state = ThreadState.current
    let before = state.generator
    state.generator = self
    defer { state.generator = before }
    return try body()
  }
}

extension Generator {
  /// A seed that follows from three numbers, such as a run's seed, an epoch and a record. Every bit of them
  /// reaches the low half, which is all that the Mersenne Twister takes (splitmix64's finalizer; Steele et
  /// al., 2014).
  package static func key(_ seed: UInt64, _ first: Int, _ second: Int) -> UInt64 {
    var key: UInt64 = 0
    for word in [seed, UInt64(bitPattern: Int64(first)), UInt64(bitPattern: Int64(second))] {
      key = (key ^ word) &+ 0x9e37_79b9_7f4a_7c15
      key = (key ^ key >> 30) &* 0xbf58_476d_1ce4_e5b9
      key = (key ^ key >> 27) &* 0x94d0_49bb_1331_11eb
      key ^= key >> 31
    }
    return key
  }
}

/// Bytes that are no generator's state.
public struct GeneratorError: Error, CustomStringConvertible {
  /// How many bytes there were.
  public let byteCount: Int

  /// What was wrong and what is expected.
  public var description: String {
    "\(byteCount) bytes are not a random generator's state, which has \(RandomStream.byteCount); it must come from Generator.state or torch.get_rng_state()"
  }
}

/// Starts the default generator's sequence of a seed (`torch.manual_seed`).
public func manualSeed(_ seed: UInt64) { Generator.default.manualSeed(seed) }

/// What a random operation draws from: a generator at its present position, or a place in its
/// sequence that is kept and draws the same again and again.
struct Draw {
  private let generator: Generator
  private let isPinned: Bool
  /// Whether it was the thread's generator that was asked for.
  private let isDefault: Bool

  /// From a generator, by default the thread's.
  init(_ generator: Generator?) {
    self.generator = generator ?? .default
    isPinned = false
    isDefault = generator == nil
  }

  private init(pinned generator: Generator) {
    self.generator = generator
    isPinned = true
    isDefault = false
  }

  /// The draw of another call, from what is the thread's generator then, or from the one that was named.
  func renewed() -> Draw { isDefault ? Draw(nil) : self }

  /// A draw that always starts where this one would start now.
  func pinned() -> Draw { isPinned ? self : Draw(pinned: generator.copy()) }

  func callAsFunction<R: Sendable>(_ body: (inout sending RandomStream) -> sending R) -> R {
    (isPinned ? generator.copy() : generator).draw(body)
  }
}
