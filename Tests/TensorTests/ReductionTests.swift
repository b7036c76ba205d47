import Foundation
import TensorTesting
import Testing
import Torus

/// One row per reduction or scan, checked by what PyTorch gives for the same numbers in `float64`,
/// by central differences of its gradient and of its gradient's, and on a view.
@Suite("Reductions and scans")
struct ReductionTests {
  struct Row: CustomTestStringConvertible, Sendable {
    let name: String
    let golden: [Double]
    let function: @Sendable (Tensor) -> Tensor
    var testDescription: String { name }

    init(_ name: String, _ golden: [Double], _ function: @escaping @Sendable (Tensor) -> Tensor) {
      self.name = name
      self.golden = golden
      self.function = function
    }
  }

  static let rows: [Row] = [
    Row("sum", [-4.695584415584415, 1.07064935064935, 1.901818181818183, -0.331948051948052]) {
      $0.sum(dim: 1)
    },
    Row("mean", [-0.682077922077922, 0.162077922077922, 0.006233766233766]) {
      $0.mean(dims: [0, 2])
    },
    Row("prod", [-3.796454154700755, 0.036786854382925, -6.68841192511385, 0.001332674290796]) {
      $0.prod(dim: 1)
    },
    Row("nansum", [-4.695584415584415, 1.07064935064935, 1.901818181818183, -0.331948051948052]) {
      $0.nanSum(dims: [1])
    },
    Row("logsumexp", [2.643022702297244, 1.950033863018635]) { $0.logSumExp(dims: [0, 1]) },
    Row("amax", [-1.409350649350649, 0.512727272727273, 1.967272727272728, 0.045194805194805]) {
      $0.amax(dims: [1])
    },
    Row("amin", [-1.876883116883117, -0.266493506493507]) { $0.amin(dims: [0, 1]) },
    Row("var", [0.024287400910778, 0.024287400910778, 4.734244110867488, 0.024287400910778]) {
      $0.var(dims: [1])
    },
    Row("std", [1.67189263322833, 0.2661545653496]) { $0.std(dims: [0, 1], correction: 0) },
    Row("norm", [2.719941017089887, 0.656255650771999, 3.267128048806737, 0.292069577701828]) {
      $0.norm(dims: [1])
    },
    Row("norm1", [4.695584415584415, 1.07064935064935, 5.655584415584416, 0.422337662337662]) {
      $0.norm(1, dims: [1])
    },
    Row("norm3", [2.272223757536283, 0.573241440719745, 2.722047840595268, 0.273119156745603]) {
      $0.norm(3, dims: [1])
    },
    Row("norminf", [1.721038961038961, 0.512727272727273, 1.967272727272728, 0.266493506493507]) {
      $0.norm(.infinity, dims: [1])
    },
    Row("max", [-1.409350649350649, 0.512727272727273, 1.967272727272728, 0.045194805194805]) {
      $0.max(dim: 1).values
    },
    Row("median", [-1.565194805194805, 0.356883116883117, 1.811428571428572, -0.110649350649351]) {
      $0.median(dim: 1).values
    },
    Row("mode", [-1.721038961038961, 0.201038961038961, -1.876883116883117, -0.266493506493507]) {
      $0.mode(dim: 1).values
    },
    Row("quantile", [-1.627532467532468, 0.294545454545454, 0.336103896103896, -0.172987012987013])
    { $0.quantile(0.3, dim: 1) },
    Row("cumsum", [-4.695584415584415, 1.07064935064935, 1.901818181818183, -0.331948051948052]) {
      $0.cumsum(dim: 1).select(dim: 1, index: -1)
    },
    Row("cumprod", [-3.796454154700755, 0.036786854382925, -6.68841192511385, 0.001332674290796]) {
      $0.cumprod(dim: 1).select(dim: 1, index: -1)
    },
    Row(
      "logcumsumexp", [-0.458503044470317, 1.463574877607605, 2.59699916031342, 0.996042410075137]
    ) { $0.logCumSumExp(dim: 1).select(dim: 1, index: -1) },
    Row("cummax", [-1.409350649350649, 0.512727272727273, 1.967272727272728, 0.045194805194805]) {
      $0.cummax(dim: 1).values.select(dim: 1, index: 1)
    },
    Row("cov", [1.127744982290437, -0.534592680047226, -0.534592680047226, 2.06973632428178]) {
      $0.reshaped(2, 6).cov()
    },
    Row("corrcoef", [1.0, -0.349912973852797, -0.349912973852797, 1.0]) {
      $0.reshaped(2, 6).corrcoef()
    },
    Row(
      "trapezoid", [-1.565194805194805, 0.356883116883117, 0.967272727272728, -0.110649350649351]
    ) { $0.trapezoid(dx: 0.5, dim: 1) },
    Row("diff", [0.0, 0.0, -4.0, 0.0]) { $0.diff(n: 2, dim: 1) },
    Row("renorm", [-0.503701002203378, 0.183248392618774, -0.572193046382908, 0.013778243851457]) {
      $0.renorm(p: 2, dim: 0, maxNorm: 1).select(dim: 1, index: 0)
    },
    Row("dist", [4.457498687704774]) { $0[0].dist($0[1], p: 3) },
  ]

