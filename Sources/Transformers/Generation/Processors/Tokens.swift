import Tensors

/// Rules out tokens always.
public struct SuppressTokensLogitsProcessor: LogitsProcessor {
  private let tokens: [Int]

  /// The tokens; those outside the vocabulary are passed over.
  public init(suppressTokens: [Int]) { tokens = suppressTokens }

  /// Scores with −∞ for the tokens.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    scores.filling(tokens: tokens, with: -.infinity)
  }
}

/// Rules out tokens at the beginning of what is generated.
public struct SuppressTokensAtBeginLogitsProcessor: LogitsProcessor {
  private let tokens: [Int]
  private let beginIndex: Int

  /// The tokens, and the length of a row at which they must not come.
  public init(beginSuppressTokens: [Int], beginIndex: Int) {
    (tokens, self.beginIndex) = (beginSuppressTokens, beginIndex)
  }

  /// Scores with −∞ for the tokens where the row is as long as the prompt.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    inputIds[0].count == beginIndex ? scores.filling(tokens: tokens, with: -.infinity) : scores
  }
}

/// Leaves only tokens that a function allows after what a row holds (constrained decoding; De Cao
/// et al. 2020).
public struct PrefixConstrainedLogitsProcessor: LogitsProcessor {
  private let allowed: (Int, [Int]) throws -> [Int]
  private let beams: Int

  /// A function of the prompt's number and a row's ids, and how many rows each prompt has.
  public init(
    prefixAllowedTokens: @escaping (_ batch: Int, _ ids: [Int]) throws -> [Int], numBeams: Int
  ) {
    (allowed, beams) = (prefixAllowedTokens, max(numBeams, 1))
  }

  /// Scores with −∞ for all but the allowed tokens. Where those of all of a prompt's rows are −∞
  /// already, they become 0: the constraint wins.
  /// - Throws: ``GenerationError`` where nothing is allowed, and what the function throws.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    let columns = scores.size(-1)
    var (rows, tokens): ([Int], [Int]) = ([], [])
    for (row, ids) in inputIds.enumerated() {
      let list = try allowed(row / beams, ids)
      guard !list.isEmpty else {
        throw GenerationError(
          "prefix_allowed_tokens", "allows no token for prompt \(row / beams) after \(ids)")
      }
      guard let outside = list.first(where: { !(0..<columns).contains($0) }) else {
        rows += [Int](repeating: row, count: list.count)
        tokens += list
        continue
      }
      throw GenerationError(
        "prefix_allowed_tokens", "\(outside) is outside the vocabulary of \(columns)")
    }
    let mask = Tensor.full(scores.shape, -Double.infinity, dtype: scores.dtype)
      .indexPut([Tensor(rows), Tensor(tokens)], values: Tensor(0, dtype: scores.dtype))
    let constrained = scores + mask
    let best = constrained.amax(dims: [-1]).array(of: Float.self)
    var forced: [Bool] = []
    for prompt in stride(from: 0, to: best.count, by: beams) {
      let group = best[prompt..<min(prompt + beams, best.count)]
      forced += [Bool](repeating: group.allSatisfy { $0 == -.infinity }, count: group.count)
    }
    guard forced.contains(true) else { return constrained }
    return Tensor.where(Tensor(forced).unsqueezed(1), mask, constrained)
  }
}

/// Makes NaN 0, and infinities the greatest and least finite numbers.
public struct InfNanRemoveLogitsProcessor: LogitsProcessor {
  /// The only one there is.
  public init() {}

  /// Finite scores.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    let limit = Double(Float.greatestFiniteMagnitude)
    return scores.nanToNum(nan: 0, posinf: limit, neginf: -limit)
  }
}

/// Log-probabilities of the scores, so that processors before do not change their sum.
public struct LogitNormalization: LogitsProcessor {
  /// The only one there is.
  public init() {}

  /// log softmax of the scores.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    scores.logSoftmax(dim: -1)
  }
}
