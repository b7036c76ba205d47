import Tensors

/// A function that ``compile(recompileLimit:_:)`` has taken over: called as the function is.
public final class CompiledFunction<Output, Failure: Error, each Input> {
  private let body: (repeat each Input) throws(Failure) -> Output
  private let calls: CompiledCalls<Output>

  /// How often a call was of a kind that had not been captured.
  public var captureCount: Int { calls.captureCount }

  /// How many calls were replayed.
  public var replayCount: Int { calls.replayCount }

  /// The operations that replays compute in one pass over memory, chain by chain, of all kinds of calls that are
  /// replayed: `[["mul", "add", "gelu"]]`.
  public var chains: [[String]] { calls.chains }

  package var gradientPassCount: Int { calls.gradientPassCount }

  /// Why the function is computed eagerly for good, as standard error was told; nil where it is not.
  public var fallback: String? { calls.fallback }

  fileprivate init(_ limit: Int, _ body: @escaping (repeat each Input) throws(Failure) -> Output) {
    self.body = body
    calls = CompiledCalls(
      limit: limit,
      parts: .init(
        tensors: { output in
          let parts = TensorParts()
          parts.visit(output)
          if parts.hasFixed {
            Capture.refuse("\(Output.self) holds a tensor in an enumeration's case")
          }
          return parts.tensors
        },
        rest: { output in
          let parts = TensorParts()
          parts.visit(output)
          return parts.rest
        },
        replacing: { TensorParts.replacing(in: $0, by: $1) }))
  }

  /// Calls the function, or replays what it does.
  public func callAsFunction(_ input: repeat each Input) throws(Failure) -> Output {
    let parts = TensorParts()
    for value in repeat each input { parts.visit(value) }
    return try calls.call(parts.tensors, rest: parts.rest) { () throws(Failure) -> Output in
      try body(repeat each input)
    }
  }
}

/// Captures what a function computes and replays it without calling the function again
/// (`torch.compile`): the same bits, without the time that Swift spends between operations.
///
/// ```swift
/// let step = compile { (x: Tensor, y: Tensor) in F.crossEntropy(model(x), y) }
/// for batch in batches {
///   optimizer.zeroGrad()
///   step(batch.images, batch.labels).backward()
///   optimizer.step()
/// }
/// ```
///
/// Calls whose tensors have the same shapes and dtypes, of modules in the same modes, share a capture.
/// The first two of them run the function; later ones replay. The arguments may be tensors, or tuples,
/// structs, arrays and dictionaries of them, and so may the result. A backward pass inside of the function
/// is captured, too, and so is an optimizer's step.
///
/// A function whose way depends on values (`item()`), or that uses a number which changes from call to call,
/// is computed eagerly; standard error is told why, and where. A replay does nothing that is neither an
/// operation on tensors nor a change of a buffer: a variable that the function sets keeps what the second
/// call made of it. docs/compile.md says what is captured.
/// - Parameters:
///   - recompileLimit: How many captures are made, of calls of different kinds, before the function is
///     computed eagerly for good.
///   - body: The function.
/// - Returns: What is called in place of the function. It belongs to one thread.
public func compile<Output, Failure: Error, each Input>(
  recompileLimit: Int = 8, _ body: @escaping (repeat each Input) throws(Failure) -> Output
) -> CompiledFunction<Output, Failure, repeat each Input> {
  CompiledFunction(recompileLimit, body)
}

/// ``compile(recompileLimit:_:)`` of a layer's call, hooks included.
public func compile(
  _ layer: some Layer, recompileLimit: Int = 8
) -> CompiledFunction<Tensor, Never, Tensor> {
  compile(recompileLimit: recompileLimit) { (x: Tensor) in layer(x) }
}
