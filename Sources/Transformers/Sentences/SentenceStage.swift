import Base
import Checkpoints
import NN
import Tensors

/// What changes a text's vector behind the pooling.
open class SentenceStage: Module, Layer {
  /// A stage; subclasses need not call it by name.
  public override init() {}

  /// The changed vectors, `[N, width] → [N, width']`.
  open func forward(_ x: Tensor) -> Tensor { x }

  /// The width of the vectors that it makes of vectors of a width.
  func width(of inputs: Int) -> Int { inputs }

  /// The class's path in sentence-transformers, by which `modules.json` names it.
  class var typeName: String { "" }

  /// What its `config.json` says.
  var settings: ConfigurationValue { [:] }

  /// The last part of the class's path.
  class var shortName: String { typeName.split(separator: ".").last.map(String.init) ?? "" }
}

/// Vectors of length 1 (`sentence_transformers` `Normalize`).
public final class SentenceNormalize: SentenceStage {
  override class var typeName: String { "sentence_transformers.models.Normalize" }

  /// x / ‖x‖.
  public override func forward(_ x: Tensor) -> Tensor { F.normalize(x, dim: -1) }
}

/// A layer norm of the vectors (`sentence_transformers` `LayerNorm`).
public final class SentenceLayerNorm: SentenceStage {
  /// The norm.
  public let norm: LayerNorm
  private let width: Int

  /// A norm of vectors of a width.
  public init(_ width: Int, dtype: DType = .float32) {
    norm = LayerNorm([width], dtype: dtype)
    self.width = width
  }

  override class var typeName: String { "sentence_transformers.models.LayerNorm" }
  override var settings: ConfigurationValue { ["dimension": .int(width)] }

  /// The normed vectors.
  public override func forward(_ x: Tensor) -> Tensor { norm(x) }
}

/// Drops elements at random while training (`sentence_transformers` `Dropout`).
public final class SentenceDropout: SentenceStage {
  private let dropout: Dropout

  /// - Parameter p: The probability with which an element is dropped.
  public init(_ p: Double = 0.2) { dropout = Dropout(p) }

  override class var typeName: String { "sentence_transformers.models.Dropout" }
  override var settings: ConfigurationValue { ["dropout": .double(dropout.p)] }

  /// The vectors, thinned out while training.
  public override func forward(_ x: Tensor) -> Tensor { dropout(x) }
}

/// A linear layer and an activation: f(W x + b), plus x or W' x where it has a residual
/// (`sentence_transformers` `Dense`). `[N, inputs] → [N, outputs]`.
public final class SentenceDense: SentenceStage {
  /// The layer.
  public let linear: Linear
  /// What brings the input to the output's width, where it is added and the widths differ.
  public let residual: Linear?
  /// Whether the input is added to the output.
  public let usesResidual: Bool
  private let activation: Activation

  /// The activations that folders name, by the last part of PyTorch's class.
  public enum Activation: String, CaseIterable, Sendable {
    /// The hyperbolic tangent.
    case tanh = "Tanh"
    /// The input itself.
    case identity = "Identity"
    /// max(x, 0).
    case relu = "ReLU"
    /// x Φ(x).
    case gelu = "GELU"
    /// 1 ÷ (1 + e⁻ˣ).
    case sigmoid = "Sigmoid"
    /// x ÷ (1 + e⁻ˣ).
    case silu = "SiLU"
    /// x tanh(ln(1 + eˣ)).
    case mish = "Mish"
    /// min(max(x, 0), 6).
    case relu6 = "ReLU6"
    /// x, a hundredth of it below 0.
    case leakyReLU = "LeakyReLU"

    /// The function's values.
    func callAsFunction(_ x: Tensor) -> Tensor {
      switch self {
      case .tanh: F.tanh(x)
      case .identity: x
      case .relu: F.relu(x)
      case .gelu: F.gelu(x)
      case .sigmoid: F.sigmoid(x)
      case .silu: F.silu(x)
      case .mish: F.mish(x)
      case .relu6: F.relu6(x)
      case .leakyReLU: F.leakyReLU(x)
      }
    }
  }

  /// A layer with new weights.
  public init(
    _ inputs: Int, _ outputs: Int, bias: Bool = true, activation: Activation = .tanh,
    usesResidual: Bool = false, dtype: DType = .float32
  ) {
    linear = Linear(inputs, outputs, bias: bias, dtype: dtype)
    residual =
      usesResidual && inputs != outputs
      ? Linear(inputs, outputs, bias: false, dtype: dtype) : nil
    self.usesResidual = usesResidual
    self.activation = activation
  }

  override class var typeName: String { "sentence_transformers.models.Dense" }

  override var settings: ConfigurationValue {
    var members: [ConfigurationValue.Member] = [
      .init("in_features", .int(linear.weight.shape[1])),
      .init("out_features", .int(linear.weight.shape[0])), .init("bias", .bool(linear.bias != nil)),
      .init(
        "activation_function",
        .string(
          activation == .identity
            ? "torch.nn.modules.linear.Identity"
            : "torch.nn.modules.activation.\(activation.rawValue)")),
    ]
    if usesResidual { members.append(.init("use_residual", true)) }
    return .object(members)
  }

  override func width(of inputs: Int) -> Int { linear.weight.shape[0] }

  /// f(W x + b).
  public override func forward(_ x: Tensor) -> Tensor {
    let y = activation(linear(x))
    return usesResidual ? y + (residual.map { $0(x) } ?? x) : y
  }
}
