import Foundation
import NN
import Tensors

/// The distances that DeBERTa tells apart, and its table of them.
struct DebertaV2Distances {
  /// Half the rows of the table: distances reach from −span to span − 1.
  let span: Int
  private let buckets, limit: Int

  init(_ configuration: ModelConfiguration) throws {
    let positions = try configuration.size("max_position_embeddings", 512)
    let given = try configuration.int("max_relative_positions", -1)
    limit = given < 1 ? positions : given
    buckets = try configuration.int("position_buckets", -1)
    span = buckets > 0 ? buckets : limit
    guard span <= 1 << 24, buckets != 1 else {
      throw configuration.fault(
        "position_buckets", "\(buckets) buckets do not divide distances up to \(limit)")
    }
  }

  /// The row of the table for query i and key j, as bucket(i − j), `[T, T]`, int64.
  func table(_ length: Int) -> Tensor {
    let rows = (1 - length..<length).map(bucket)
    let numbers = (0..<length).flatMap { query in
      (0..<length).map { rows[query - $0 + length - 1] }
    }
    return Tensor(numbers, shape: [length, length])
  }

  /// Distances up to half the buckets as they are, larger ones by their logarithm.
  func bucket(_ distance: Int) -> Int {
    guard buckets > 0 else { return distance }
    let middle = buckets / 2
    if abs(distance) <= middle { return distance }
    // In float32, as transformers computes it: on a border the last bit decides.
    let grown = Float(log(Double(Float(abs(distance)) / Float(middle))))
    let most = Float(log(Double(Float(Double(limit - 1) / Double(middle)))))
    let place = (grown / most * Float(middle - 1)).rounded(.up) + Float(middle)
    guard abs(place) <= Float(1 << 30) else { return distance < 0 ? -span : span }
    return distance < 0 ? -Int(place) : Int(place)
  }
}

/// DeBERTa's layers, with the distances that all share and, where there is one, a convolution behind
/// the first.
final class DebertaV2Encoder: Module {
  let layer: [DebertaV2Layer]
  let relEmbeddings: Embedding?
  let layerNorm: LayerNorm?
  let conv: DebertaV2Convolution?
  private let distances: DebertaV2Distances?

  init(_ configuration: ModelConfiguration, _ settings: BertSettings) throws {
    let distances =
      try configuration.bool("relative_attention", false)
      ? DebertaV2Distances(configuration) : nil
    layer = try (0..<settings.layers).map { _ in
      try DebertaV2Layer(configuration, settings, distances)
    }
    self.distances = distances
    relEmbeddings = distances.map { configuration.embedding(2 * $0.span, settings.hidden) }
    let norms = try configuration.string("norm_rel_ebd", "none").lowercased().split(separator: "|")
      .map { String($0).trimmingCharacters(in: .whitespaces) }
    layerNorm =
      norms.contains("layer_norm")
      ? configuration.layerNorm(settings.hidden, eps: settings.eps) : nil
    conv =
      try configuration.int("conv_kernel_size", 0) > 0
      ? DebertaV2Convolution(configuration, settings) : nil
  }

  override class var stateNames: [String: String] { ["layerNorm": "LayerNorm"] }

  func callAsFunction(_ x: Tensor, _ inputs: ModelInputs) -> EncoderOutput {
    let weights = inputs.outputAttentions ? AttentionWeights() : nil
    let mask = inputs.attentionMask.map { DebertaV2Mask($0, dtype: x.dtype) }
    var table = relEmbeddings?.weight.value
    if let layerNorm { table = table.map { layerNorm($0) } }
    let pairs = distances?.table(x.shape[1])
    var states = [x]
    var y = x
    for (index, layer) in layer.enumerated() {
      y = layer(y, mask: mask, table: table, pairs: pairs, weights)
      if index == 0, let conv { y = conv(x, residual: y, mask: inputs.attentionMask) }
      if inputs.outputHiddenStates { states.append(y) }
    }
    return EncoderOutput(
      lastHiddenState: y, hiddenStates: inputs.outputHiddenStates ? states : nil,
      attentions: weights?.layers)
  }

}

