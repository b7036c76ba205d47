/// Dense linear algebra under the names of `torch.linalg`: factorizations, equations, eigenvalues,
/// norms. Products are methods of ``Tensor``: `a.matmul(b)`, `a.outer(b)`, `Tensor.einsum(…)`.
///
/// Matrices are a tensor's last two dimensions; those in front are batches, which broadcast where
/// two tensors meet. What goes to LAPACK takes `float32` and `float64`. All of it is differentiable,
/// twice too, where PyTorch's is.
///
/// A matrix that an algorithm cannot take (singular, not positive-definite, not finite) stops with
/// a message that says which one of the batch it is. Where that is to be expected, ``choleskyEx(_:upper:)``,
/// ``invEx(_:)``, ``solveEx(_:_:left:)`` and ``luFactorEx(_:)`` report it for each matrix instead.
public enum Linalg {}

extension Linalg {
  /// Stops unless LAPACK takes the operands' dtype, one for all. Operations ask in their forward pass,
  /// when operands have been cast.
  static func requireRealNumbers(_ name: String, _ operands: Tensor...) {
    let dtype = operands[0].dtype
    require(
      dtype == .float32 || dtype == .float64, name,
      "needs float32 or float64, not \(dtype); convert first")
    for operand in operands.dropFirst() { requireSameDType(name, operands[0], operand) }
  }

  /// Stops unless a tensor holds matrices.
  static func requireMatrices(_ name: String, _ a: Tensor, square: Bool = false) {
    require(a.rank >= 2, name, "a matrix or a batch of them is expected, not \(a.shape)")
    if square {
      require(a.size(-1) == a.size(-2), name, "square matrices are expected, not \(a.shape)")
    }
  }

  /// Stops unless two operands share their dtype.
  static func requireSameDType(_ name: String, _ a: Tensor, _ b: Tensor) {
    require(
      Autocast.agree(a.dtype, b.dtype), name, "operands differ in dtype: \(a.dtype) and \(b.dtype)")
  }

  /// The batch that the dimensions before the last two of two tensors broadcast to.
  static func batch(_ name: String, _ a: Tensor, _ b: Tensor) -> [Int] {
    guard let batch = broadcastShape(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2))) else {
      fail(name, "batch dimensions do not broadcast: \(a.shape) and \(b.shape)")
    }
    return batch
  }

  /// Stops at the first matrix where a routine did not succeed.
  /// - Parameter info: LAPACK's report for each matrix; 0 stands for success.
  static func requireSuccess(_ name: String, _ info: Tensor, _ reason: (Int) -> String) {
    let reports = info.array(of: Int32.self)
    guard let index = reports.firstIndex(where: { $0 != 0 }) else { return }
    let which = info.rank == 0 ? "the matrix" : "matrix \(index) of the batch \(info.shape)"
    fail(name, "\(which) \(reason(Int(reports[index])))")
  }

  /// Why factors with a zero on the diagonal are of no use.
  static func singular(_ info: Int) -> String {
    info < 0
      ? "holds NaN or infinity" : "is singular: diagonal element \(info) of its factor U is 0"
  }

  /// Why an iteration ended without a result.
  static func notConverged(_ info: Int) -> String {
    info < 0
      ? "holds NaN or infinity" : "is ill-conditioned: \(info) elements did not converge"
  }
}
