import Collectives
import Tensors

/// Collectives and messages on tensors that are under way; waiting for them gives what they bring.
///
/// Dropping it is legal: the operation goes on, and keeps the memory that it uses.
public final class TensorWork<Value> {
  private let works: [Work]
  private let result: ([Work]) -> Value

  init(_ works: [Work], lending tensors: [Tensor], result: @escaping ([Work]) -> Value) {
    self.works = works
    self.result = result
    let storages = tensors.map(\.storage)
    for work in works { work.onCompletion { _ in withExtendedLifetime(storages) {} } }
  }

  /// Whether all of it has finished, well or badly. Helps it along; does not block.
  public var isCompleted: Bool { works.allSatisfy(\.isCompleted) }

  /// Blocks until all of it is done.
  /// - Parameter timeout: How long to wait; the group's `timeout` where nil.
  /// - Throws: What went wrong.
  @discardableResult
  public func wait(timeout: Duration? = nil) throws -> Value {
    for work in works { try work.wait(timeout: timeout) }
    return result(works)
  }
}

/// One message of a batch of tensors.
public enum TensorMessage {
  /// Sends a tensor to a rank.
  case send(Tensor, to: Int, tag: Int = 0)
  /// Receives one of a known shape and dtype from a rank, or from any where nil.
  case receive([Int], dtype: DType = .float32, from: Int?, tag: Int = 0)
}

/// The collectives of `TensorCollectives` that do not block (`async_op=True`). What they are given is
/// copied or must be left alone until they are done, as each says.
extension ProcessGroup {
  /// The elementwise reduction of all ranks' tensors, which are copied (`all_reduce`).
  public func allReducedAsync(
    _ tensor: Tensor, op: ReduceOp = .sum, label: String = ""
  ) -> TensorWork<Tensor> {
    let result = tensor.detach().contiguous().clone()
    let work = allReduce(
      buffer: result.lentMemory, count: result.count, dtype: result.dtype, op: op,
      label: label)
    return TensorWork([work], lending: [result]) { _ in result }
  }

  /// The root's tensor, which is copied; the others pass one of the same shape and dtype
  /// (`broadcast`).
  public func broadcastAsync(
    _ tensor: Tensor, root: Int = 0, label: String = ""
  ) -> TensorWork<Tensor> {
    let result = tensor.detach().contiguous().clone()
    let work = broadcast(
      buffer: result.lentMemory, count: result.count, dtype: result.dtype, root: root,
      label: label)
    return TensorWork([work], lending: [result]) { _ in result }
  }

  /// All ranks' tensors in rank order, of one shape and dtype, along a new first dimension
  /// (`all_gather_into_tensor`). The tensor must be left alone until the work is done.
  public func allGatherAsync(_ tensor: Tensor, label: String = "") -> TensorWork<Tensor> {
    let input = tensor.detach().contiguous()
    let output = Tensor.zeros([size] + input.shape, dtype: input.dtype)
    let work = allGather(
      input: input.lentMemory, output: output.lentMemory, count: input.count,
      dtype: input.dtype, label: label)
    return TensorWork([work], lending: [input, output]) { _ in output }
  }

  /// The reduction of all ranks' tensors, of which rank r keeps its rows, as many as every other
  /// (`reduce_scatter_tensor`). The tensor must be left alone until the work is done.
  /// - Throws: At once where the number of ranks does not divide the first dimension.
  public func reduceScatterAsync(
    _ tensor: Tensor, op: ReduceOp = .sum, label: String = ""
  ) throws -> TensorWork<Tensor> {
    let input = tensor.detach().contiguous()
    guard let total = input.shape.first, total % size == 0 else {
      throw CollectiveError.invalid(
        rank: rank,
        reason: "reduce-scatter: the first dimension of \(input.shape) is not shared by \(size)")
    }
    let output = Tensor.zeros([total / size] + input.shape.dropFirst(), dtype: input.dtype)
    let work = reduceScatter(
      input: input.lentMemory, output: output.lentMemory, count: output.count,
      dtype: input.dtype, op: op, label: label)
    return TensorWork([work], lending: [input, output]) { _ in output }
  }