/// Which keys a query sees. A query that pads attends evenly to all keys, whatever their scores:
/// transformers fills those with one number, and lets no gradient through.
struct DebertaV2Mask {
  /// Added to the scores, `[N, 1, T, T]`.
  let additive: Tensor
  /// What scores are multiplied with: 0 for queries that pad, `[N, 1, T, 1]`; nil where the mask was
  /// given by pairs.
  let queries: Tensor?

  /// - Parameter mask: `[N, T]`, or `[N, T, T]` or `[N, heads, T, T]` by pairs.
  init(_ mask: Tensor, dtype: DType) {
    let seen = mask.ne(0)
    (additive, queries) = noGrad {
      guard seen.rank == 2 else {
        let pairs = seen.rank == 3 ? seen.unsqueezed(1) : seen
        return (AttentionMask.additive(pairs, dtype: dtype), nil)
      }
      let (keys, queries) = (seen.unsqueezed(1).unsqueezed(1), seen.unsqueezed(1).unsqueezed(-1))
      let pairs = keys.logicalOr(queries.logicalNot())
      return (AttentionMask.additive(pairs, dtype: dtype), queries.to(dtype))
    }
  }
}

/// Attention and a feed-forward part, each with a norm behind the residual.
final class DebertaV2Layer: Module {
  let attention: Attending
  let intermediate: BertIntermediate
  let output: BertOutput

  init(
    _ configuration: ModelConfiguration, _ settings: BertSettings, _ distances: DebertaV2Distances?
  ) throws {
    attention = try Attending(configuration, settings, distances)
    intermediate = BertIntermediate(configuration, settings)
    output = BertOutput(configuration, settings, inputs: settings.intermediate)
  }

  func callAsFunction(
    _ x: Tensor, mask: DebertaV2Mask?, table: Tensor?, pairs: Tensor?, _ weights: AttentionWeights?
  ) -> Tensor {
    let x = attention.output(
      attention.selfAttention(x, mask: mask, table: table, pairs: pairs, weights), residual: x)
    return output(intermediate(x), residual: x)
  }

  final class Attending: Module {
    let selfAttention: DisentangledSelfAttention
    let output: BertOutput

    init(
      _ configuration: ModelConfiguration, _ settings: BertSettings,
      _ distances: DebertaV2Distances?
    ) throws {
      selfAttention = try DisentangledSelfAttention(configuration, settings, distances)
      output = BertOutput(configuration, settings, inputs: settings.hidden)
    }

    override class var stateNames: [String: String] { ["selfAttention": "self"] }
  }
}

/// Scores of contents with contents, contents with distances, and distances with contents, over
/// √(size · kinds of scores) (He et al. 2020, equation 4).
final class DisentangledSelfAttention: Module {
  let queryProj, keyProj, valueProj: Linear
  let posKeyProj, posQueryProj: Linear?
  let posDropout: Dropout
  private let heads: Int
  private let dropout, scale: Double
  private let span: Int
  private let contentToPosition, positionToContent, sharesKeys: Bool

  init(
    _ configuration: ModelConfiguration, _ settings: BertSettings, _ distances: DebertaV2Distances?
  ) throws {
    let size = try configuration.size("attention_head_size", settings.hidden / settings.heads)
    let width = settings.heads * size
    guard width == settings.hidden else {
      throw configuration.fault(
        "attention_head_size", "\(settings.heads) heads of \(size) are not \(settings.hidden)")
    }
    let kinds: [String]
    if let words = configuration["pos_att_type"]?.string {
      _ = configuration.value("pos_att_type")
      kinds = words.lowercased().split(separator: "|").map {
        String($0).trimmingCharacters(in: .whitespaces)
      }
    } else {
      kinds = try configuration.optionalStrings("pos_att_type") ?? []
    }
    (contentToPosition, positionToContent) = (kinds.contains("c2p"), kinds.contains("p2c"))
    sharesKeys = try configuration.bool("share_att_key", false)
    queryProj = configuration.linear(settings.hidden, width)
    keyProj = configuration.linear(settings.hidden, width)
    valueProj = configuration.linear(settings.hidden, width)
    let hasOwn = distances != nil && !sharesKeys
    posKeyProj =
      hasOwn && contentToPosition ? configuration.linear(settings.hidden, width) : nil
    posQueryProj =
      hasOwn && positionToContent ? configuration.linear(settings.hidden, width) : nil
    posDropout = Dropout(settings.dropout)
    (heads, dropout) = (settings.heads, settings.attentionDropout)
    let terms = 1 + (contentToPosition ? 1 : 0) + (positionToContent ? 1 : 0)
    scale = 1 / (Double(size * terms)).squareRoot()
    span = distances?.span ?? 0
  }

