import Tensors

/// A rule that changes the scores of the next token (`transformers.LogitsProcessor`).
///
/// Processors are values: a list of them is applied in order, and the same one may serve many calls
/// of generate. Warpers, which shape a distribution for sampling, are processors too.
public protocol LogitsProcessor {
  /// The changed scores.
  /// - Parameters:
  ///   - inputIds: For each row all ids so far: the prompt, its padding and what was generated. All
  ///     rows are of one length.
  ///   - scores: `[rows, vocabulary]`, float32: logits, or log-probabilities in beam search.
  /// - Returns: `[rows, vocabulary]`; what is ruled out is −∞.
  /// - Throws: ``GenerationError`` where the rule cannot be applied.
  func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor
}

/// Processors one after the other (`transformers.LogitsProcessorList`).
public struct LogitsProcessorList: LogitsProcessor, ExpressibleByArrayLiteral {
  /// In the order in which they are applied.
  public var processors: [any LogitsProcessor]

  /// A list in order.
  public init(_ processors: [any LogitsProcessor] = []) { self.processors = processors }

  /// A list in order.
  public init(arrayLiteral elements: any LogitsProcessor...) { processors = elements }

  /// Every processor's result is the next one's input.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    try processors.reduce(scores) { try $1(inputIds, $0) }
  }
}

extension Tensor {
  /// Scores with a value in whole columns; ids outside the vocabulary are passed over.
  func filling(tokens: [Int], with value: Double) -> Tensor {
    let columns = size(-1)
    let inside = tokens.filter { (0..<columns).contains($0) }
    return inside.isEmpty ? self : indexFill(dim: -1, index: Tensor(inside), value: value)
  }

  /// Scores with −∞ at pairs of a row and a token; tokens outside the vocabulary are passed over.
  func forbidding(_ places: [(row: Int, token: Int)]) -> Tensor {
    let columns = size(-1)
    let inside = places.filter { (0..<columns).contains($0.token) }
    if inside.isEmpty { return self }
    return indexPut(
      [Tensor(inside.map(\.row)), Tensor(inside.map(\.token))],
      values: Tensor(-Double.infinity, dtype: dtype))
  }

  /// −∞ everywhere but in the columns of some tokens, which are 0.
  func forcing(tokens: [Int]) -> Tensor {
    Tensor.full(shape, -Double.infinity, dtype: dtype).filling(tokens: tokens, with: 0)
  }
}