  /// The reduction of all ranks' tensors on the root, nil elsewhere (`reduce`). The tensor must be left
  /// alone until the work is done.
  public func reducedAsync(
    _ tensor: Tensor, op: ReduceOp = .sum, root: Int = 0, label: String = ""
  ) -> TensorWork<Tensor?> {
    let input = tensor.detach().contiguous()
    let output = rank == root ? Tensor.zeros(like: input) : nil
    let work = reduce(
      input: input.lentMemory, output: output?.lentMemory, count: input.count,
      dtype: input.dtype, op: op, root: root, label: label)
    return TensorWork([work], lending: [input] + [output].compactMap { $0 }) { _ in output }
  }

  /// All ranks' tensors in rank order, of one shape and dtype, along a new first dimension on the root,
  /// nil elsewhere (`gather`). The tensor must be left alone until the work is done.
  public func gatherAsync(
    _ tensor: Tensor, root: Int = 0, label: String = ""
  ) -> TensorWork<Tensor?> {
    let input = tensor.detach().contiguous()
    let output = rank == root ? Tensor.zeros([size] + input.shape, dtype: input.dtype) : nil
    let work = gather(
      input: input.lentMemory, output: output?.lentMemory, count: input.count,
      dtype: input.dtype, root: root, label: label)
    return TensorWork([work], lending: [input] + [output].compactMap { $0 }) { _ in output }
  }

  /// As many rows of this rank's tensor for every rank, and those that every rank sent here, in rank
  /// order (`all_to_all_single`). The tensor must be left alone until the work is done.
  /// - Throws: At once where the number of ranks does not divide the first dimension.
  public func allToAllAsync(_ tensor: Tensor, label: String = "") throws -> TensorWork<Tensor> {
    let input = tensor.detach().contiguous()
    guard let total = input.shape.first, total % size == 0 else {
      throw CollectiveError.invalid(
        rank: rank,
        reason: "all-to-all: the first dimension of \(input.shape) is not shared by \(size)")
    }
    let output = Tensor.zeros(like: input)
    let work = allToAll(
      input: input.lentMemory, output: output.lentMemory, count: input.count / size,
      dtype: input.dtype, label: label)
    return TensorWork([work], lending: [input, output]) { _ in output }
  }

  /// Starts sending a tensor, which must be left alone until the work is done (`isend`).
  public func isend(
    _ tensor: Tensor, to peer: Int, tag: Int = 0, label: String = ""
  ) -> TensorWork<Void> {
    let input = tensor.detach().contiguous()
    let work = isend(
      buffer: input.lentMemory, count: input.count, dtype: input.dtype, to: peer, tag: tag,
      label: label)
    return TensorWork([work], lending: [input]) { _ in }
  }

  /// Starts receiving a tensor of a known shape and dtype from a rank, or from any where nil
  /// (`irecv`).
  public func irecv(
    _ shape: [Int], dtype: DType = .float32, from peer: Int?, tag: Int = 0, label: String = ""
  ) -> TensorWork<(tensor: Tensor, source: Int)> {
    let output = Tensor.zeros(shape, dtype: dtype)
    let work = irecv(
      buffer: output.lentMemory, count: output.count, dtype: dtype, from: peer, tag: tag,
      label: label)
    return TensorWork([work], lending: [output]) { works in (output, works[0].source ?? -1) }
  }

  /// Starts many messages, all receives before all sends, so that rings and exchanges cannot deadlock
  /// (`batch_isend_irecv`); gives what was received, in the order of `messages`. Tensors to send must
  /// be left alone until then.
  public func batch(_ messages: [TensorMessage], label: String = "") -> TensorWork<[Tensor]> {
    var received: [Tensor] = []
    var lent: [Tensor] = []
    let parts: [BatchedMessage] = messages.map { message in
      switch message {
      case .send(let tensor, let peer, let tag):
        let input = tensor.detach().contiguous()
        lent.append(input)
        return .send(
          input.lentMemory, count: input.count, dtype: input.dtype, to: peer, tag: tag)
      case .receive(let shape, let dtype, let peer, let tag):
        let output = Tensor.zeros(shape, dtype: dtype)
        received.append(output)
        return .receive(
          output.lentMemory, count: output.count, dtype: dtype, from: peer, tag: tag)
      }
    }
    return TensorWork(batch(parts, label: label), lending: lent + received) { _ in received }
  }
}
