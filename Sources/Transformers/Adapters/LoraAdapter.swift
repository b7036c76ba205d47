import NN
import Tensors

/// A low-rank update beside a layer.
open class LoraAdapter: LayerAdapter {
  /// What the update is multiplied with.
  public let scale: Double
  /// Whether the update stands in the layer's weight, so that the layer alone computes.
  var isMerged = false
  /// Whether the layer computes without it.
  var isDisabled = false

  init(scale: Double) { self.scale = scale }

  /// s B A, in the shape of the layer's weight and in float32 or its own wider type.
  func delta(for layer: any AdaptableLayer) -> Tensor {
    fail("LoraAdapter", "\(Self.self) has no update")
  }

  /// The layer's weight with the update in it, in the weight's own type.
  func mergedWeight(of layer: any AdaptableLayer) -> Tensor {
    noGrad {
      let delta = delta(for: layer)
      let weight = layer.weight.value.detach().to(delta.dtype) + delta
      guard let lengths = magnitude?.value.detach() else { return weight.to(layer.weight.dtype) }
      let shares = lengths.to(delta.dtype) / norms(layer, delta)
      // Lengths are those of outputs: rows of a weight, columns of one that is stored transposed.
      let factor = hasOutputsLast(layer) ? shares.unsqueezed(0) : shares.unsqueezed(1)
      return (weight * factor).to(layer.weight.dtype)
    }
  }

  /// The layer's bias with the update in it; nil where nothing changes.
  func mergedBias(of layer: any AdaptableLayer) -> Tensor? { nil }

  /// The lengths of DoRA, where it is used.
  var magnitude: Parameter? { nil }

  /// Whether outputs are the weight's last dimension.
  func hasOutputsLast(_ layer: any AdaptableLayer) -> Bool {
    layer.isTransposed || layer is Embedding
  }

  /// The lengths of the updated weight's rows, which have no gradient.
  func norms(_ layer: any AdaptableLayer, _ delta: Tensor) -> Tensor {
    noGrad {
      let weight = layer.weight.value.detach().to(delta.dtype) + delta.detach()
      return weight.square().sum(dim: hasOutputsLast(layer) ? 0 : 1).sqrt()
    }
  }

  /// The type of an adapter's parameters: half types are widened, as in PEFT.
  static func dtype(of weight: Parameter) -> DType {
    weight.dtype == .bfloat16 || weight.dtype == .float16 ? .float32 : weight.dtype
  }
}

/// LoRA beside a linear layer: W x + b + s B (A x).
public final class LoraLinear: LoraAdapter {
  /// `[r, inputs]`.
  public let a: Parameter
  /// `[outputs, r]`.
  public let b: Parameter
  /// `[outputs]`, where B has a bias.
  public let bBias: Parameter?
  private let lengths: Parameter?
  private let dropout: Dropout

  /// An adapter with new values.
  init(_ layer: any AdaptableLayer, rank: Int, scale: Double, _ config: LoraConfig) {
    let dtype = Self.dtype(of: layer.weight)
    let shape = layer.isTransposed ? layer.weight.shape.reversed() : layer.weight.shape
    // Drawn as PyTorch's layers and PEFT's initialisation draw, one after the other.
    let down = Linear(shape[1], rank, bias: false, dtype: dtype)
    let up = Linear(rank, shape[0], bias: config.loraBias, dtype: dtype)
    (a, b, bBias) = (down.weight, up.weight, up.bias)
    switch config.initialization {
    case .standard: Init.kaimingUniform(a, nonlinearity: .leakyReLU(slope: 5.0.squareRoot()))
    case .gaussian: Init.normal(a, std: 1 / Double(rank))
    case .random: break
    }
    if config.initialization != .random {
      Init.zeros(b)
      if let bBias { Init.zeros(bBias) }
    }
    lengths = config.usesDora ? Parameter(.zeros([shape[0]], dtype: dtype)) : nil
    dropout = Dropout(config.loraDropout)
    super.init(scale: scale)
    if !Init.isSkipped { lengths?.assign(norms(layer, noGrad { delta(for: layer) })) }
  }

