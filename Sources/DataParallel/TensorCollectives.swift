import Collectives
import Tensors

/// Collectives on tensors, for code that speaks to the other ranks itself (`torch.distributed`).
///
/// They block, return new tensors, and stand outside the graph. Every rank of the group makes the
/// same call in the same order; a shape or dtype that differs on one rank is an error that names it.
extension ProcessGroup {
  /// The elementwise reduction of all ranks' tensors, of one shape, bitwise the same on every rank
  /// (`all_reduce`).
  public func allReduced(
    _ tensor: Tensor, op: ReduceOp = .sum, label: String = ""
  ) throws -> Tensor {
    let result = tensor.detach().contiguous().clone()
    try allReduceAndWait(
      buffer: result.lentMemory, count: result.count, dtype: result.dtype, op: op,
      label: label)
    return result
  }

  /// The root's tensor, which the others pass one of the same shape and dtype for (`broadcast`).
  public func broadcast(
    _ tensor: Tensor, root: Int = 0, label: String = ""
  ) throws -> Tensor {
    let result = tensor.detach().contiguous().clone()
    try broadcast(
      buffer: result.lentMemory, count: result.count, dtype: result.dtype, root: root,
      label: label
    ).wait()
    return result
  }

  /// The reduction of all ranks' tensors on the root, nil elsewhere (`reduce`).
  public func reduced(
    _ tensor: Tensor, op: ReduceOp = .sum, root: Int = 0, label: String = ""
  ) throws -> Tensor? {
    let input = tensor.detach().contiguous()
    let output = Tensor.zeros(like: input)
    let work = reduce(
      input: input.lentMemory, output: output.lentMemory, count: input.count,
      dtype: input.dtype, op: op, root: root, label: label)
    try work.wait(lending: input, output)
    return rank == root ? output : nil
  }

  /// All ranks' tensors in rank order (`all_gather`); their first dimensions may differ.
  public func allGather(_ tensor: Tensor, label: String = "") throws -> [Tensor] {
    try gathered(tensor, label).parts()
  }

  /// All ranks' rows in rank order as one tensor (`all_gather_into_tensor`); their numbers may differ.
  public func allGatherRows(_ tensor: Tensor, label: String = "") throws -> Tensor {
    guard tensor.rank > 0 else {
      throw CollectiveError.invalid(rank: rank, reason: "all-gather: a scalar has no rows to join")
    }
    let all = try gathered(tensor, label)
    return all.memory.reshaped([all.shapes.reduce(0) { $0 + $1[0] }] + tensor.shape.dropFirst())
  }

  private func gathered(_ tensor: Tensor, _ label: String) throws -> Output {
    let input = tensor.detach().contiguous()
    let shapes = try shapes(of: input, "all-gather", label)
    let output = Output(shapes, input.dtype)
    let work = allGather(
      input: input.lentMemory, output: output.memory.lentMemory, counts: output.counts,
      dtype: input.dtype, label: label)
    try work.wait(lending: input, output.memory)
    return output
  }

  /// All ranks' tensors in rank order on the root, nil elsewhere (`gather`); their first dimensions
  /// may differ.
  public func gather(
    _ tensor: Tensor, root: Int = 0, label: String = ""
  ) throws -> [Tensor]? {
    let input = tensor.detach().contiguous()
    let shapes = try shapes(of: input, "gather", label)
    let output = rank == root ? Output(shapes, input.dtype) : nil
    let work = gather(
      input: input.lentMemory, output: output?.memory.lentMemory,
      counts: shapes.map { $0.reduce(1, *) }, dtype: input.dtype, root: root, label: label)
    try work.wait(lending: input, output?.memory)
    return output?.parts()
  }

  /// Tensor r of the root's list on rank r (`scatter`); the others pass nil. The list's tensors share
  /// a dtype; their shapes may differ.
  public func scatter(
    _ tensors: [Tensor]?, root: Int = 0, label: String = ""
  ) throws -> Tensor {
    let list = rank == root ? (tensors ?? []) : []
    let problem: String? =
      if rank != root {
        nil
      } else if list.count != size {
        "scatter: \(list.count) tensors for \(size) ranks"
      } else if let odd = list.first(where: { $0.dtype != list[0].dtype }) {
        "scatter: tensors of \(list[0].dtype) and \(odd.dtype)"
      } else {
        nil
      }
    // The others learn of it, too: they wait for their part.
    let plan = try broadcast(
      object: ScatterPlan(
        problem: problem, dtype: list.first?.dtype.description, shapes: list.map(\.shape)),
      root: root, label: label)
    if let problem = plan.problem { throw CollectiveError.invalid(rank: root, reason: problem) }
    guard let dtype = plan.dtype.flatMap(DType.init(named:)) else {
      throw CollectiveError.invalid(rank: root, reason: "scatter: dtype \(plan.dtype ?? "nil")")
    }
    let output = Tensor.zeros(plan.shapes[rank], dtype: dtype)
    let input = list.isEmpty ? nil : Tensor.cat(list.map { $0.detach().flattened() })
    let work = scatter(
      input: input.map { UnsafeRawPointer($0.lentMemory) }, output: output.lentMemory,
      counts: plan.shapes.map { $0.reduce(1, *) }, dtype: dtype, root: root, label: label)
    try work.wait(lending: input, output)
    return output
  }

