import Foundation
import TensorTesting
import Testing
import Torus

/// One row per function; each is checked by values that PyTorch gives in `float64`
/// (`torch.NAME(torch.tensor(x, dtype=torch.float64))`) and by central differences, of its gradient
/// and of its gradient's.
@Suite("Elementwise functions")
struct ElementwiseTests {
  struct UnaryRow: CustomTestStringConvertible, Sendable {
    let name: String
    let domain: ClosedRange<Double>
    let golden: [(Double, Double)]
    let function: @Sendable (Tensor) -> Tensor
    var testDescription: String { name }

    init(
      _ name: String, _ domain: ClosedRange<Double>, _ golden: [(Double, Double)],
      _ function: @escaping @Sendable (Tensor) -> Tensor
    ) {
      self.name = name
      self.domain = domain
      self.golden = golden
      self.function = function
    }
  }

  static let unary: [UnaryRow] = [
    UnaryRow("abs", -2...2, [(-1.6, 1.6), (1.4, 1.4)]) { $0.abs() },
    UnaryRow("acos", -0.9...0.9, [(-0.72, 2.374598645727927), (0.63, 0.8892431152317797)]) {
      $0.acos()
    },
    UnaryRow("acosh", 1.2...3, [(1.38, 0.8462971345012561), (2.73, 1.6620789178491766)]) {
      $0.acosh()
    },
    UnaryRow("asin", -0.9...0.9, [(-0.72, -0.80380231893303), (0.63, 0.681553211563117)]) {
      $0.asin()
    },
    UnaryRow("asinh", -2...2, [(-1.6, -1.2489833279048763), (1.4, 1.1379820462933672)]) {
      $0.asinh()
    },
    UnaryRow("atan", -2...2, [(-1.6, -1.0121970114513341), (1.4, 0.9505468408120751)]) {
      $0.atan()
    },
    UnaryRow("atanh", -0.9...0.9, [(-0.72, -0.9076449833191245), (0.63, 0.7414161440812689)]) {
      $0.atanh()
    },
    UnaryRow("cos", -3...3, [(-2.4, -0.7373937155412454), (2.1, -0.5048461045998576)]) { $0.cos() },
    UnaryRow("cosh", -2...2, [(-1.6, 2.5774644711948853), (1.4, 2.1508984653931407)]) { $0.cosh() },
    UnaryRow("deg2rad", -90...90, [(-72.0, -1.2566370614359172), (63.0, 1.0995574287564276)]) {
      $0.deg2rad()
    },
    UnaryRow("erf", -2...2, [(-1.6, -0.976348383344644), (1.4, 0.9522851197626488)]) { $0.erf() },
    UnaryRow("erfc", -2...2, [(-1.6, 1.976348383344644), (1.4, 0.0477148802373512)]) { $0.erfc() },
    UnaryRow("erfinv", -0.9...0.9, [(-0.72, -0.7639011317372364), (0.63, 0.6339023948388711)]) {
      $0.erfinv()
    },
    UnaryRow("exp", -2...2, [(-1.6, 0.20189651799465538), (1.4, 4.0551999668446745)]) { $0.exp() },
    UnaryRow("exp2", -2...2, [(-1.6, 0.32987697769322355), (1.4, 2.6390158215457884)]) {
      $0.exp2()
    },
    UnaryRow("expm1", -1...1, [(-0.8, -0.5506710358827784), (0.7, 1.0137527074704764)]) {
      $0.expm1()
    },
    UnaryRow("frac", 0.1...0.9, [(0.18, 0.18), (0.78, 0.78)]) { $0.frac() },
    UnaryRow("lgamma", 0.3...4, [(0.67, 0.2987731365334158), (3.445, 1.1408026807203717)]) {
      $0.lgamma()
    },
    UnaryRow("log", 0.2...4, [(0.58, -0.5447271754416722), (3.43, 1.2325602611778486)]) {
      $0.log()
    },
    UnaryRow("log10", 0.2...4, [(0.58, -0.23657200643706275), (3.43, 0.5352941200427705)]) {
      $0.log10()
    },
    UnaryRow("log1p", -0.6...3, [(-0.24, -0.2744368457017603), (2.46, 1.2412685890696329)]) {
      $0.log1p()
    },
    UnaryRow("log2", 0.2...4, [(0.58, -0.7858751946471527), (3.43, 1.7782085763980877)]) {
      $0.log2()
    },
    UnaryRow("neg", -2...2, [(-1.6, 1.6), (1.4, -1.4)]) { $0.neg() },
    UnaryRow("rad2deg", -2...2, [(-1.6, -91.67324722093173), (1.4, 80.21409131831524)]) {
      $0.rad2deg()
    },
    UnaryRow("reciprocal", 0.3...2, [(0.47, 2.127659574468085), (1.745, 0.5730659025787965)]) {
      $0.reciprocal()
    },
    UnaryRow("rsqrt", 0.2...3, [(0.48, 1.4433756729740643), (2.58, 0.6225728063646904)]) {
      $0.rsqrt()
    },
    UnaryRow("sigmoid", -3...3, [(-2.4, 0.08317269649392238), (2.1, 0.8909031788043871)]) {
      $0.sigmoid()
    },
    UnaryRow("sin", -3...3, [(-2.4, -0.675463180551151), (2.1, 0.8632093666488737)]) { $0.sin() },
    UnaryRow("sinc", 0.2...2.5, [(0.43, 0.7224277986455261), (2.155, 0.06911679160987708)]) {
      $0.sinc()
    },
    UnaryRow("sinh", -2...2, [(-1.6, -2.37556795320023), (1.4, 1.9043015014515339)]) { $0.sinh() },
    UnaryRow("sqrt", 0.2...3, [(0.48, 0.6928203230275509), (2.58, 1.606237840420901)]) {
      $0.sqrt()
    },
    UnaryRow("square", -2...2, [(-1.6, 2.5600000000000005), (1.4, 1.9599999999999997)]) {
      $0.square()
    },
    UnaryRow("tan", -1.2...1.2, [(-0.96, -1.4283574909236105), (0.84, 1.1156323485615378)]) {
      $0.tan()
    },
    UnaryRow("tanh", -2...2, [(-1.6, -0.9216685544064713), (1.4, 0.8853516482022625)]) {
      $0.tanh()
    },
    UnaryRow("digamma", 0.3...4, [(0.67, -1.308062332165506), (3.445, 1.08482132961329)]) {
      $0.digamma()
    },
    UnaryRow("i0", -2...2, [(-1.6, 1.749980639738909), (1.4, 1.5533950997312167)]) { $0.i0() },
    UnaryRow("polygamma(2)", 0.5...3, [(0.75, -5.302633216337639), (2.625, -0.21049125926482348)]) {
      $0.polygamma(2)
    },
    UnaryRow("logit", 0.1...0.9, [(0.18, -1.5163474893680886), (0.78, 1.265666373331276)]) {
      $0.logit()
    },
    UnaryRow("pow(3)", -2...2, [(-1.6, -4.096), (1.4, 2.744)]) { $0.pow(3) },
    UnaryRow("2 to the power", -2...2, [(-1.6, 0.3298769776932235), (1.4, 2.6390158215457884)]) {
      Tensor.pow(2.0, $0)
    },
    UnaryRow("3 / x", 0.3...2, [(0.47, 6.382978723404256), (1.745, 1.7191977077363896)]) { 3 / $0 },
    UnaryRow("clamp", -2...2, [(-1.6, -1), (1.4, 1.25)]) { $0.clamp(min: -1, max: 1.25) },
  ]