  /// PEFT's names.
  public override class var stateNames: [String: String] {
    [
      "a": "lora_A.weight", "b": "lora_B.weight", "bBias": "lora_B.bias",
      "lengths": "lora_magnitude_vector",
    ]
  }

  override var magnitude: Parameter? { lengths }

  public override func callAsFunction(_ x: Tensor, beside layer: any AdaptableLayer) -> Tensor {
    if isMerged || isDisabled { return layer.plain(x) }
    let input = dropout(x.to(a.dtype))
    var update = input.linear(a.value).linear(b.value, bBias?.value)
    if scale != 1 { update = update * scale }
    let base = layer.plain(x)
    guard let lengths else { return (base + update).to(base.dtype) }
    let shares = lengths.value / norms(layer, noGrad { delta(for: layer) })
    // W x alone; of what dropout left, where it drops.
    let product: Tensor
    if isTraining && dropout.p > 0 {
      let weight = layer.weight.value.to(input.dtype)
      product = layer.isTransposed ? input.matmul(weight) : input.linear(weight)
    } else {
      product = layer.ownBias.map { base - $0.value } ?? base
    }
    return (base + (shares - 1) * product + shares * update).to(base.dtype)
  }

  override func delta(for layer: any AdaptableLayer) -> Tensor {
    let product = b.value.detach().matmul(a.value.detach()) * scale
    return layer.isTransposed ? product.transposed() : product
  }

  override func mergedBias(of layer: any AdaptableLayer) -> Tensor? {
    guard let bBias, let bias = layer.ownBias else { return nil }
    return noGrad { bias.value.detach() + bBias.value.detach() * scale }
  }

  /// The sizes.
  public override var extraDescription: String { "r=\(a.shape[0]), scale=\(scale)" }
}

/// LoRA beside a table of vectors: row i of W plus s B aᵢ, with aᵢ column i of A.
public final class LoraEmbedding: LoraAdapter {
  /// `[r, rows]`.
  public let a: Parameter
  /// `[width, r]`.
  public let b: Parameter
  private let lengths: Parameter?

  /// An adapter with new values.
  init(_ table: Embedding, rank: Int, scale: Double, _ config: LoraConfig) {
    let dtype = Self.dtype(of: table.weight)
    a = Parameter(.empty([rank, table.weight.shape[0]], dtype: dtype))
    b = Parameter(.empty([table.weight.shape[1], rank], dtype: dtype))
    Init.normal(a)
    Init.normal(b)
    if config.initialization != .random {
      Init.zeros(a)
      Init.normal(b)
    }
    lengths = config.usesDora ? Parameter(.zeros([table.weight.shape[1]], dtype: dtype)) : nil
    super.init(scale: scale)
    if !Init.isSkipped { lengths?.assign(norms(table, noGrad { delta(for: table) })) }
  }

  /// PEFT's names.
  public override class var stateNames: [String: String] {
    ["a": "lora_embedding_A", "b": "lora_embedding_B", "lengths": "lora_magnitude_vector"]
  }

  override var magnitude: Parameter? { lengths }

  public override func callAsFunction(_ x: Tensor, beside layer: any AdaptableLayer) -> Tensor {
    if isMerged || isDisabled { return layer.plain(x) }
    let padding = (layer as? Embedding)?.paddingIndex
    let chosen = F.embedding(x, a.value.transposed(), paddingIdx: padding)
    let update = chosen.linear(b.value) * scale
    let base = layer.plain(x)
    guard let lengths else { return (base + update).to(base.dtype) }
    let shares = lengths.value / norms(layer, noGrad { delta(for: layer) })
    return (base * shares + shares * update).to(base.dtype)
  }

  override func delta(for layer: any AdaptableLayer) -> Tensor {
    b.value.detach().matmul(a.value.detach()).transposed() * scale
  }

  /// The sizes.
  public override var extraDescription: String { "r=\(a.shape[0]), scale=\(scale)" }
}