  /// The reduction of all ranks' tensors, of which rank r keeps its rows (`reduce_scatter_tensor`).
  /// - Parameters:
  ///   - tensor: This rank's summand, of the same shape on every rank.
  ///   - rows: How many rows each rank keeps, the same list on every rank; nil shares them evenly,
  ///     which the number of ranks must divide.
  ///   - op: How elements are combined.
  ///   - label: What messages call it; the same on every rank.
  public func reduceScatter(
    _ tensor: Tensor, rows: [Int]? = nil, op: ReduceOp = .sum, label: String = ""
  ) throws -> Tensor {
    let input = tensor.detach().contiguous()
    guard let total = input.shape.first else {
      throw CollectiveError.invalid(
        rank: rank, reason: "reduce-scatter: a scalar has no rows to share out")
    }
    let rows = rows ?? [Int](repeating: total / size, count: size)
    guard rows.count == size, rows.allSatisfy({ $0 >= 0 }), rows.reduce(0, +) == total else {
      throw CollectiveError.invalid(
        rank: rank,
        reason: "reduce-scatter: rows \(rows) for \(size) ranks do not add up to \(total)")
    }
    let row = input.shape.dropFirst().reduce(1, *)
    let output = Tensor.zeros([rows[rank]] + input.shape.dropFirst(), dtype: input.dtype)
    let work = reduceScatter(
      input: input.lentMemory, output: output.lentMemory, counts: rows.map { $0 * row },
      dtype: input.dtype, op: op, label: label)
    try work.wait(lending: input, output)
    return output
  }

  /// The reduction of all ranks' tensors r on rank r (`reduce_scatter`); the tensors of one list may
  /// have different shapes, each of them the same on every rank.
  public func reduceScatter(
    _ tensors: [Tensor], op: ReduceOp = .sum, label: String = ""
  ) throws -> Tensor {
    let input = try joined(tensors, "reduce-scatter")
    let output = Tensor.zeros(tensors[rank].shape, dtype: input.dtype)
    let work = reduceScatter(
      input: input.lentMemory, output: output.lentMemory, counts: tensors.map(\.count),
      dtype: input.dtype, op: op, label: label)
    try work.wait(lending: input, output)
    return output
  }

  /// Tensor r goes to rank r; gives what every rank sent here, in rank order (`all_to_all`). Shapes may
  /// differ as they like; the receivers learn them first.
  public func allToAll(_ tensors: [Tensor], label: String = "") throws -> [Tensor] {
    let input = try joined(tensors, "all-to-all")
    let output = Output(try allToAll(tensors.map(\.shape), label: label), input.dtype)
    let work = allToAll(
      input: input.lentMemory, output: output.memory.lentMemory, sent: tensors.map(\.count),
      received: output.counts, dtype: input.dtype, label: label)
    try work.wait(lending: input, output.memory)
    return output.parts()
  }

  /// One tensor per rank, of one dtype, one behind the other.
  private func joined(_ tensors: [Tensor], _ operation: String) throws -> Tensor {
    if tensors.count != size {
      throw CollectiveError.invalid(
        rank: rank, reason: "\(operation): \(tensors.count) tensors for \(size) ranks")
    }
    if let odd = tensors.first(where: { $0.dtype != tensors[0].dtype }) {
      throw CollectiveError.invalid(
        rank: rank, reason: "\(operation): tensors of \(tensors[0].dtype) and \(odd.dtype)")
    }
    return Tensor.cat(tensors.map { $0.detach().flattened() })
  }