  @Test("values are PyTorch's", arguments: rows)
  func values(row: Row) {
    let x = spread([2, 3, 2])
    let got = row.function(x).array(of: Double.self)
    #expect(got.count == row.golden.count)
    for (a, b) in zip(got, row.golden) { #expect(abs(a - b) <= 1e-12 * max(1, abs(b))) }
    let order = [2, 1, 0]
    let view = x.permuted(order).contiguous().permuted(order)
    #expect(row.function(view).allClose(row.function(x), rtol: 1e-12))
    let half = row.function(x.to(.float32))
    #expect(half.allClose(row.function(x).to(.float32), rtol: 1e-4, atol: 1e-5))
  }

  /// What PyTorch 2.13 gives.
  @Test("renorm passes the gradient of a slice on that it leaves alone")
  func unscaledSlices() {
    let x = Tensor([[3.0, 4], [.nan, 1], [0, 0], [0.1, 0.2]]).requiringGrad()
    let y = x.renorm(p: 2, dim: 0, maxNorm: 1)
    (y * Tensor([1.0, 2])).sum().backward()
    let expected: [Float] = [-0.064, 0.048, 1, 2, 1, 2, 1, 2]
    let got = x.grad?.array(of: Float.self) ?? []
    #expect(zip(got, expected).allSatisfy { abs($0 - $1) < 1e-5 }, "\(got)")
    let zero = Tensor([[0.0, 0], [1, 0]]).requiringGrad()
    zero.renorm(p: 1, dim: 0, maxNorm: 0).sum().backward()
    #expect(zero.grad?.array(of: Float.self) == [1, 1, 0, 0])
  }

  @Test("gradients and second derivatives are central differences", arguments: rows)
  func gradients(row: Row) throws {
    let x = spread([2, 3, 2])
    try gradcheck({ [row.function($0[0])] }, [x])
    try gradgradcheck({ [row.function($0[0])] }, [x])
  }
}

@Suite("Reductions' rules")
struct ReductionRuleTests {
  @Test("integers and bools add up in int64, uint8 keeps its truth")
  func dtypes() {
    #expect(Tensor([true, true]).sum().dtype == .int64)
    #expect(Tensor([100, 100]).to(.int8).sum().item(Int.self) == 200)
    #expect(Tensor([100, 100]).to(.uint8).prod().item(Int.self) == 10_000)
    #expect(Tensor([3]).to(.uint8).any().dtype == .uint8)
    #expect(Tensor([300.0], dtype: .float64).sum(dtype: .int32).dtype == .int32)
    #expect(Tensor([true, true]).cumsum(dim: 0).array(of: Int.self) == [1, 2])
  }

  @Test("empty reductions give the neutral element, or NaN, or stop")
  func empty() {
    let none = Tensor.zeros([2, 0])
    #expect(none.sum(dim: 1).array(of: Float.self) == [0, 0])
    #expect(none.prod().item() == 1)
    #expect(none.mean().item().isNaN)
    #expect(none.logSumExp(dim: 1).array(of: Float.self) == [-.infinity, -.infinity])
    #expect(none.all().item(Bool.self) && !none.any().item(Bool.self))
    #expect(none.amax(dims: [0]).shape == [0])
    #expect(none.cumsum(dim: 1).shape == [2, 0])
  }

  @Test("NaN wins over numbers in extrema and medians, and is left out where asked")
  func nan() {
    let x = Tensor([2, .nan, 1, 5], dtype: .float64)
    #expect(x.amax().item().isNaN)
    #expect(x.argmax().item(Int.self) == 1)
    #expect(x.median().item().isNaN)
    #expect(x.nanMedian().item() == 2)
    #expect(x.nanSum().item() == 8)
    #expect(x.nanMean().item() == 8.0 / 3)
    #expect(x.quantile(0.5).item().isNaN)
    #expect(x.nanQuantile(0.5).item() == 2)
    #expect(x.cummax(dim: 0).indices.array(of: Int.self) == [0, 1, 1, 1])
  }

