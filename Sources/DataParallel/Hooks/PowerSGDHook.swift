import Collectives
import Tensors

/// Sends low-rank approximations of gradients instead of the gradients
/// (`powerSGD_hook.PowerSGDState` and `powerSGD_hook`; Vogels et al., PowerSGD: Practical Low-Rank
/// Gradient Compression for Distributed Optimization, 2019).
///
/// A gradient is taken as a matrix M of `[n, m]`, its first dimension against the others. With Q of
/// the last pass (random at first), orthogonalized:
///
///     P = M·Q,    summed over ranks and orthogonalized
///     Q = Mᵀ·P,   averaged over ranks
///     M ← P·Qᵀ
///
/// (n + m)·rank numbers travel instead of n·m; gradients for which that is not worth while are
/// averaged as they are. What the approximation lost is added to the next pass's gradient. The
/// first products are summed while the backward walk goes on; the rest waits for its end.
///
/// Batched (`batched_powerSGD_hook`), a bucket's gradients are one square matrix instead, one behind
/// the other, with zeros at its end: fewer and larger products, a worse approximation.
///
/// Error feedback keeps one copy of the gradients, and makes one more while a pass is under way. A
/// gradient that is not finite makes what is kept of it so for good, as in PyTorch's hook.
public final class PowerSGDHook: CommunicationHook {
  /// How PowerSGD compresses (PyTorch's `PowerSGDState`, under its names).
  public struct Options: Sendable {
    /// Columns of P and Q.
    public var matrixApproximationRank = 1
    /// Whether a bucket's gradients are compressed together, as one square matrix.
    public var isBatched = false
    /// Passes that average gradients as they are before compression begins: at least 2 with error
    /// feedback or warm start, since buckets are rebuilt after the first.
    public var startPowerSGDIter = 1000
    /// How many times fewer numbers must travel for a gradient to be compressed; not asked where
    /// they are batched.
    public var minCompressionRate = 2.0
    /// Whether what was lost is made up for in the next pass.
    public var useErrorFeedback = true
    /// Whether Q goes on from pass to pass.
    public var warmStart = true
    /// What is added to the norms by which columns are divided.
    public var orthogonalizationEpsilon = 0.0
    /// Seed of the first Q, the same on all ranks; draws are those of PyTorch's hook.
    public var randomSeed: UInt32 = 0

    /// PyTorch's defaults.
    public init() {}
  }

  /// How it compresses.
  public let options: Options
  /// Passes so far.
  public internal(set) var iteration = 0
  /// Numbers that compressed passes had, and that travelled (`compression_stats`).
  public internal(set) var countBefore = 0, countAfter = 0

  /// What a bucket's passes hand on.
  struct Memory {
    var error: Tensor?
    var qs: [Tensor] = []
  }
  var memories: [Int: Memory] = [:]
  let seeds: Generator
  private let algorithm: AllReduceAlgorithm?

  /// - Parameters:
  ///   - options: How it compresses.
  ///   - algorithm: How ranks meet; nil picks by size and ranks.
  /// - Throws: ``DataParallelError/options(_:)`` for a rank below 1 or an early start.
  public init(
    _ options: Options = .init(), algorithm: AllReduceAlgorithm? = nil
  ) throws(DataParallelError) {
    guard options.matrixApproximationRank >= 1 else {
      throw .options("PowerSGD needs a rank of at least 1, not \(options.matrixApproximationRank)")
    }
    if options.useErrorFeedback || options.warmStart, options.startPowerSGDIter < 2 {
      throw .options(
        "PowerSGD can start at iteration 2 with error feedback or warm start, not at "
          + "\(options.startPowerSGDIter): buckets are rebuilt after the first pass")
    }
    self.options = options
    self.algorithm = algorithm
    seeds = Generator(seed: UInt64(options.randomSeed))
  }

  /// The factors of a gradient, and what they lost, are those of the whole gradient.
  public var scatterObstacle: String? {
    "it approximates whole gradients, of which each rank keeps its part only; use stage 1, or a "
      + "CompressionHook"
  }

  /// The type, and whether it takes buckets as a whole.
  public var name: String { options.isBatched ? "BatchedPowerSGDHook" : "PowerSGDHook" }

  /// Compresses, once the first passes are over.
  public func reduce(_ bucket: CommunicationBucket) -> BucketReduction {
    defer { if bucket.isLast { iteration += 1 } }
    guard iteration >= options.startPowerSGDIter else {
      return BucketReduction([bucket.group.average(bucket, algorithm)])
    }
    return noGrad { compress(bucket) }
  }

