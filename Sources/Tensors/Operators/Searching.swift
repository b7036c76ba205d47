/// Searching in sorted rows. Outside the graph.
extension Tensor {
  /// Where values would be inserted into the ascending rows of this tensor's last dimension
  /// (`torch.searchsorted`): `[..., n]` and `[..., m]` → `[..., m]`, or one row `[n]` for values of any
  /// shape. NaN goes to the end.
  /// - Parameters:
  ///   - values: What is looked for.
  ///   - right: Behind equal elements, not before them.
  ///   - outInt32: Results in `int32` in place of `int64`.
  ///   - sorter: Indices that put the rows in order, where they are not (see
  ///     ``argsort(dim:descending:stable:)``).
  public func searchSorted(
    _ values: Tensor, right: Bool = false, outInt32: Bool = false, sorter: Tensor? = nil
  ) -> Tensor {
    require(rank > 0, "searchsorted", "a scalar tensor is no sorted row")
    require(
      values.dtype == dtype, "searchsorted", "values of \(values.dtype) in rows of \(dtype)")
    require(
      rank == 1 || values.rank == rank && values.shape.dropLast() == shape.dropLast(),
      "searchsorted", "values \(values.shape) do not fit the rows \(shape)")
    require(
      sorter.map { $0.shape == shape } ?? true, "searchsorted",
      "the sorter \(sorter?.shape ?? []) does not fit the rows \(shape)")
    return Tensor.record(
      SearchSorted(right: right, outInt32: outInt32), [self, values] + [sorter].compactMap { $0 })
  }

  /// Where a number would be inserted into this ascending vector (`torch.searchsorted`).
  public func searchSorted(
    _ value: some ScalarConvertible, right: Bool = false, outInt32: Bool = false,
    sorter: Tensor? = nil
  ) -> Tensor {
    let dtype = Promotion.resultType(self, value.scalar)
    return to(dtype).searchSorted(
      Tensor.full([], value, dtype: dtype), right: right, outInt32: outInt32, sorter: sorter)
  }

  /// The number of the bucket between ascending boundaries that each element lies in
  /// (`torch.bucketize`).
  /// - Parameters:
  ///   - boundaries: Ascending numbers, `[n]`.
  ///   - right: Buckets hold their lower boundary, not their upper one.
  ///   - outInt32: Results in `int32` in place of `int64`.
  public func bucketize(_ boundaries: Tensor, right: Bool = false, outInt32: Bool = false) -> Tensor
  {
    require(boundaries.rank == 1, "bucketize", "boundaries are a vector, not \(boundaries.shape)")
    return boundaries.searchSorted(self, right: right, outInt32: outInt32)
  }

  /// Whether each element is among those of another tensor (`torch.isin`); NaN never is.
  /// - Parameters:
  ///   - others: What is looked among.
  ///   - invert: Whether it is not.
  public func isIn(_ others: Tensor, invert: Bool = false) -> Tensor {
    let dtype = Promotion.resultType(self, others)
    let elements = bare.to(dtype)
    var others = others.bare.to(dtype).flattened()
    if dtype.isFloatingPoint { others = others.maskedSelect(others.isNaN().logicalNot()) }
    if others.count == 0 { return Tensor.full(shape, invert, dtype: .bool) }
    let rows = others.sorted(stable: true).values
    let place = rows.searchSorted(elements).clamp(max: rows.count - 1)
    let isThere = rows.take(place).eq(elements)
    return invert ? isThere.logicalNot() : isThere
  }
}

/// Places in ascending rows: operands are rows, values and, where there is one, the sorter.
private struct SearchSorted: ConstantOperation {
  let right: Bool
  let outInt32: Bool
  var name: String { "searchsorted" }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let rows = noGrad {
      inputs.count > 2 ? inputs[0].gather(dim: -1, index: inputs[2]) : inputs[0]
    }
    let places = Kernel.searchSorted(rows, inputs[1], isRight: right)
    return outInt32 ? places.to(.int32) : places
  }
}
