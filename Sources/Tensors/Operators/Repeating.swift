/// How a grid is laid out (`indexing` of `torch.meshgrid`).
public enum GridIndexing: String, Sendable {
  /// The first tensor runs along the first dimension.
  case ij
  /// The first tensor runs along the second dimension, as x does in a plot.
  case xy
}

/// Repeating a tensor and its elements.
extension Tensor {
  /// The tensor repeated along each dimension, new ones in front (`Tensor.repeat`).
  public func repeated(_ times: [Int]) -> Tensor {
    require(
      times.count >= rank && times.allSatisfy { $0 >= 0 }, "repeat",
      "\(times) repetitions for a tensor of \(rank) dimensions")
    let own = [Int](repeating: 1, count: times.count - rank) + shape
    var (interleaved, expanded): ([Int], [Int]) = ([], [])
    for (count, size) in zip(times, own) {
      interleaved += [1, size]
      expanded += [count, size]
    }
    return reshaped(interleaved).expanded(expanded).reshaped(zip(times, own).map { $0 * $1 })
  }

  /// The tensor repeated along its last dimensions, new ones in front where there are more
  /// repetitions than dimensions (`torch.tile`).
  public func tiled(_ times: [Int]) -> Tensor {
    repeated([Int](repeating: 1, count: Swift.max(0, rank - times.count)) + times)
  }

  /// Each slice of a dimension repeated in its place (`torch.repeat_interleave`); each element of the
  /// flattened tensor where no dimension is given.
  public func repeatInterleave(_ times: Int, dim: Int? = nil) -> Tensor {
    guard let dim, rank > 0 else { return flattened().repeatInterleave(times, dim: 0) }
    require(times >= 0, "repeat_interleave", "repetitions must not be negative: \(times)")
    let axis = normalized(dim: dim, "repeat_interleave")
    var (expanded, result) = (shape, shape)
    expanded.insert(times, at: axis + 1)
    result[axis] *= times
    return unsqueezed(axis + 1).expanded(expanded).reshaped(result)
  }

  /// Each slice of a dimension repeated in its place, as often as its number says
  /// (`torch.repeat_interleave`).
  /// - Parameters:
  ///   - times: One integer a slice, or one for all.
  ///   - dim: The dimension of the slices; nil for the elements of the flattened tensor.
  ///   - outputSize: What the numbers add up to, where it is known; without numbers it is not
  ///     looked at, as in PyTorch.
  public func repeatInterleave(_ times: Tensor, dim: Int? = nil, outputSize: Int? = nil) -> Tensor {
    guard let dim, rank > 0 else {
      return flattened().repeatInterleave(times, dim: 0, outputSize: outputSize)
    }
    let axis = normalized(dim: dim, "repeat_interleave")
    var counts = times.positionVector("repeat_interleave").array(of: Int.self)
    if counts.count == 1 { counts = [Int](repeating: counts[0], count: shape[axis]) }
    require(
      counts.count == shape[axis] && counts.allSatisfy { $0 >= 0 }, "repeat_interleave",
      "repetitions \(counts) for a dimension of \(shape[axis])")
    let places = counts.enumerated().flatMap { [Int](repeating: $0.offset, count: $0.element) }
    require(
      outputSize == nil || outputSize == places.count || counts.isEmpty, "repeat_interleave",
      "repetitions add up to \(places.count), not to the output size \(outputSize ?? 0)")
    return indexSelect(dim: axis, index: Tensor(places))
  }

  /// The coordinates of a grid whose axes are vectors or scalar tensors, one tensor an axis
  /// (`torch.meshgrid`): `out[k][i₀, i₁, …] = tensors[k][iₖ]`.
  public static func meshgrid(_ tensors: [Tensor], indexing: GridIndexing = .ij) -> [Tensor] {
    require(
      !tensors.isEmpty && tensors.allSatisfy { $0.rank <= 1 && $0.dtype == tensors[0].dtype },
      "meshgrid", "vectors of one dtype are expected: \(tensors.map { "\($0.dtype) \($0.shape)" })")
    let shape = tensors.map(\.count)
    let grid = tensors.enumerated().map { axis, tensor in
      var own = [Int](repeating: 1, count: shape.count)
      own[axis] = shape[axis]
      return tensor.reshaped(own).expanded(shape)
    }
    return indexing == .xy && shape.count > 1 ? grid.map { $0.transposed(0, 1) } : grid
  }
}
