/// Whether tensors are the same, exactly or nearly.
extension Tensor {
  /// Whether |a - b| ≤ atol + rtol · |b|, element by element and broadcast (`torch.isclose`).
  ///
  /// Equal infinities are close; NaNs are where `equalNaN` says so.
  public func isClose(
    _ other: Tensor, rtol: Double = 1e-5, atol: Double = 1e-8, equalNaN: Bool = false
  ) -> Tensor {
    require(
      dtype == other.dtype, "isclose", "dtypes differ: \(dtype) and \(other.dtype)")
    require(
      rtol >= 0 && atol >= 0, "isclose", "tolerances are negative: rtol \(rtol), atol \(atol)")
    return noGrad {
      var close = eq(other)
      if equalNaN { close = close.logicalOr(isNaN().logicalAnd(other.isNaN())) }
      if rtol == 0 && atol == 0 { return close }
      // Integers are told apart exactly before they are compared with a real tolerance.
      let (a, b) = dtype == .bool ? (to(.int32), other.to(.int32)) : (self, other)
      let allowed = (b * rtol).abs() + atol
      let error = (a - b).abs()
      return close.logicalOr(error.isFinite().logicalAnd(error.le(allowed)))
    }
  }

  /// Whether all elements are close (`torch.allclose`).
  public func allClose(
    _ other: Tensor, rtol: Double = 1e-5, atol: Double = 1e-8, equalNaN: Bool = false
  ) -> Bool {
    isClose(other, rtol: rtol, atol: atol, equalNaN: equalNaN).all().item(Bool.self)
  }

  /// Whether shapes and all elements are the same (`torch.equal`); NaN differs from NaN.
  public func equal(_ other: Tensor) -> Bool {
    shape == other.shape && eq(other).all().item(Bool.self)
  }
}
