/// Distinct elements, or slices of a dimension. Outside the graph.
extension Tensor {
  /// What ``unique(dim:)`` finds.
  public typealias Distinct = (values: Tensor, inverse: Tensor, counts: Tensor)

  /// The distinct elements in ascending order, or the distinct slices of a dimension, ordered by
  /// their first elements that differ (`torch.unique`).
  ///
  /// `inverse` says where among them each element, or slice, is, and `counts` how often each occurs,
  /// both `int64`. NaN equals nothing, not even NaN.
  public func unique(dim: Int? = nil) -> Distinct {
    distinct("unique", consecutive: false, dim)
  }

  /// As ``unique(dim:)``, in the order of their occurrence, where only equal neighbours fall together
  /// (`torch.unique_consecutive`).
  public func uniqueConsecutive(dim: Int? = nil) -> Distinct {
    distinct("unique_consecutive", consecutive: true, dim)
  }

  private func distinct(_ name: String, consecutive: Bool, _ dim: Int?) -> Distinct {
    let results: [Tensor]
    if let dim, rank > 0 {
      let axis = normalized(dim: dim, name)
      require(
        shape.indices.allSatisfy { $0 == axis || shape[$0] > 0 }, name,
        "slices of \(shape) along dimension \(axis) are empty")
      results = Tensor.record(
        DistinctSlices(name: name, isConsecutive: consecutive, dim: axis), [detach()])
    } else {
      results = Tensor.record(DistinctElements(name: name, isConsecutive: consecutive), [detach()])
    }
    return (results[0], results[1], results[2])
  }
}

/// The distinct elements, where each element is among them, and how often each occurs.
private struct DistinctElements: TensorsOperation {
  let name: String
  let isConsecutive: Bool
  var attributes: [String: Attribute] { [:] }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let (values, inverse, counts) = Kernel.distinct(inputs[0], isConsecutive: isConsecutive)
    return [values, inverse, counts]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] { [nil] }
}

/// The same of the slices of a dimension.
private struct DistinctSlices: TensorsOperation {
  let name: String
  let isConsecutive: Bool
  let dim: Int
  var attributes: [String: Attribute] { ["dim": .int(dim)] }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let x = inputs[0]
    let (places, inverse, counts) = Kernel.distinctRows(
      x.movedim([dim], [0]), isConsecutive: isConsecutive)
    return [x.indexSelect(dim: dim, index: places), inverse, counts]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] { [nil] }
}
