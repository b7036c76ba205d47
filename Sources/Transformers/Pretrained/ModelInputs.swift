import Tensors

/// What a model of text reads (`BatchEncoding`).
public struct ModelInputs {
  /// Token numbers `[N, T]`; for multiple choice `[N, choices, T]`.
  public var inputIds: Tensor
  /// 1 where a token counts and 0 where it pads, of the ids' shape; nil where all count.
  public var attentionMask: Tensor?
  /// The number of the text that a token belongs to, of the ids' shape; nil for zeros.
  public var tokenTypeIds: Tensor?
  /// The tokens' positions; nil for the model's own rule.
  public var positionIds: Tensor?
  /// Whether every layer's states are returned.
  public var outputHiddenStates: Bool
  /// Whether the attention weights are returned, which are then computed one by one.
  public var outputAttentions: Bool
  /// Whether layers that train keep only their inputs, and are computed once more for their gradients,
  /// where the model ``PretrainedModel/supportsGradientCheckpointing``.
  public var gradientCheckpointing = false

  /// Inputs, of which only the ids must be there.
  public init(
    inputIds: Tensor, attentionMask: Tensor? = nil, tokenTypeIds: Tensor? = nil,
    positionIds: Tensor? = nil, outputHiddenStates: Bool = false, outputAttentions: Bool = false
  ) {
    self.inputIds = inputIds
    self.attentionMask = attentionMask
    self.tokenTypeIds = tokenTypeIds
    self.positionIds = positionIds
    self.outputHiddenStates = outputHiddenStates
    self.outputAttentions = outputAttentions
  }

  /// The inputs with all dimensions but the last one flattened into one.
  var flattened: ModelInputs {
    func flat(_ x: Tensor) -> Tensor { x.reshaped([-1, x.shape[x.rank - 1]]) }
    var result = self
    result.inputIds = flat(inputIds)
    result.attentionMask = attentionMask.map(flat)
    result.tokenTypeIds = tokenTypeIds.map(flat)
    result.positionIds = positionIds.map(flat)
    return result
  }
}
