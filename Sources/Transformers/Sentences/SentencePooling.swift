import NN
import Tensors

/// How the states of a text's tokens become one vector (`sentence_transformers` `Pooling`).
///
/// `[N, T, hidden] → [N, modes · hidden]`: several modes are joined. Sums of half-precision states are
/// made in float32.
public final class SentencePooling: Module {
  /// One way of pooling. Only tokens that the mask counts take part.
  public enum Mode: String, CaseIterable, Sendable {
    /// The first token's state.
    case cls
    /// The largest value of each dimension.
    case max
    /// Σ x ÷ n.
    case mean
    /// Σ x ÷ √n.
    case meanSqrtLength = "mean_sqrt_len_tokens"
    /// Σ t·x ÷ Σ t, where the first token that is no padding has t = 1.
    case weightedMean = "weightedmean"
    /// The last token's state.
    case lastToken = "lasttoken"
  }

  /// The modes, in the order in which they are joined.
  public let modes: [Mode]
  /// Whether the tokens of a prompt take part.
  public let includesPrompt: Bool

  /// A pooling by at least one mode.
  public init(_ modes: [Mode], includesPrompt: Bool = true) {
    require(!modes.isEmpty, "SentencePooling", "name at least one mode")
    self.modes = modes
    self.includesPrompt = includesPrompt
  }

  /// The vectors of texts.
  /// - Parameters:
  ///   - states: `[N, T, hidden]`.
  ///   - mask: `[N, T]`, 1 or true where a token is no padding.
  ///   - promptLength: How many tokens at the beginning of each text belong to a prompt.
  public func callAsFunction(_ states: Tensor, mask: Tensor, promptLength: Int = 0) -> Tensor {
    let real = noGrad { mask.ne(0) }
    let starts = noGrad { real.to(.int64).argmax(dim: 1, keepDim: true) }
    var counted = real
    if promptLength > 0 && !includesPrompt {
      counted = noGrad {
        Tensor.arange(mask.shape[1]).unsqueezed(0).ge(starts + promptLength).logicalAnd(real)
      }
    }
    let vectors = modes.map { pooled($0, states, counted, starts) }
    return vectors.count == 1 ? vectors[0] : Tensor.cat(vectors, dim: 1)
  }

  private func pooled(
    _ mode: Mode, _ states: Tensor, _ counted: Tensor, _ starts: Tensor
  ) -> Tensor {
    let isHalf = states.dtype == .float16 || states.dtype == .bfloat16
    let wide = isHalf ? DType.float32 : states.dtype
    func mean(_ weights: Tensor, _ share: (Tensor) -> Tensor) -> Tensor {
      let total = noGrad { share(weights.sum(dim: 1).maximum(1e-9)) }
      return ((states.to(wide) * weights).sum(dim: 1) / total).to(states.dtype)
    }
    let weights = noGrad { counted.to(wide).unsqueezed(-1) }
    switch mode {
    case .cls: return select(states, noGrad { counted.to(.int64).argmax(dim: 1) })
    case .lastToken:
      // A text of which nothing counts has a vector of zeros.
      return select(states * weights.to(states.dtype), last(counted))
    case .max:
      return states.maskedFill(counted.logicalNot().unsqueezed(-1), -Double.infinity)
        .max(dim: 1).values
    case .mean: return mean(weights) { $0 }
    case .meanSqrtLength: return mean(weights) { $0.sqrt() }
    case .weightedMean:
      let places = noGrad {
        (Tensor.arange(1, states.shape[1] + 1).unsqueezed(0) - starts).to(wide).unsqueezed(-1)
      }
      return mean(noGrad { weights * places }) { $0 }
    }
  }

  /// The place of each row's last token that counts; the first one where none does.
  private func last(_ counted: Tensor) -> Tensor {
    noGrad {
      let length = counted.shape[1]
      let places = Tensor.arange(length).unsqueezed(0) * counted.to(.int64)
      return places.argmax(dim: 1)
    }
  }

  private func select(_ states: Tensor, _ places: Tensor) -> Tensor {
    let (rows, length) = (states.shape[0], states.shape[1])
    let index = noGrad { places + Tensor.arange(rows) * length }
    return states.reshaped([rows * length, states.shape[2]]).indexSelect(dim: 0, index: index)
  }

  /// The modes.
  public override var extraDescription: String {
    "pooling_mode=\(modes.map(\.rawValue).joined(separator: "+"))"
  }
}

extension SentencePooling {
  /// Reads `1_Pooling/config.json`, of any version of sentence-transformers.
  /// - Throws: ``ModelError`` that names a field that cannot be followed.
  convenience init(_ configuration: ModelConfiguration) throws {
    configuration.note(["embedding_dimension", "word_embedding_dimension"])
    let includesPrompt = try configuration.bool("include_prompt", true)
    let flags: [(String, Mode)] = [
      ("pooling_mode_cls_token", .cls), ("pooling_mode_max_tokens", .max),
      ("pooling_mode_mean_tokens", .mean),
      ("pooling_mode_mean_sqrt_len_tokens", .meanSqrtLength),
      ("pooling_mode_weightedmean_tokens", .weightedMean),
      ("pooling_mode_lasttoken", .lastToken),
    ]
    var modes = try flags.filter { try configuration.bool($0.0, false) }.map(\.1)
    if let value = configuration.value("pooling_mode") {
      let names = value.string.map { [$0] } ?? value.list?.compactMap(\.string) ?? []
      modes = try names.map { name in
        guard let mode = Mode(rawValue: name) else {
          throw configuration.fault(
            "pooling_mode", "no pooling is called “\(name)”",
            remedy: "Known are \(Mode.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return mode
      }
    }
    guard !modes.isEmpty else { throw configuration.fault("pooling_mode", "no mode is given") }
    try configuration.requireAllHonoured()
    self.init(modes, includesPrompt: includesPrompt)
  }

  /// What `1_Pooling/config.json` says of it.
  func settings(width: Int) -> ConfigurationValue {
    let names = modes.map { ConfigurationValue.string($0.rawValue) }
    return [
      "embedding_dimension": .int(width),
      "pooling_mode": names.count == 1 ? names[0] : .list(names),
      "include_prompt": .bool(includesPrompt),
    ]
  }
}