  @Test("a number says its type by itself, and whole numbers leave whole ones whole")
  func plainNumbers() {
    let x = Tensor([-2.0, .nan, 3.0])
    func bits(_ tensor: Tensor) -> [UInt32] { tensor.array(of: Float.self).map(\.bitPattern) }
    for same in [
      x.maximum(-.infinity), x.minimum(.infinity), x.clamp(min: -.infinity),
      x.clamp(max: .infinity), x.clamp(min: -.infinity, max: .infinity),
    ] {
      #expect(bits(same) == bits(x))
    }
    let whole = Tensor([1, 5])
    for bounded in [
      whole.maximum(2), whole.minimum(2), whole.clamp(min: 2), whole.clamp(max: 2),
      whole.clamp(min: 2, max: 3),
    ] { #expect(bounded.dtype == .int64) }
    #expect(whole.clamp(min: 1.5).array(of: Float.self) == [1.5, 5])
    #expect(whole.maximum(1.5).dtype == .float32)
  }

  @Test("values are PyTorch's", arguments: unary)
  func values(row: UnaryRow) {
    for (x, y) in row.golden {
      let got = row.function(Tensor(x, dtype: .float64)).item()
      #expect(abs(got - y) <= 1e-12 * max(1, abs(y)), "\(row.name)(\(x)) is \(got), not \(y)")
      let single = row.function(Tensor(x)).item()
      #expect(abs(single - y) <= 2e-6 * max(1, abs(y)), "\(row.name)(\(x)) is \(single) in float32")
    }
  }

  @Test("gradients and second derivatives are central differences", arguments: unary)
  func gradients(row: UnaryRow) throws {
    let x = spread([7], from: row.domain.lowerBound, to: row.domain.upperBound)
    try gradcheck({ [row.function($0[0])] }, [x])
    try gradgradcheck({ [row.function($0[0])] }, [x])
  }

  struct BinaryRow: CustomTestStringConvertible, Sendable {
    let name: String
    /// The value at (1.25, 0.6).
    let golden: Double
    let function: @Sendable (Tensor, Tensor) -> Tensor
    var testDescription: String { name }

    init(
      _ name: String, _ golden: Double, _ function: @escaping @Sendable (Tensor, Tensor) -> Tensor
    ) {
      self.name = name
      self.golden = golden
      self.function = function
    }
  }

  static let binary: [BinaryRow] = [
    BinaryRow("add", 1.85) { $0 + $1 },
    BinaryRow("add, alpha", 2.45) { $0.add($1, alpha: 2) },
    BinaryRow("sub", 0.65) { $0 - $1 },
    BinaryRow("mul", 0.75) { $0 * $1 },
    BinaryRow("div", 2.0833333333333335) { $0 / $1 },
    BinaryRow("pow", 1.143262629818316) { $0.pow($1) },
    BinaryRow("atan2", 1.1232763516377267) { $0.atan2($1) },
    BinaryRow("hypot", 1.3865424623862048) { $0.hypot($1) },
    BinaryRow("copysign", 1.25) { $0.copysign($1) },
    BinaryRow("logaddexp", 1.6700553357027152) { $0.logAddExp($1) },
    BinaryRow("logaddexp2", 1.9613013422800112) { $0.logAddExp2($1) },
    BinaryRow("xlogy", -0.6385320297074883) { $0.xlogy($1) },
    BinaryRow("xlog1py", 0.5875045365571695) { $0.xlog1py($1) },
    BinaryRow("ldexp", 1.894645708137998) { $0.ldexp($1) },
    BinaryRow("maximum", 1.25) { $0.maximum($1) },
    BinaryRow("minimum", 0.6) { $0.minimum($1) },
    BinaryRow("fmax", 1.25) { $0.fmax($1) },
    BinaryRow("fmin", 0.6) { $0.fmin($1) },
    BinaryRow("remainder", 0.05) { $0.remainder($1) },
    BinaryRow("fmod", 0.05) { $0.fmod($1) },
    BinaryRow("clamp from below", 1.25) { $0.clamp(min: $1) },
    BinaryRow("clamp from above", 0.6) { $0.clamp(max: $1) },
    BinaryRow("lerp", 1.0875) { $0.lerp($1, weight: 0.25) },
    BinaryRow("addcmul", 2.75) { $0.addcmul($0, $1, value: 2) },
    BinaryRow("addcdiv", 5.416666666666667) { $0.addcdiv($0, $1, value: 2) },
    BinaryRow("lerp by tensors", 0.86) { $0.lerp($1, weight: $1) },
    BinaryRow("clamp between tensors", 0.9) { $0.clamp(min: $1 * 0.5, max: $1 * 1.5) },
    BinaryRow("where", 0.6) { Tensor.where($0.gt(1), $1, $0) },
  ]

  @Test("values of two operands are PyTorch's", arguments: binary)
  func values(row: BinaryRow) {
    let got = row.function(Tensor(1.25, dtype: .float64), Tensor(0.6, dtype: .float64)).item()
    #expect(abs(got - row.golden) <= 1e-12 * max(1, abs(row.golden)), "\(got)")
  }

  @Test("gradients of two operands are central differences, broadcast too", arguments: binary)
  func gradients(row: BinaryRow) throws {
    let (a, b) = (spread([3, 1, 2], from: 0.3, to: 2.2), spread([4, 1], from: 0.45, to: 1.9))
    try gradcheck({ [row.function($0[0], $0[1])] }, [a, b])
    try gradgradcheck({ [row.function($0[0], $0[1])] }, [a, b])
  }
}

@Suite("Elementwise rules")
struct ElementwiseRuleTests {
  @Test("integers divide towards -∞, or towards zero where asked, and keep the sign rules")
  func integerDivision() {
    let (a, b) = (Tensor([7, -7, 7, -7]), Tensor([2, 2, -2, -2]))
    #expect(a.floorDivide(b).array(of: Int.self) == [3, -4, -4, 3])
    #expect(a.divided(by: b, rounding: .trunc).array(of: Int.self) == [3, -3, -3, 3])
    #expect(a.remainder(b).array(of: Int.self) == [1, 1, -1, -1])
    #expect(a.fmod(b).array(of: Int.self) == [1, -1, 1, -1])
    #expect((a / b).dtype == .float32)
  }