  /// Rows of this rank's tensor for every rank, and those that every rank sent here, in rank order
  /// (`all_to_all_single`).
  /// - Parameters:
  ///   - tensor: The rows for all ranks, in rank order.
  ///   - rows: How many rows go to each rank; nil shares them evenly, which the number of ranks
  ///     must divide.
  ///   - label: What messages call it; the same on every rank.
  public func allToAll(
    _ tensor: Tensor, rows: [Int]? = nil, label: String = ""
  ) throws -> Tensor {
    let input = tensor.detach().contiguous()
    let total = input.shape.first ?? 0
    let rows = rows ?? [Int](repeating: total / size, count: size)
    guard input.rank > 0, rows.count == size, rows.allSatisfy({ $0 >= 0 }),
      rows.reduce(0, +) == total
    else {
      throw CollectiveError.invalid(
        rank: rank,
        reason:
          "all-to-all: rows \(rows) for \(size) ranks do not add up to those of \(input.shape)")
    }
    let row = input.shape.dropFirst().reduce(1, *)
    let received = try allToAll(rows.map { [$0] }, label: label).map { $0[0] }
    let output = Tensor.zeros(
      [received.reduce(0, +)] + input.shape.dropFirst(), dtype: input.dtype)
    let work = allToAll(
      input: input.lentMemory, output: output.lentMemory, sent: rows.map { $0 * row },
      received: received.map { $0 * row }, dtype: input.dtype, label: label)
    try work.wait(lending: input, output)
    return output
  }

  /// Sends a tensor and blocks until it is on its way (`send`). It may wait for the receiver, so that
  /// ranks that send to each other must not all send first.
  public func send(_ tensor: Tensor, to peer: Int, tag: Int = 0, label: String = "") throws {
    let input = tensor.detach().contiguous()
    let work = isend(
      buffer: input.lentMemory, count: input.count, dtype: input.dtype, to: peer, tag: tag,
      label: label)
    try work.wait(lending: input)
  }

  /// Receives a tensor of a known shape and dtype from a rank, or from any where nil (`recv`).
  public func receive(
    _ shape: [Int], dtype: DType = .float32, from peer: Int?, tag: Int = 0, label: String = ""
  ) throws -> (tensor: Tensor, source: Int) {
    let output = Tensor.zeros(shape, dtype: dtype)
    let work = irecv(
      buffer: output.lentMemory, count: output.count, dtype: dtype, from: peer, tag: tag,
      label: label)
    try work.wait()
    return (output, work.source ?? -1)
  }

  /// Every rank's shape, which may differ in the first dimension only.
  private func shapes(
    of tensor: Tensor, _ operation: String, _ label: String
  ) throws -> [[Int]] {
    let all = try allGather(tensor.shape, label: label)
    // All ranks see the same shapes and judge them alike.
    for (rank, shape) in all.enumerated()
    where shape.count != all[0].count || shape.dropFirst() != all[0].dropFirst() {
      throw CollectiveError.invalid(
        rank: rank,
        reason:
          "\(operation): a tensor of \(shape) beside rank 0's \(all[0]); only the first dimension may differ"
      )
    }
    return all
  }
}

extension Work {
  /// Waits, and keeps the tensors whose memory the operation uses until it is done.
  fileprivate func wait(lending tensors: Tensor?...) throws {
    try withExtendedLifetime(tensors) { try wait() }
  }
}

/// What the root of a scatter tells the others before it.
private struct ScatterPlan: Codable {
  let problem: String?
  let dtype: String?
  let shapes: [[Int]]
}

/// Memory for all ranks' tensors, one behind the other.
private struct Output {
  let shapes: [[Int]]
  let counts: [Int]
  let memory: Tensor

  init(_ shapes: [[Int]], _ dtype: DType) {
    self.shapes = shapes
    counts = shapes.map { $0.reduce(1, *) }
    memory = Tensor.zeros([counts.reduce(0, +)], dtype: dtype)
  }

  func parts() -> [Tensor] {
    var start = 0
    return zip(shapes, counts).map { shape, count in
      defer { start += count }
      return memory.narrowed(dim: 0, start: start, length: count).reshaped(shape)
    }
  }
}

/// In place, for hooks and others that go on computing meanwhile.
extension ProcessGroup {
  /// All-reduces a contiguous tensor in place, without blocking; it must be left alone until the work
  /// is done. It need not be kept. Whoever else holds the tensor sees the sums, too.
  public func allReduce(
    inPlace tensor: Tensor, op: ReduceOp = .sum, algorithm: AllReduceAlgorithm? = nil,
    label: String = ""
  ) -> Work {
    require(
      tensor.isContiguous, "allReduce", "a tensor of \(tensor.shape) that is not contiguous")
    let storage = tensor.storage
    storage.version &+= 1
    let work = allReduce(
      buffer: tensor.lentMemory, count: tensor.count, dtype: tensor.dtype, op: op,
      algorithm: algorithm, label: label)
    work.onCompletion { _ in withExtendedLifetime(storage) {} }
    return work
  }
}

extension ProcessGroup {
  /// PyTorch's writes in place.
  @available(
    *, unavailable,
    message: "use let sum = try group.allReduced(tensor); allReduce(inPlace:) is for hooks"
  )
  public func allReduce(_ tensor: Tensor, op: ReduceOp = .sum) -> Work {
    fail("allReduce", "use allReduced")
  }
}
