import Tensors

/// Pruning: elements of parameters that become zero and stay so (`torch.nn.utils.prune`).
///
/// ```swift
/// Prune.l1Unstructured(model.fc1, "weight", amount: 0.3)
/// …                                              // train on: the mask stays
/// Prune.remove(model.fc1, "weight")              // zeros for good, and a plain parameter again
/// ```
///
/// State dicts hold `weight_orig` and `weight_mask` in place of `weight`, as PyTorch's. Pruning again takes
/// from what is left. Optimizers that were made before hold the old parameter.
public enum Prune {
  /// Prunes the elements of least magnitude (`prune.l1_unstructured`).
  public static func l1Unstructured(_ module: Module, _ name: String, amount: PruningAmount) {
    prune(module, name) { value, mask in
      let kept = positions(of: mask)
      let scores = value.flattened().abs().indexSelect(dim: 0, index: kept)
      let count = amount.number(of: kept.count, "Prune.l1Unstructured")
      return cleared(mask, kept.indexSelect(dim: 0, index: smallest(scores, count)))
    }
  }

  /// Prunes elements at random (`prune.random_unstructured`), the same as PyTorch for a seed.
  public static func randomUnstructured(
    _ module: Module, _ name: String, amount: PruningAmount, generator: Generator? = nil
  ) {
    prune(module, name) { value, mask in
      let kept = positions(of: mask)
      let draws = Tensor.rand([kept.count], dtype: value.dtype, generator: generator)
      let count = amount.number(of: kept.count, "Prune.randomUnstructured")
      return cleared(mask, kept.indexSelect(dim: 0, index: smallest(-draws, count)))
    }
  }

  /// Prunes whole slices along a dimension, those of least p-norm (`prune.ln_structured`).
  /// - Parameters:
  ///   - module: The module that holds the parameter.
  ///   - name: The parameter's name in the module.
  ///   - amount: How many slices, or which share of them.
  ///   - n: The norm's order.
  ///   - dim: The dimension whose slices are pruned.
  public static func lnStructured(
    _ module: Module, _ name: String, amount: PruningAmount, n: Double, dim: Int
  ) {
    prune(module, name) { value, mask in
      require(
        (-value.rank..<value.rank).contains(dim) && value.rank > 1, "Prune.lnStructured",
        "\(value.shape) has no dimension \(dim) beside others")
      let place = dim < 0 ? dim + value.rank : dim
      let others = (0..<value.rank).filter { $0 != place }
      let kept = mask.sum(dims: others).ne(0).nonzero().flattened()
      let scores = value.norm(n, dims: others).indexSelect(dim: 0, index: kept)
      let count = amount.number(of: kept.count, "Prune.lnStructured")
      let gone = kept.indexSelect(dim: 0, index: smallest(scores, count))
      let slices = cleared(Tensor.ones([value.shape[place]], dtype: mask.dtype), gone)
      var shape = [Int](repeating: 1, count: value.rank)
      shape[place] = value.shape[place]
      return mask * slices.reshaped(shape)
    }
  }

  /// Prunes the elements of least magnitude over several parameters together
  /// (`prune.global_unstructured` by `L1Unstructured`).
  public static func globalUnstructured(
    _ parameters: [(module: Module, name: String)], amount: PruningAmount
  ) {
    noGrad {
      let states = parameters.map { state($0.module, $0.name) }
      let masks = states.map { $0.mask.flattened() }
      let kept = positions(of: Tensor.cat(masks, dim: 0))
      let values = states.map { $0.value.flattened().abs() }
      let scores = Tensor.cat(values, dim: 0).indexSelect(dim: 0, index: kept)
      let count = amount.number(of: kept.count, "Prune.globalUnstructured")
      let gone = kept.indexSelect(dim: 0, index: smallest(scores, count))
      let all = cleared(Tensor.cat(masks, dim: 0), gone)
      var begin = 0
      for (parameter, state) in zip(parameters, states) {
        let end = begin + state.mask.count
        let mask = all.sliced(from: begin, to: end).reshaped(state.mask.shape)
        prune(parameter.module, parameter.name) { _, _ in mask.clone() }
        begin = end
      }
    }
  }

  /// Prunes where a mask of the parameter's shape is 0 (`prune.custom_from_mask`).
  public static func customFromMask(_ module: Module, _ name: String, mask: Tensor) {
    prune(module, name) { value, present in
      require(
        mask.shape == value.shape, "Prune.customFromMask",
        "a mask of \(mask.shape) for a parameter of \(value.shape)")
      return present * mask.to(present.dtype)
    }
  }

  /// Makes a pruned parameter a plain one again, with its zeros (`prune.remove`).
  public static func remove(_ module: Module, _ name: String) {
    let parameter = module.slot(name, "Prune.remove")
    require(
      parameter.derivation is PruningMask, "Prune.remove",
      "\(name) of \(type(of: module)) is not pruned")
    parameter.derive(by: nil)
  }

  /// Whether a parameter of the module or of one below it is pruned (`prune.is_pruned`).
  public static func isPruned(_ module: Module) -> Bool {
    module.modules().contains { module in
      module.parameterSlots.contains { $0.parameter.derivation is PruningMask }
    }
  }

  /// The present value and mask.
  private static func state(_ module: Module, _ name: String) -> (value: Tensor, mask: Tensor) {
    let parameter = module.slot(name, "Prune")
    if let present = parameter.derivation as? PruningMask {
      return (present.value.detach(), present.mask.value)
    }
    require(parameter.derivation == nil, "Prune", "\(name) is parametrized: remove that first")
    let value = parameter.value.detach()
    return (value, Tensor.ones(value.shape, dtype: value.dtype))
  }

  private static func prune(
    _ module: Module, _ name: String, _ mask: (_ value: Tensor, _ mask: Tensor) -> Tensor
  ) {
    noGrad {
      let state = state(module, name)
      let mask = mask(state.value, state.mask)
      let parameter = module.slot(name, "Prune")
      if let present = parameter.derivation as? PruningMask {
        present.mask.value = mask
      } else {
        parameter.derive(by: PruningMask(parameter, mask))
      }
    }
  }

  /// Where a mask is not zero, by number.
  private static func positions(of mask: Tensor) -> Tensor {
    mask.flattened().ne(0).nonzero().flattened()
  }

  private static func smallest(_ scores: Tensor, _ count: Int) -> Tensor {
    scores.argsort(stable: true).sliced(from: 0, to: count)
  }

  private static func cleared(_ mask: Tensor, _ places: Tensor) -> Tensor {
    mask.flattened().scatter(dim: 0, index: places, value: 0).reshaped(mask.shape)
  }
}
