import NN
import Tensors

/// Causal self-attention of a decoder: projections, rotary embeddings, the cache, and keys that
/// several queries share. `[N, T, hidden] → [N, T, hidden]`.
open class DecoderAttention: Module {
  /// The queries' projection, where it is a layer of its own.
  public var qProj: (any Layer)?
  /// The keys' projection, where it is a layer of its own.
  public var kProj: (any Layer)?
  /// The values' projection, where it is a layer of its own.
  public var vProj: (any Layer)?
  /// The projection of all three, where it is one layer.
  public var qkvProj: (any Layer)?
  /// The projection of the merged heads.
  public var oProj: any Layer
  /// The norm of each head's queries, or of all heads' at once.
  public var qNorm: (any Layer)?
  /// The norm of each head's keys, or of all heads' at once.
  public var kNorm: (any Layer)?
  private let settings: DecoderSettings
  private let layer: Int

  /// The attention of a decoder's layer.
  public required init(_ settings: DecoderSettings, layer: Int) {
    self.settings = settings
    self.layer = layer
    let (queries, keys) = (
      settings.heads * settings.headSize, settings.keyValueHeads * settings.headSize
    )
    if settings.projections == .separate {
      qProj = settings.linear(settings.hidden, queries, settings.queryBias, false)
      kProj = settings.linear(settings.hidden, keys, settings.queryBias, false)
      vProj = settings.linear(settings.hidden, keys, settings.queryBias, false)
    } else {
      qkvProj = settings.linear(settings.hidden, queries + 2 * keys, settings.queryBias, false)
    }
    oProj = settings.linear(queries, settings.hidden, settings.outputBias, true)
    if settings.normsHeads || settings.normsProjections {
      qNorm = settings.norm(settings.normsHeads ? settings.headSize : queries)
      kNorm = settings.norm(settings.normsHeads ? settings.headSize : keys)
    }
  }

  /// The attention's output for states, within a pass.
  func callAsFunction(_ x: Tensor, _ pass: DecoderPass) -> Tensor {
    var (query, key, value) = projected(x)
    if settings.normsHeads, let qNorm, let kNorm { (query, key) = (qNorm(query), kNorm(key)) }
    if let table = pass.table(ofLayer: layer) {
      query = table.rotate(query)
      key = table.rotate(key)
    }
    if let cache = pass.cache {
      (key, value) = cache.update(layer: layer, keys: key, values: value)
    }
    let mask = pass.mask(window: settings.windows[layer])
    let (dropout, scale) = (isTraining ? settings.attentionDropout : 0, settings.scale(layer))
    if let cap = settings.scoreCap {
      return oProj(
        Attention.capped(
          query, key, value, cap: cap, mask: mask.additive, isCausal: mask.isCausal,
          dropout: dropout, scale: scale, weights: pass.weights))
    }
    return oProj(
      Attention.merged(
        query, key, value, mask: mask.additive, isCausal: mask.isCausal, dropout: dropout,
        scale: scale, weights: pass.weights))
  }

  /// Queries `[N, heads, T, size]`, keys and values `[N, kv heads, T, size]`.
  private func projected(_ x: Tensor) -> (Tensor, Tensor, Tensor) {
    let (heads, shared, size) = (settings.heads, settings.keyValueHeads, settings.headSize)
    if let qProj, let kProj, let vProj {
      var (query, key) = (qProj(x), kProj(x))
      if settings.normsProjections, let qNorm, let kNorm {
        (query, key) = (qNorm(query), kNorm(key))
      }
      return (
        Attention.heads(query, heads), Attention.heads(key, shared),
        Attention.heads(vProj(x), shared)
      )
    }
    guard let qkvProj else { fail("DecoderAttention", "a projection is missing") }
    let joined = qkvProj(x)
    if settings.projections == .interleaved {
      let split = joined.reshaped([x.shape[0], x.shape[1], heads, 3, size])
      func part(_ index: Int) -> Tensor { split.select(dim: 3, index: index).transposed(1, 2) }
      return (part(0), part(1), part(2))
    }
    let parts = joined.split([heads * size, shared * size, shared * size], dim: 2)
    return (
      Attention.heads(parts[0], heads), Attention.heads(parts[1], shared),
      Attention.heads(parts[2], shared)
    )
  }
}

/// What all layers of one pass of a decoder share.
final class DecoderPass {
  let cache: KeyValueCache?
  let weights: AttentionWeights?
  private let settings: DecoderSettings
  private let tables: [RotaryTable]
  private var masks: [(window: Int?, mask: DecoderMask)] = []

  init(
    _ settings: DecoderSettings, queries: Int, positions: Tensor, padding: Tensor?, texts: Tensor?,
    cache: KeyValueCache?, weights: AttentionWeights?, dtype: DType
  ) {
    (self.settings, self.cache, self.weights) = (settings, cache, weights)
    tables = settings.rotaries.map { $0(positions, dtype: dtype) }
    // Layers of one window hold equally many keys, which is read before the first one adds to them.
    for (layer, window) in settings.windows.enumerated()
    where !masks.contains(where: { $0.window == window }) {
      let mask = DecoderMask(
        queries: queries, past: cache?.sequenceLength ?? 0,
        held: cache?.heldLength(layer: layer) ?? 0, window: window, padding: padding, texts: texts,
        isBidirectional: settings.isBidirectional, dtype: dtype)
      masks.append((window, mask))
    }
  }

  /// The rotary table of a layer; nil where it has none.
  func table(ofLayer layer: Int) -> RotaryTable? {
    tables.isEmpty ? nil : settings.rotaryOfLayer[layer].map { tables[$0] }
  }

  /// The mask of layers with a window.
  func mask(window: Int?) -> DecoderMask {
    guard let entry = masks.first(where: { $0.window == window }) else {
      fail("DecoderPass", "no layer has a window of \(window.map(String.init) ?? "none")")
    }
    return entry.mask
  }
}
