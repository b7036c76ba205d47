import Tensors

/// What a model without a head returns (`BaseModelOutputWithPooling`).
public struct EncoderOutput {
  /// The last layer's states, `[N, T, hidden]`.
  public var lastHiddenState: Tensor
  /// The pooled state `[N, hidden]`, where the family has a pooler.
  public var poolerOutput: Tensor?
  /// The embeddings and every layer's states, where asked for.
  public var hiddenStates: [Tensor]?
  /// Every layer's attention weights `[N, heads, T, T]`, where asked for.
  public var attentions: [Tensor]?
  /// The inputs' mask, for heads that pool by it.
  var attentionMask: Tensor?

  /// An output, of which only the last layer's states must be there.
  public init(
    lastHiddenState: Tensor, poolerOutput: Tensor? = nil, hiddenStates: [Tensor]? = nil,
    attentions: [Tensor]? = nil
  ) {
    self.lastHiddenState = lastHiddenState
    self.poolerOutput = poolerOutput
    self.hiddenStates = hiddenStates
    self.attentions = attentions
  }
}

/// What a model with a head returns: logits, and a loss where there were labels.
public struct ModelOutput {
  /// The loss, where there were labels.
  public var loss: Tensor?
  /// The logits; their shape is the head's.
  public var logits: Tensor
  /// The embeddings and every layer's states, where asked for.
  public var hiddenStates: [Tensor]?
  /// Every layer's attention weights `[N, heads, T, T]`, where asked for.
  public var attentions: [Tensor]?

  /// An output, of which only the logits must be there.
  public init(
    loss: Tensor? = nil, logits: Tensor, hiddenStates: [Tensor]? = nil, attentions: [Tensor]? = nil
  ) {
    self.loss = loss
    self.logits = logits
    self.hiddenStates = hiddenStates
    self.attentions = attentions
  }

  init(loss: Tensor?, logits: Tensor, _ output: EncoderOutput) {
    self.loss = loss
    self.logits = logits
    hiddenStates = output.hiddenStates
    attentions = output.attentions
  }
}

/// What a model that finds answers returns (`QuestionAnsweringModelOutput`).
public struct QuestionAnsweringOutput {
  /// The loss, where there were positions.
  public var loss: Tensor?
  /// For every token how likely the answer starts there, `[N, T]`.
  public var startLogits: Tensor
  /// For every token how likely the answer ends there, `[N, T]`.
  public var endLogits: Tensor
  /// The embeddings and every layer's states, where asked for.
  public var hiddenStates: [Tensor]?
  /// Every layer's attention weights `[N, heads, T, T]`, where asked for.
  public var attentions: [Tensor]?
}

/// What a model returns that guesses masked tokens and the order of two texts
/// (`BertForPreTrainingOutput`).
public struct PreTrainingOutput {
  /// The sum of both losses, where there were labels for both.
  public var loss: Tensor?
  /// The tokens' logits `[N, T, vocabulary]`.
  public var predictionLogits: Tensor
  /// The order's logits `[N, 2]`.
  public var orderLogits: Tensor
  /// The embeddings and every layer's states, where asked for.
  public var hiddenStates: [Tensor]?
  /// Every layer's attention weights `[N, heads, T, T]`, where asked for.
  public var attentions: [Tensor]?
}
