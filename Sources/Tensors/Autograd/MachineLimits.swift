/// What the machine reaches at best with the threads that compute now: the measure of a ``Profile``.
public struct MachineLimits: Sendable {
  /// 10⁹ additions and multiplications a second of a product of 1024 × 1024 matrices.
  public let gflops: Double
  /// 10⁹ bytes a second where two tensors of 64 MiB are added into a third.
  public let bandwidth: Double
  /// The element type of the product.
  public let dtype: DType

  /// Limits that were measured before.
  public init(gflops: Double, bandwidth: Double, dtype: DType = .float32) {
    (self.gflops, self.bandwidth, self.dtype) = (gflops, bandwidth, dtype)
  }

  /// Measures them, the best of three tries each: some tenths of a second and 192 MiB.
  /// - Parameter dtype: What is multiplied.
  public static func measured(_ dtype: DType = .float32) -> MachineLimits {
    noGrad {
      func best(_ body: () -> Tensor) -> Double {
        // The first try finds memory and threads cold.
        let times = (0..<4).map { _ in
          let start = ContinuousClock.now
          withExtendedLifetime(body()) {}
          return (ContinuousClock.now - start) / .seconds(1)
        }
        return max(times.dropFirst().min() ?? 0, 1e-9)
      }
      let side = 1024
      let matrix = Tensor.ones([side, side], dtype: dtype)
      let product = best { matrix.matmul(matrix) }
      let count = 16 << 20
      let (a, b) = (Tensor.ones([count]), Tensor.ones([count]))
      let sum = best { a + b }
      return MachineLimits(
        gflops: 2e-9 * Double(side * side * side) / product,
        bandwidth: 1e-9 * Double(3 * 4 * count) / sum, dtype: dtype)
    }
  }

  /// How near a row comes to what bounds it: products to ``gflops``, what else there is to ``bandwidth``
  /// in its forward pass. Above 1 where operands lie in the caches; nil of what moves no bytes there.
  public func fraction(of row: Profile.Row) -> Double? {
    if row.multiplyAdds > 0 { return row.gflops / gflops }
    return row.forwardBytes > 0 ? row.forwardBandwidth / bandwidth : nil
  }
}
