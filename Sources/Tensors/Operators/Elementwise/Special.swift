import CKernels

/// Functions of `torch.special` beyond the elementary ones.
extension Tensor {
  /// The derivative of ``lgamma()`` (`torch.digamma`). Its own derivative is not provided.
  public func digamma() -> Tensor {
    let x = dtype.isFloatingPoint ? self : to(.float32)
    return Tensor.applyConstant("digamma", [x]) { Kernel.unary("digamma", TORUS_DIGAMMA, $0[0]) }
  }
}
