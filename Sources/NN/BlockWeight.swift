import Tensors

/// A frozen weight that is kept in blocks (QLoRA's base weights).
final class BlockWeight: ParameterDerivation {
  let blocks: BlockTensor
  private let dtype: DType

  init(_ blocks: BlockTensor, dtype: DType) {
    self.blocks = blocks
    self.dtype = dtype
  }

  var value: Tensor { noGrad { blocks.tensor().to(dtype) } }
  var sources: [Parameter] { [] }

  /// It is no part of a state: its file is that of the model that it was made of.
  func members(_ name: String) -> [NamedMember] { [] }

  func assign(_ value: Tensor) {
    fail("BlockWeight", "a weight in blocks is a constant; unquantize it first")
  }

  func copied(by copier: ModuleCopier) -> any ParameterDerivation { self }
}

extension Parameter {
  /// The weight in blocks, where it is kept so.
  public var blocks: BlockTensor? { (derivation as? BlockWeight)?.blocks }

  /// Keeps the value in blocks from now on, rounded, and frozen: it is read and multiplied, and no
  /// longer a member of its module's parameters and state.
  public func quantize(_ format: BlockTensor.Format) {
    require(derivation == nil, "Parameter.quantize", "the parameter is computed from others")
    let weight = BlockWeight(BlockTensor(value, format), dtype: dtype)
    hold(Tensor.zeros([1], dtype: dtype).expanded(shape))
    derive(by: weight)
  }

  /// Keeps the value as numbers again.
  public func unquantize() {
    guard derivation is BlockWeight else { return }
    derive(by: nil)
    requiresGrad = false
  }
}

extension Module {
  /// Keeps the weights of linear layers in blocks, frozen (QLoRA's base): a quarter of float32's memory
  /// with `.q8_0`, an eighth with `.q4_0` or `.nf4`. Output heads that score tokens, embeddings, and weights
  /// that are no whole number of blocks stay.
  /// - Parameters:
  ///   - format: How a block of weights is kept.
  ///   - excluded: Parts of names, whole between dots, of layers that stay as well.
  /// - Returns: How many weights are kept in blocks.
  @discardableResult
  public func quantizeLinearWeights(
    _ format: BlockTensor.Format, except excluded: [String] = []
  ) -> Int {
    var count = 0
    for (name, module) in namedModules() {
      guard let layer = module as? any AdaptableLayer, layer.keepsBlocks,
        layer.weight.blocks == nil,
        !name.split(separator: ".").contains(where: { excluded.contains(String($0)) }),
        layer.weight.count % format.blockSize == 0, layer.weight.derivation == nil
      else { continue }
      layer.weight.quantize(format)
      count += 1
    }
    return count
  }

  /// Keeps all weights as numbers again.
  public func unquantizeLinearWeights() {
    for case let layer as any AdaptableLayer in modules() { layer.weight.unquantize() }
  }
}
