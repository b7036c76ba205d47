import NN
import Tensors

/// Dropout and a linear layer over every token. `[N, T, hidden] → [N, T, labels]`.
public final class TokenHead: EncoderHead {
  let dropout: Dropout
  let classifier: Linear

  /// - Parameters:
  ///   - configuration: The model's configuration.
  ///   - width: The size of the encoder's states.
  ///   - dropout: The probability with which a state is dropped.
  public init(_ configuration: ModelConfiguration, _ width: Int, dropout: Double) throws {
    self.dropout = Dropout(dropout)
    classifier = configuration.linear(width, try configuration.numLabels)
  }

  /// The logits of every token.
  public override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    classifier(dropout(output.lastHiddenState))
  }
}

/// Two logits for every token: whether an answer starts or ends there.
/// `[N, T, hidden] → [N, T, 2]`.
public final class AnswerHead: EncoderHead {
  let dropout: Dropout
  let qaOutputs: Linear

  /// - Parameters:
  ///   - configuration: The model's configuration.
  ///   - width: The size of the encoder's states.
  ///   - dropout: The probability with which a state is dropped.
  public init(_ configuration: ModelConfiguration, _ width: Int, dropout: Double = 0) {
    self.dropout = Dropout(dropout)
    qaOutputs = configuration.linear(width, 2)
  }

  /// The logits of start and end.
  public override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    qaOutputs(dropout(output.lastHiddenState))
  }
}

/// Dropout and a linear layer over the pooled state. `[N, hidden] → [N, outputs]`.
public final class PooledHead: EncoderHead {
  let dropout: Dropout
  let classifier: Linear

  /// - Parameters:
  ///   - configuration: The model's configuration.
  ///   - width: The size of the encoder's states.
  ///   - outputs: The number of logits; 1 for multiple choice.
  ///   - dropout: The probability with which a state is dropped.
  public init(
    _ configuration: ModelConfiguration, _ width: Int, _ outputs: Int, dropout: Double
  ) {
    self.dropout = Dropout(dropout)
    classifier = configuration.linear(width, outputs)
  }

  /// The logits of the text.
  public override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    guard let pooled = output.poolerOutput else {
      fail("PooledHead", "the encoder was made without a pooled state")
    }
    return classifier(dropout(pooled))
  }
}

/// A dense layer, an activation and a linear layer over the first token's state.
/// `[N, T, hidden] → [N, labels]`.
public final class FirstTokenHead: EncoderHead {
  let classifier: Layers

  /// - Parameters:
  ///   - configuration: The model's configuration.
  ///   - width: The size of the encoder's states.
  ///   - dropout: The probability with which a state is dropped, before either layer.
  ///   - activation: Between the layers.
  public init(
    _ configuration: ModelConfiguration, _ width: Int, dropout: Double, activation: NamedActivation
  ) throws {
    classifier = Layers(
      configuration, width, try configuration.numLabels, dropout: dropout, activation: activation)
  }

  /// The logits of the text.
  public override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    classifier(output.lastHiddenState.select(dim: 1, index: 0))
  }

  final class Layers: Module, Layer {
    let dense: Linear
    let dropout: Dropout
    let outProj: Linear
    private let activation: NamedActivation

    init(
      _ configuration: ModelConfiguration, _ width: Int, _ outputs: Int, dropout: Double,
      activation: NamedActivation
    ) {
      dense = configuration.linear(width, width)
      outProj = configuration.linear(width, outputs)
      self.dropout = Dropout(dropout)
      self.activation = activation
    }

    func forward(_ x: Tensor) -> Tensor {
      outProj(dropout(activation(dense(dropout(x)))))
    }
  }
}
