// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

extension Tensor {
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x + y; with a factor, x.add(y, alpha: a)")
  public func add(_ other: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x - y; with a factor, x.sub(y, alpha: a)")
  public func sub(_ other: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x - y")
  public func subtract(_ other: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x * y")
  public func mul(_ other: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x * y")
  public func multiply(_ other: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x / y")
  public func div(_ other: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x / y")
  public func divide(_ other: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of ``matmul(_:)``.
  @available(*, unavailable, renamed: "matmul(_:)")
  public func mm(_ other: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``matmul(_:)``.
  @available(*, unavailable, renamed: "matmul(_:)")
  public func bmm(_ other: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``matmul(_:)``.
  @available(*, unavailable, renamed: "matmul(_:)")
  public func mv(_ other: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use a.matmul(b)")
  public static func mm(_ a: Tensor, _ b: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use a.matmul(b)")
  public static func bmm(_ a: Tensor, _ b: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use -x")
  public func negative() -> Tensor { otherName() }
  /// PyTorch's name of ``abs()``.
  @available(*, unavailable, renamed: "abs()")
  public func absolute() -> Tensor { otherName() }
  /// PyTorch's name of ``trunc()``.
  @available(*, unavailable, renamed: "trunc()")
  public func fix() -> Tensor { otherName() }
  /// PyTorch's name of ``sign()``.
  @available(*, unavailable, renamed: "sign()")
  public func sgn() -> Tensor { otherName() }
  /// PyTorch's name of ``sigmoid()``.
  @available(*, unavailable, renamed: "sigmoid()")
  public func expit() -> Tensor { otherName() }
  /// PyTorch's name of ``asin()``.
  @available(*, unavailable, renamed: "asin()")
  public func arcsin() -> Tensor { otherName() }
  /// PyTorch's name of ``acos()``.
  @available(*, unavailable, renamed: "acos()")
  public func arccos() -> Tensor { otherName() }
  /// PyTorch's name of ``atan()``.
  @available(*, unavailable, renamed: "atan()")
  public func arctan() -> Tensor { otherName() }
  /// PyTorch's name of ``atan2(_:)``.
  @available(*, unavailable, renamed: "atan2(_:)")
  public func arctan2(_ other: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of ``logAddExp(_:)``.
  @available(*, unavailable, renamed: "logAddExp(_:)")
  public func logaddexp(_ other: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of ``lerp(_:weight:)``.
  @available(*, unavailable, renamed: "lerp(_:weight:)")
  public func lerp(_ end: Tensor, _ weight: Double) -> Tensor { otherName() }
  /// PyTorch's name of ``clamp(min:max:)``.
  @available(*, unavailable, renamed: "clamp(min:max:)")
  public func clip(_ lower: some ScalarConvertible, _ upper: some ScalarConvertible) -> Tensor {
    otherName()
  }
  /// PyTorch's name of ``clamp(min:max:)``.
  @available(*, unavailable, renamed: "clamp(min:max:)")
  public func clamp(_ lower: some ScalarConvertible, _ upper: some ScalarConvertible) -> Tensor {
    otherName()
  }
  /// PyTorch's name of ``clamp(min:max:)``.
  @available(*, unavailable, renamed: "clamp(min:max:)")
  public func clip(min: some ScalarConvertible, max: some ScalarConvertible) -> Tensor {
    otherName()
  }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.clamp(min: lower)")
  public func clampMin(_ lower: some ScalarConvertible) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.clamp(max: upper)")
  public func clampMax(_ upper: some ScalarConvertible) -> Tensor { otherName() }
  /// PyTorch's name of ``trapezoid(dx:dim:)``.
  @available(*, unavailable, renamed: "trapezoid(dx:dim:)")
  public func trapz() -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x += y")
  public func add_(_ other: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x -= y")
  public func sub_(_ other: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x *= y")
  public func mul_(_ other: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x /= y")
  public func div_(_ other: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x[...] = 0")
  public func zero_() -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x[...] = value")
  public func fill_(_ value: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x[...] = source")
  public func copy_(_ source: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x = x.clamp(min: lower, max: upper)")
  public func clamp_(min: (any Operand)? = nil, max: (any Operand)? = nil) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(
    *, unavailable, message: "use Init.normal(parameter), or x[...] = Tensor.randn(x.shape)"
  )
  public func normal_(mean: Double = 0, std: Double = 1) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(
    *, unavailable, message: "use Init.uniform(parameter), or x[...] = Tensor.rand(x.shape)"
  )
  public func uniform_(from: Double = 0, to: Double = 1) -> Tensor { otherName() }
  /// PyTorch's name of ``le(_:)``.
  @available(*, unavailable, renamed: "le(_:)")
  public func lessEqual(_ other: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of ``ge(_:)``.
  @available(*, unavailable, renamed: "ge(_:)")
  public func greaterEqual(_ other: some Operand) -> Tensor { otherName() }
  /// PyTorch's name of ``isNaN()``.
  @available(*, unavailable, renamed: "isNaN()")
  public func isnan() -> Tensor { otherName() }
  /// PyTorch's name of ``isInf()``.
  @available(*, unavailable, renamed: "isInf()")
  public func isinf() -> Tensor { otherName() }
  /// PyTorch's name of ``isFinite()``.
  @available(*, unavailable, renamed: "isFinite()")
  public func isfinite() -> Tensor { otherName() }
  /// PyTorch's name of ``isPosInf()``.
  @available(*, unavailable, renamed: "isPosInf()")
  public func isposinf() -> Tensor { otherName() }
  /// PyTorch's name of ``isNegInf()``.
  @available(*, unavailable, renamed: "isNegInf()")
  public func isneginf() -> Tensor { otherName() }
  /// PyTorch's name of ``isIn(_:invert:)``.
  @available(*, unavailable, renamed: "isIn(_:invert:)")
  public func isin(_ others: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use Linalg.det(x)")
  public func det() -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use Linalg.inv(x)")
  public func inverse() -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use Linalg.pinv(x)")
  public func pinverse() -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use Linalg.qr(x)")
  public func qr() -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use Linalg.svd(x)")
  public func svd() -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use Linalg.cholesky(x)")
  public func cholesky() -> Tensor { otherName() }
}