  private func compress(_ bucket: CommunicationBucket) -> BucketReduction {
    var memory = memories[bucket.index] ?? Memory()
    let square = options.isBatched ? PackedTensors(square: bucket.gradients) : nil
    let values = square?.flat ?? bucket.buffer
    if let error = memory.error, error.count == values.count { values.addInPlace(error) }
    let input = options.useErrorFeedback ? values.clone() : nil
    let (matrices, others) = square.map { (whole($0), []) } ?? chosen(bucket.gradients)
    let dtype = bucket.buffer.dtype
    let ranks = matrices.map { min($0.size(0), $0.size(1), options.matrixApproximationRank) }

    let plain = PackedTensors(others.map(\.shape), dtype)
    for (place, tensor) in zip(plain.tensors, others) { place.copyInPlace(tensor) }
    let ps = PackedTensors(zip(matrices, ranks).map { [$0.size(0), $1] }, dtype)
    let qs = PackedTensors(zip(matrices, ranks).map { [$0.size(1), $1] }, dtype)
    start(qs.tensors, from: memory.qs)
    for ((matrix, p), q) in zip(zip(matrices, ps.tensors), qs.tensors) {
      p.copyInPlace(matrix.matmul(q))
    }

    let (group, label) = (bucket.group, bucket.label)
    var works: [Work] = []
    if !others.isEmpty {
      works.append(
        group.allReduce(
          inPlace:
            plain.flat, op: .average, algorithm: algorithm, label: "\(label), not compressed"))
    }
    works.append(group.allReduce(inPlace: ps.flat, algorithm: algorithm, label: "\(label), P"))
    return BucketReduction(works) { [options, algorithm] in
      noGrad {
        for (place, tensor) in zip(plain.tensors, others) { tensor.copyInPlace(place) }
        for (matrix, (p, q)) in zip(matrices, zip(ps.tensors, qs.tensors)) {
          p.copyInPlace(orthogonalized(p, epsilon: options.orthogonalizationEpsilon))
          q.copyInPlace(matrix.transposed(0, 1).matmul(p))
        }
        let work = group.allReduce(
          inPlace:
            qs.flat, op: .average, algorithm: algorithm, label: "\(label), Q")
        return BucketReduction([work]) { [weak self] in
          noGrad {
            for (matrix, (p, q)) in zip(matrices, zip(ps.tensors, qs.tensors)) {
              matrix.copyInPlace(p.matmul(q.transposed(0, 1)))
            }
            if let square {
              for (gradient, place) in zip(bucket.gradients, square.tensors) {
                gradient.copyInPlace(place)
              }
            }
            memory.error = input.map { $0 - values }
            memory.qs = options.warmStart ? qs.tensors : []
            self?.memories[bucket.index] = memory
          }
          return nil
        }
      }
    }
  }

  /// All of a bucket as one matrix.
  private func whole(_ square: PackedTensors) -> [Tensor] {
    let side = square.side
    countBefore += square.tensors.reduce(0) { $0 + $1.count }
    countAfter += 2 * side * min(side, options.matrixApproximationRank)
    return [square.flat.reshaped([side, side])]
  }

  /// The gradients that are worth compressing, as matrices, those of one shape together; and the
  /// others.
  private func chosen(_ gradients: [Tensor]) -> (matrices: [Tensor], others: [Tensor]) {
    var matrices: [(shape: [Int], members: [Tensor])] = []
    var others: [Tensor] = []
    for gradient in gradients {
      let (rows, columns) = (gradient.shape.first ?? 1, gradient.shape.dropFirst().reduce(1, *))
      let short = (rows + columns) * min(rows, columns, options.matrixApproximationRank)
      countBefore += gradient.count
      guard Double(short) * options.minCompressionRate < Double(gradient.count) else {
        others.append(gradient)
        countAfter += gradient.count
        continue
      }
      countAfter += short
      let shape = [rows, columns]
      if let place = matrices.firstIndex(where: { $0.shape == shape }) {
        matrices[place].members.append(gradient.reshaped(shape))
      } else {
        matrices.append((shape, [gradient.reshaped(shape)]))
      }
    }
    return (matrices.flatMap(\.members), others)
  }

  /// Orthogonal columns to begin with: the last pass's, or random ones.
  ///
  /// Columns that vanished, or broke, would stay so for ever and are drawn anew. The last pass's are
  /// alike on all ranks, and so is what is decided here.
  private func start(_ qs: [Tensor], from memory: [Tensor]) {
    // Those of a run that was resumed with another rank do not fit.
    let known = memory.map(\.shape) == qs.map(\.shape) ? memory : []
    var random = known.isEmpty ? Generator(seed: nextSeed()) : nil
    for (index, q) in qs.enumerated() {
      if let random, known.isEmpty {
        q.copyInPlace(.randn([1] + q.shape, dtype: q.dtype, generator: random)[0])
      } else {
        let norms = known[index].to(.float32).square().sum(dim: 0)
        let isAlive = norms.array(of: Float.self).map { $0 > 0 && $0.isFinite }
        q.copyInPlace(known[index])
        if isAlive.contains(false) {
          let generator = random ?? Generator(seed: nextSeed())
          random = generator
          let fresh = Tensor.randn(q.shape, dtype: q.dtype, generator: generator)
          q.copyInPlace(Tensor.where(Tensor(isAlive), q, fresh))
        }
      }
      q.copyInPlace(orthogonalized(q, epsilon: options.orthogonalizationEpsilon))
    }
  }

  /// `numpy.random.RandomState(seed).randint(1_000_000_000)`.
  private func nextSeed() -> UInt64 {
    while true {
      let draw = seeds.next32() & 0x3fff_ffff
      if draw < 1_000_000_000 { return UInt64(draw) }
    }
  }
}