  @Test("numbers beside tensors change the dtype by their kind only")
  func promotion() {
    let ints = Tensor([1, 2]).to(.int32)
    #expect((ints + 1).dtype == .int32)
    #expect((ints + 1.5).dtype == .float32)
    #expect((ints.to(.bool) + 1).dtype == .int64)
    #expect((Tensor([1.0], dtype: .float64) * 2.5).dtype == .float64)
    #expect((Tensor([Float(1)]).to(.bfloat16) + Tensor(2.5, dtype: .float64)).dtype == .bfloat16)
    #expect((Tensor([1]).to(.uint8) + Tensor([1]).to(.int8)).dtype == .int16)
    #expect(ints.floatPower(2).dtype == .float64)
    #expect(ints.clamp(min: 1.5).array(of: Float.self) == [1.5, 2])
  }

  @Test("integers wrap around as in PyTorch")
  func overflow() {
    #expect((Tensor([100]).to(.int8) + Tensor([100]).to(.int8)).item(Int8.self) == -56)
    #expect((Tensor([200]).to(.uint8) * 2).item(UInt8.self) == 144)
    #expect((Tensor([Int.max]) + 1).item(Int.self) == .min)
    #expect(Tensor([2]).pow(63).item(Int.self) == .min)
  }

  @Test("half precision rounds to nearest even, once an operation")
  func halves() {
    let x = Tensor([Float(256), 258]).to(.bfloat16)
    #expect((x + 1).array(of: Float.self) == [256, 260])
    let y = Tensor([Float(2048), 2050]).to(.float16)
    #expect((y + 1).array(of: Float.self) == [2048, 2052])
  }

