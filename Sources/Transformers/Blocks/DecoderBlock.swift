import NN
import Tensors

/// The feed-forward layers of a decoder. `[N, T, hidden] → [N, T, hidden]`.
open class DecoderMLP: Module, Layer {
  /// The gate, where it is a layer of its own.
  public var gateProj: (any Layer)?
  /// The layer whose output is gated or, without a gate, activated.
  public var upProj: (any Layer)?
  /// Gate and up in one layer.
  public var gateUpProj: (any Layer)?
  /// The layer back to the states' width.
  public var downProj: any Layer
  private let activation: NamedActivation

  /// The feed-forward layers of a decoder's layer.
  public required init(_ settings: DecoderSettings) {
    let (hidden, inner, bias) = (
      settings.hidden, settings.intermediate, settings.feedForwardBias
    )
    switch settings.feedForward {
    case .gated:
      gateProj = settings.linear(hidden, inner, bias, false)
      upProj = settings.linear(hidden, inner, bias, false)
    case .joinedGate: gateUpProj = settings.linear(hidden, 2 * inner, bias, false)
    case .plain: upProj = settings.linear(hidden, inner, bias, false)
    }
    downProj = settings.linear(inner, hidden, bias, true)
    activation = settings.activation
  }

  /// The layers' output.
  public func forward(_ x: Tensor) -> Tensor {
    if let gateUpProj {
      let parts = gateUpProj(x).chunk(2, dim: -1)
      return downProj(parts[1] * activation(parts[0]))
    }
    guard let upProj else { fail("DecoderMLP", "a layer is missing") }
    if let gateProj { return downProj(activation(gateProj(x)) * upProj(x)) }
    return downProj(activation(upProj(x)))
  }
}

/// A layer of a decoder: attention and feed-forward layers, each behind a norm, before one or between two,
/// and added to the states, one after the other or side by side. `[N, T, hidden] → [N, T, hidden]`.
open class DecoderBlock: Module {
  /// The norm before attention; nil where only outputs are normed.
  public let inputLayernorm: (any Layer)?
  /// The attention.
  public let selfAttn: DecoderAttention
  /// The norm before the feed-forward layers, or of the attention's output where there is a
  /// ``postFeedforwardLayernorm``.
  public let postAttentionLayernorm: any Layer
  /// The norm before the feed-forward layers, where inputs and outputs are normed.
  public let preFeedforwardLayernorm: (any Layer)?
  /// The norm of the feed-forward layers' output.
  public let postFeedforwardLayernorm: (any Layer)?
  /// The feed-forward layers.
  public let mlp: DecoderMLP
  private let isParallel: Bool
  private let scale: Double?
  private let dropout: Dropout

  /// The layer of a number.
  public required init(_ settings: DecoderSettings, layer: Int) {
    let (before, after) = (settings.normsInputs, settings.normsOutputs)
    require(
      before || after && !settings.isParallel, "DecoderBlock", "inputs or outputs have to be normed"
    )
    inputLayernorm = before ? settings.norm(settings.hidden) : nil
    selfAttn = Self.attention.init(settings, layer: layer)
    postAttentionLayernorm = settings.norm(settings.hidden)
    preFeedforwardLayernorm = before && after ? settings.norm(settings.hidden) : nil
    postFeedforwardLayernorm = after ? settings.norm(settings.hidden) : nil
    mlp = Self.feedForward.init(settings)
    isParallel = settings.isParallel
    scale = settings.residualScale
    dropout = Dropout(settings.residualDropout)
  }

  /// The class of the attention, whose names a family may change.
  open class var attention: DecoderAttention.Type { DecoderAttention.self }
  /// The class of the feed-forward layers, whose names a family may change.
  open class var feedForward: DecoderMLP.Type { DecoderMLP.self }

  /// The states behind the layer, within a pass.
  func callAsFunction(_ x: Tensor, _ pass: DecoderPass) -> Tensor {
    let attended = dropout(selfAttn(inputLayernorm.map { $0(x) } ?? x, pass))
    if isParallel { return scaled(dropout(mlp(postAttentionLayernorm(x)))) + scaled(attended) + x }
    if let postFeedforwardLayernorm {
      let states = x + scaled(postAttentionLayernorm(attended))
      let inner = mlp(preFeedforwardLayernorm.map { $0(states) } ?? states)
      return states + scaled(postFeedforwardLayernorm(dropout(inner)))
    }
    let states = scaled(attended) + x
    return states + scaled(dropout(mlp(postAttentionLayernorm(states))))
  }

  private func scaled(_ output: Tensor) -> Tensor { scale.map { output * $0 } ?? output }
}
