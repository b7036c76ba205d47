import NN
import Tensors

extension ModelFamily {
  /// MPNet (Song et al. 2020).
  static let mpnet = ModelFamily(
    ["mpnet"], name: "MPNet", fields: ["pad_token_id"],
    architectures: [
      .base: { try MPNetModel($0, pooling: true) },
      .sequenceClassification: { try MPNetForSequenceClassification($0) },
      .tokenClassification: { try MPNetForTokenClassification($0) },
      .questionAnswering: { try MPNetForQuestionAnswering($0) },
      .maskedLM: { try MPNetForMaskedLM($0) },
      .multipleChoice: { try MPNetForMultipleChoice($0) },
    ])
}

/// MPNet that classifies texts.
public typealias MPNetForSequenceClassification = EncoderForSequenceClassification<MPNetModel>
/// MPNet that classifies tokens.
public typealias MPNetForTokenClassification = EncoderForTokenClassification<MPNetModel>
/// MPNet that finds answers.
public typealias MPNetForQuestionAnswering = EncoderForQuestionAnswering<MPNetModel>
/// MPNet that guesses masked tokens.
public typealias MPNetForMaskedLM = EncoderForMaskedLM<MPNetModel>
/// MPNet that picks one of several continuations.
public typealias MPNetForMultipleChoice = EncoderForMultipleChoice<MPNetModel>

/// MPNet without a head: RoBERTa's embeddings, and one relative bias for the attention of all layers.
public final class MPNetModel: PretrainedModel, EncoderModel {
  /// What the names of the family's classes begin with.
  public static let familyName = "MPNet"
  /// The token that pads, whatever the configuration says: transformers' class has it built in.
  static let padding = 1
  let embeddings: TextEmbeddings
  let encoder: Stack
  let pooler: FirstTokenPooler?
  private let settings: BertSettings

  /// A model of a configuration.
  /// - Parameters:
  ///   - configuration: The model's configuration.
  ///   - pooling: Whether there is a pooled state.
  public init(_ configuration: ModelConfiguration, pooling: Bool = true) throws {
    settings = try BertSettings(configuration)
    guard try configuration.size("vocab_size", 30527) > Self.padding else {
      throw configuration.fault("vocab_size", "token \(Self.padding) pads, so it must be there")
    }
    embeddings = try TextEmbeddings(
      configuration, width: settings.hidden, vocabulary: 30527, paddingIndex: Self.padding,
      positions: .afterPadding(Self.padding), eps: settings.eps, dropout: settings.dropout)
    encoder = try Stack(configuration, settings)
    pooler = pooling ? FirstTokenPooler(configuration, settings.hidden) : nil
    super.init(configuration: configuration)
  }

  public override class var baseModelPrefix: String { "mpnet" }

  /// The table of the tokens.
  public var inputEmbeddings: Embedding { embeddings.wordEmbeddings }

  /// The states of texts.
  public func callAsFunction(_ inputs: ModelInputs) -> EncoderOutput {
    let x = embeddings(inputs)
    let bias = encoder.bias(x.shape[1])
    let mask = AttentionMask.padding(inputs.attentionMask, dtype: x.dtype).map { bias + $0 } ?? bias
    var output = EncoderOutput.run(encoder.layer, x, mask: mask, inputs)
    output.poolerOutput = pooler.map { $0(output.lastHiddenState) }
    return output
  }

  /// Whether a task's head reads the pooled state.
  public static func pools(for task: ModelTask) -> Bool {
    task == .base || task == .multipleChoice
  }

  /// The layers between the states and a task's logits.
  public func makeHead(_ task: ModelTask) throws -> EncoderHead {
    switch task {
    case .sequenceClassification:
      return try FirstTokenHead(
        configuration, settings.hidden, dropout: settings.dropout, activation: .tanh)
    case .tokenClassification:
      return try TokenHead(configuration, settings.hidden, dropout: settings.dropout)
    case .questionAnswering: return AnswerHead(configuration, settings.hidden)
    case .multipleChoice:
      return PooledHead(configuration, settings.hidden, 1, dropout: settings.dropout)
    case .maskedLM:
      return LanguageHead(
        TokenScores(
          configuration, width: settings.hidden, eps: settings.eps, activation: .gelu,
          table: inputEmbeddings.weight))
    default: throw noHead(for: task)
    }
  }

  final class Stack: Module {
    let layer: [Block]
    let relativeAttentionBias: Embedding

    init(_ configuration: ModelConfiguration, _ settings: BertSettings) throws {
      layer = (0..<settings.layers).map { _ in Block(configuration, settings) }
      relativeAttentionBias = configuration.embedding(
        try configuration.size("relative_attention_num_buckets", 32), settings.heads)
    }

    /// The bias of each head, `[1, heads, T, T]`. Distances are sorted into 32 buckets whatever the
    /// table holds, as transformers does.
    func bias(_ length: Int) -> Tensor {
      let buckets = RelativeBuckets.table(
        queries: 0..<length, keys: length, isBidirectional: true, buckets: 32, maxDistance: 128)
      return relativeAttentionBias(buckets).permuted(2, 0, 1).unsqueezed(0)
    }
  }

  final class Block: Module, EncoderLayer {
    let attention: SelfAttention
    let intermediate: BertIntermediate
    let output: BertOutput

    init(_ configuration: ModelConfiguration, _ settings: BertSettings) {
      attention = SelfAttention(configuration, settings)
      intermediate = BertIntermediate(configuration, settings)
      output = BertOutput(configuration, settings, inputs: settings.intermediate)
    }

    func callAsFunction(_ x: Tensor, mask: Tensor?, _ weights: AttentionWeights?) -> Tensor {
      let x = attention(x, mask: mask, weights)
      return output(intermediate(x), residual: x)
    }
  }

  final class SelfAttention: Module {
    let attn: Projections
    let layerNorm: LayerNorm
    let dropout: Dropout

    init(_ configuration: ModelConfiguration, _ settings: BertSettings) {
      attn = Projections(configuration, settings)
      layerNorm = configuration.layerNorm(settings.hidden, eps: settings.eps)
      dropout = Dropout(settings.dropout)
    }

    override class var stateNames: [String: String] { ["layerNorm": "LayerNorm"] }

    func callAsFunction(_ x: Tensor, mask: Tensor?, _ weights: AttentionWeights?) -> Tensor {
      layerNorm(dropout(attn(x, mask: mask, weights)) + x)
    }
  }

  final class Projections: Module {
    let q, k, v, o: Linear
    private let heads: Int
    private let dropout: Double

    init(_ configuration: ModelConfiguration, _ settings: BertSettings) {
      q = configuration.linear(settings.hidden, settings.hidden)
      k = configuration.linear(settings.hidden, settings.hidden)
      v = configuration.linear(settings.hidden, settings.hidden)
      o = configuration.linear(settings.hidden, settings.hidden)
      (heads, dropout) = (settings.heads, settings.attentionDropout)
    }

    func callAsFunction(_ x: Tensor, mask: Tensor?, _ weights: AttentionWeights?) -> Tensor {
      o(
        Attention.merged(
          Attention.heads(q(x), heads), Attention.heads(k(x), heads), Attention.heads(v(x), heads),
          mask: mask, dropout: isTraining ? dropout : 0, weights: weights))
    }
  }
}