  @Test("NaN and infinity take PyTorch's way")
  func notFinite() {
    let x = Tensor([Float.nan, .infinity, -.infinity, 0, 1])
    let y = Tensor([Float(1), 1, 1, .nan, 2])
    #expect(x.maximum(y).isNaN().array(of: Bool.self) == [true, false, false, true, false])
    #expect(x.fmax(y).array(of: Float.self) == [1, .infinity, 1, 0, 2])
    #expect(x.sign().array(of: Float.self) == [0, 1, -1, 0, 1])
    let finite = x.nanToNum(nan: 3).array(of: Float.self)
    #expect(finite == [3, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0, 1])
    #expect(Tensor([Float(0)]).xlogy(Tensor([Float(0)])).item() == 0)
    #expect(x.clamp(min: 0, max: 2).isNaN().array(of: Bool.self)[0])
    #expect(x.allClose(x, equalNaN: true) && !x.allClose(x))
    #expect(y.clamp(min: 0, max: .nan).isNaN().all().item(Bool.self))
    #expect(y.clamp(min: .nan).isNaN().all().item(Bool.self))
    #expect(Tensor([Float.infinity]).polygamma(1).item() == 0)
    let small = Tensor([Float(1e-30), -1e-25], requiresGrad: true)
    small.sinc().sum().backward()
    #expect(small.grad?.array(of: Float.self) == [0, 0])
  }

