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
/// Error feedback keeps one copy of the gradients, and makes one more while a pass is under way. A
/// gradient that is not finite makes what is kept of it so for good, as in PyTorch's hook.
public final class PowerSGDHook: CommunicationHook {
  /// How PowerSGD compresses.
  public struct Options: Sendable {
    /// Columns of P and Q (`matrix_approximation_rank`).
    public var rank = 1
    /// Passes that average gradients as they are before compression begins
    /// (`start_powerSGD_iter`): at least 2 with error feedback or warm start, since buckets are
    /// rebuilt after the first.
    public var startIteration = 1000
    /// How many times fewer numbers must travel for a gradient to be compressed.
    public var minCompressionRate = 2.0
    /// Whether what was lost is made up for in the next pass.
    public var usesErrorFeedback = true
    /// Whether Q goes on from pass to pass.
    public var usesWarmStart = true
    /// What is added to the norms by which columns are divided.
    public var orthogonalizationEpsilon = 0.0
    /// Seed of the first Q, the same on all ranks; draws are those of PyTorch's hook.
    public var seed: UInt32 = 0

    /// PyTorch's defaults.
    public init() {}
  }

  /// How it compresses.
  public let options: Options
  /// Passes so far.
  public private(set) var iteration = 0
  /// Numbers that compressed passes had, and that travelled (`compression_stats`).
  public private(set) var countBefore = 0, countAfter = 0

  /// What a bucket's passes hand on.
  private struct Memory {
    var error: Tensor?
    var qs: [Tensor] = []
  }
  private var memories: [Int: Memory] = [:]
  private let seeds: Generator

  /// - Throws: ``DataParallelError/options(_:)`` for a rank below 1 or an early start.
  public init(_ options: Options = .init()) throws(DataParallelError) {
    guard options.rank >= 1 else {
      throw .options("PowerSGD needs a rank of at least 1, not \(options.rank)")
    }
    if options.usesErrorFeedback || options.usesWarmStart, options.startIteration < 2 {
      throw .options(
        "PowerSGD can start at iteration 2 with error feedback or warm start, not at "
          + "\(options.startIteration): buckets are rebuilt after the first pass")
    }
    self.options = options
    seeds = Generator(seed: UInt64(options.seed))
  }

  /// The factors of a gradient, and what they lost, are those of the whole gradient.
  public var scatterObstacle: String? {
    "it approximates whole gradients, of which each rank keeps its part only; use stage 1, or a "
      + "CompressionHook"
  }

  /// Compresses, once the first passes are over.
  public func reduce(_ bucket: CommunicationBucket) -> BucketReduction {
    defer { if bucket.isLast { iteration += 1 } }
    guard iteration >= options.startIteration else {
      return BucketReduction([bucket.group.average(bucket)])
    }
    return noGrad { compress(bucket) }
  }

  private func compress(_ bucket: CommunicationBucket) -> BucketReduction {
    var memory = memories[bucket.index] ?? Memory()
    if let error = memory.error { bucket.buffer.addInPlace(error) }
    let input = options.usesErrorFeedback ? bucket.buffer.clone() : nil
    let (matrices, others) = chosen(bucket.gradients)
    let dtype = bucket.buffer.dtype
    let ranks = matrices.map { min($0.size(0), $0.size(1), options.rank) }

    let plain = PackedTensors(others.map(\.shape), dtype)
    for (place, tensor) in zip(plain.tensors, others) { place.copyInPlace(tensor) }
    let ps = PackedTensors(zip(matrices, ranks).map { [$0.size(0), $1] }, dtype)
    let qs = PackedTensors(zip(matrices, ranks).map { [$0.size(1), $1] }, dtype)
    start(qs.tensors, from: memory.qs)
    for ((matrix, p), q) in zip(zip(matrices, ps.tensors), qs.tensors) {
      p.copyInPlace(matrix.matmul(q))
    }

    let (group, label) = (bucket.group, bucket.label)
    let works = [
      group.allReduce(plain.flat, op: .average, label: "\(label), not compressed"),
      group.allReduce(ps.flat, label: "\(label), P"),
    ]
    return BucketReduction(works) { [options] in
      noGrad {
        for (place, tensor) in zip(plain.tensors, others) { tensor.copyInPlace(place) }
        for (matrix, (p, q)) in zip(matrices, zip(ps.tensors, qs.tensors)) {
          p.copyInPlace(orthogonalized(p, epsilon: options.orthogonalizationEpsilon))
          q.copyInPlace(matrix.transposed(0, 1).matmul(p))
        }
        return BucketReduction([group.allReduce(qs.flat, op: .average, label: "\(label), Q")]) {
          [weak self] in
          noGrad {
            for (matrix, (p, q)) in zip(matrices, zip(ps.tensors, qs.tensors)) {
              matrix.copyInPlace(p.matmul(q.transposed(0, 1)))
            }
            memory.error = input.map { $0 - bucket.buffer }
            memory.qs = options.usesWarmStart ? qs.tensors : []
            self?.memories[bucket.index] = memory
          }
          return nil
        }
      }
    }
  }

  /// The gradients that are worth compressing, as matrices, those of one shape together; and the
  /// others.
  private func chosen(_ gradients: [Tensor]) -> (matrices: [Tensor], others: [Tensor]) {
    var matrices: [(shape: [Int], members: [Tensor])] = []
    var others: [Tensor] = []
    for gradient in gradients {
      let (rows, columns) = (gradient.shape.first ?? 1, gradient.shape.dropFirst().reduce(1, *))
      let short = (rows + columns) * min(rows, columns, options.rank)
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
  private func start(_ qs: [Tensor], from known: [Tensor]) {
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

/// Tensors of some shapes side by side in one `[n]`, so that they travel as one.
private struct PackedTensors {
  let flat: Tensor
  let tensors: [Tensor]

  init(_ shapes: [[Int]], _ dtype: DType) {
    let counts = shapes.map { $0.reduce(1, *) }
    let memory = Tensor.uninitialized([counts.reduce(0, +)], dtype)
    flat = memory
    var start = 0
    tensors = zip(shapes, counts).map { shape, count in
      defer { start += count }
      return Tensor(
        borrowing: memory.pointer + start * dtype.size, shape: shape, dtype: dtype,
        owner: memory.storage)
    }
  }
}

/// A matrix's columns made orthogonal and of length 1, one after the other (Gram-Schmidt, each
/// projected twice, so that nothing of the others is left); a column in which nothing but rounding
/// remains becomes zeros.
private func orthogonalized(_ matrix: Tensor, epsilon: Double) -> Tensor {
  func norm(_ column: Tensor) -> Double { column.to(.float64).square().sum().sqrt().item() }
  let negligible =
    switch matrix.dtype {
    case .float64: 1e-12
    case .float32: 1e-5
    default: 2e-2
    }
  let rows = matrix.transposed(0, 1).contiguous()
  var columns: [Tensor] = []
  for index in 0..<rows.size(0) {
    var column = rows.sliced(from: index, to: index + 1)
    let before = norm(column)
    if !columns.isEmpty {
      let basis = Tensor.cat(columns)
      for _ in 0..<2 {
        column = column - column.matmul(basis.transposed(0, 1)).matmul(basis)
      }
    }
    let left = norm(column)
    // NaN stays NaN, so that whoever looks for it finds it.
    let isGone = left == 0 || left <= before * negligible
    columns.append(isGone ? .zeros(like: column) : column / (left + epsilon))
  }
  return Tensor.cat(columns).transposed(0, 1)
}