  @Test("a scalar tensor may be reduced over its dimension 0 or -1")
  func scalars() {
    let x = Tensor(3.0, dtype: .float64)
    #expect(x.sum(dim: 0).item() == 3)
    #expect(x.max(dim: -1).values.item() == 3)
    #expect(x.cumsum(dim: 0).shape == [])
    #expect(x.var(correction: 0).item() == 0)
    #expect(x.logSumExp(dim: 0).item() == 3)
  }

  @Test("equal extrema share the gradient evenly; the index form gives it to one")
  func ties() {
    let x = Tensor([1.0, 3, 3], dtype: .float64).requiringGrad()
    x.amax().backward()
    #expect(x.grad?.array(of: Double.self) == [0, 0.5, 0.5])
    let y = Tensor([1.0, 3, 3], dtype: .float64).requiringGrad()
    y.max(dim: 0).values.backward()
    #expect(y.grad?.array(of: Double.self) == [0, 1, 0])
  }

  @Test("products of numbers that hold zeros have the right gradients")
  func zeros() throws {
    for values in [[2.0, 0, 3], [0.0, 0, 3]] {
      try gradcheck({ [$0[0].prod()] }, [Tensor(values, dtype: .float64)])
      try gradcheck({ [$0[0].cumprod(dim: 0)] }, [Tensor(values, dtype: .float64)])
      try gradgradcheck({ [$0[0].cumprod(dim: 0)] }, [Tensor(values, dtype: .float64)])
    }
  }

  @Test("a deviation of 0 has a gradient of 0")
  func flat() {
    let x = Tensor([2.0, 2, 2], dtype: .float64).requiringGrad()
    x.std().backward()
    #expect(x.grad?.array(of: Double.self) == [0, 0, 0])
  }

  @Test("quantiles between two elements, by every rule")
  func interpolation() {
    let x = Tensor([1.0, 2, 4, 8], dtype: .float64)
    let expected: [(QuantileInterpolation, Double)] = [
      (.linear, 3.6), (.lower, 2), (.higher, 4), (.nearest, 4), (.midpoint, 3),
    ]
    for (rule, value) in expected {
      #expect(abs(x.quantile(0.6, interpolation: rule).item() - value) < 1e-12, "\(rule)")
    }
    let two = x.quantile(Tensor([0.0, 1.0], dtype: .float64), dim: 0, keepDim: true)
    #expect(two.shape == [2, 1] && two.array(of: Double.self) == [1, 8])
  }

  @Test("half precision is summed in float32 and rounded once")
  func halves() {
    let x = Tensor.ones([4096], dtype: .bfloat16)
    #expect(x.sum().item() == 4096)
    #expect(x.mean().item() == 1)
    #expect(Tensor.full([10], 0.1, dtype: .float16).sum().dtype == .float16)
  }

  @Test("elements are counted into bins")
  func counting() {
    let x = Tensor([Float(0), 0.5, 1, 2, 2.5, 9])
    #expect(x.histc(bins: 4, min: 0, max: 2).array(of: Float.self) == [1, 1, 1, 1])
    #expect(Tensor([1, 1, 4]).bincount().array(of: Int.self) == [0, 2, 0, 0, 1])
    let weighted = Tensor([1, 1]).bincount(
      weights: Tensor([0.5, 0.25], dtype: .float64), minLength: 3)
    #expect(weighted.array(of: Double.self) == [0, 0.75, 0])
  }

  @Test("what cannot be reduced stops with the reason")
  func refusals() async {
    let r0 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([2, 3]).sum(dim: 2) }
    #expect(says("sum: dimension 2 is out of range", r0))
    let r1 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([2, 3]).mean(dims: [0, -2]) }
    #expect(says("a dimension appears twice", r1))
    let r2 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor([1, 2]).mean() }
    #expect(says("mean: needs a floating-point tensor", r2))
    let r3 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([2, 0]).amax(dims: [1]) }
    #expect(says("amax: dimension 1 is empty", r3))
    let r4 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([4]).quantile(1.5) }
    #expect(says("quantile: q must lie between 0 and 1", r4))
    let r5 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor([1, -1]).bincount() }
    #expect(says("bincount: numbers must not be negative", r5))
    let r6 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor([1]).logCumSumExp(dim: 0) }
    #expect(says("logcumsumexp: needs a floating-point tensor", r6))
  }
}