  @Test("equal operands share the gradient of a maximum")
  func ties() {
    let a = Tensor([1.0, 2], dtype: .float64).requiringGrad()
    let b = Tensor([1.0, 3], dtype: .float64).requiringGrad()
    a.maximum(b).sum().backward()
    #expect(a.grad?.array(of: Double.self) == [0.5, 0])
    #expect(b.grad?.array(of: Double.self) == [0.5, 1])
  }

  @Test("bits shift and combine")
  func bits() {
    let (a, b) = (Tensor([12, -5]), Tensor([10, 3]))
    #expect(a.bitwiseAnd(b).array(of: Int.self) == [8, 3])
    #expect(a.bitwiseOr(b).array(of: Int.self) == [14, -5])
    #expect(a.bitwiseXor(b).array(of: Int.self) == [6, -8])
    #expect(a.bitwiseLeftShift(2).array(of: Int.self) == [48, -20])
    #expect(a.bitwiseRightShift(1).array(of: Int.self) == [6, -3])
    #expect(a.bitwiseNot().array(of: Int.self) == [-13, 4])
  }

  @Test("views give the same as contiguous tensors, empty tensors nothing")
  func layouts() {
    let x = spread([3, 4])
    let view = x.transposed(0, 1).contiguous().transposed(0, 1)
    #expect(!view.isContiguous)
    #expect((view.exp() + view).equal(x.exp() + x))
    let empty = Tensor.zeros([0, 3])
    #expect((empty + 1).shape == [0, 3])
    #expect((empty * Tensor.ones([1, 3])).shape == [0, 3])
  }

  @Test("what cannot be computed stops with the reason")
  func refusals() async {
    let r0 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([2, 3]) + Tensor.zeros([2]) }
    #expect(says("shapes do not broadcast: [2, 3] and [2]", r0))
    let r1 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor([1]).remainder(0) }
    #expect(says("remainder: integer division by zero", r1))
    let r2 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor([true]) - Tensor([false]) }
    #expect(says("subtraction of bool tensors", r2))
    let r3 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor([2]).pow(-1) }
    #expect(says("integers to a negative integer power", r3))
    let r4 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor([1.0], dtype: .float64).lerp(Tensor([Float(1)]), weight: 0.5) }
    #expect(says("lerp: dtypes differ", r4))
    let r5 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor([1.0], dtype: .float64).clamp() }
    #expect(says("clamp: a lower or an upper bound", r5))
    let r6 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor([1.0], dtype: .float64).maskedFill(Tensor([1]), 0) }
    #expect(says("maskedFill: the mask must be bool", r6))
  }
}