  func callAsFunction(
    _ x: Tensor, mask: DebertaV2Mask?, table: Tensor?, pairs: Tensor?, _ weights: AttentionWeights?
  ) -> Tensor {
    var query = Attention.heads(queryProj(x), heads)
    if let queries = mask?.queries { query = query * queries }
    let key = Attention.heads(keyProj(x), heads)
    var additive = mask?.additive
    if let table, let pairs, var bias = bias(query, key, posDropout(table), pairs) {
      if let queries = mask?.queries { bias = bias * queries }
      additive = additive.map { $0 + bias } ?? bias
    }
    return Attention.merged(
      query, key, Attention.heads(valueProj(x), heads), mask: additive,
      dropout: isTraining ? dropout : 0, scale: scale, weights: weights)
  }

  /// What distances add to the scores, `[N, heads, T, T]`; nil where no kind of them counts.
  private func bias(
    _ query: Tensor, _ key: Tensor, _ table: Tensor, _ pairs: Tensor
  ) -> Tensor? {
    let shape = [query.shape[0], heads, pairs.shape[0], pairs.shape[1]]
    var sum: Tensor?
    /// Rows of distances by head, `[1, heads, 2·span, size]`.
    func rows(_ layer: Linear?, _ shared: Linear) -> Tensor {
      Attention.heads((layer ?? shared)(table.unsqueezed(0)), heads)
    }
    if contentToPosition {
      let places = noGrad { (pairs + span).clamp(min: 0, max: 2 * span - 1).expanded(shape) }
      sum = query.matmul(rows(posKeyProj, keyProj).transposed()).gather(dim: 3, index: places)
    }
    if positionToContent {
      let places = noGrad { (span - pairs).clamp(min: 0, max: 2 * span - 1).expanded(shape) }
      let scores = key.matmul(rows(posQueryProj, queryProj).transposed())
        .gather(dim: 3, index: places).transposed()
      sum = sum.map { $0 + scores } ?? scores
    }
    return sum.map { $0 * scale }
  }
}

/// A convolution of the embeddings, added to the first layer's states.
final class DebertaV2Convolution: Module {
  let conv: Conv1d
  let layerNorm: LayerNorm
  let dropout: Dropout
  private let activation: NamedActivation

  init(_ configuration: ModelConfiguration, _ settings: BertSettings) throws {
    let kernel = try configuration.size("conv_kernel_size", 3)
    let groups = try configuration.size("conv_groups", 1)
    guard kernel % 2 == 1 else {
      throw configuration.fault("conv_kernel_size", "\(kernel) is even, so lengths would change")
    }
    try configuration.requireDivides(groups, settings.hidden, "conv_groups")
    conv = Conv1d(
      settings.hidden, settings.hidden, kernel, padding: (kernel - 1) / 2, groups: groups,
      dtype: configuration.dtype)
    layerNorm = configuration.layerNorm(settings.hidden, eps: settings.eps)
    dropout = Dropout(settings.dropout)
    activation = try configuration.activation("conv_act", "tanh")
  }

  override class var stateNames: [String: String] { ["layerNorm": "LayerNorm"] }

  func callAsFunction(_ x: Tensor, residual: Tensor, mask: Tensor?) -> Tensor {
    var y = conv(x.transposed()).transposed()
    let counted = mask.map { $0.ne(0).to(x.dtype).unsqueezed(-1) }
    if let counted { y = y * counted }
    let states = layerNorm(residual + activation(dropout(y)))
    return counted.map { states * $0 } ?? states
  }
}
