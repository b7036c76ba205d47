import Foundation
import TensorTesting
import Testing
import Torus

/// The kernels of every instruction set that this machine has, against each other. Each test is a
/// process of its own: what it sets holds for all threads.
@Suite("Levels of the kernels")
struct LevelTests {
  @Test("elementwise functions of float32 are within 2 ulp of float64's")
  func elementwise() async {
    await #expect(processExitsWith: .success) {
      let x = Values.special(1, from: -3, to: 3)
      eachLevel { level in
        for (name, function) in Values.functions {
          let (narrow, wide) = (function(x).to(.float64), function(x.to(.float64)))
          expectClose(narrow, wide, ulp: 0x1p-23, times: 2.5, "\(name) at \(level)")
        }
      }
    }
  }

  @Test("whole numbers, comparisons, conversions and draws have the same bits at every level")
  func sameBits() async {
    await #expect(processExitsWith: .success) {
      let patterns = Tensor((0..<65536).map { Int64($0) }, dtype: .int64)
      let x = Values.special(2, from: -90000, to: 90000)
      expectSameBits("conversions") {
        [DType.bfloat16, .float16].flatMap { half in
          [x.to(half).to(.float32), (patterns.to(.float32) * 0.37 - 9000).to(half).to(.float64)]
        } + [x.clamp(min: -100, max: 100).to(.int8), x.to(.bool), patterns.to(.uint8)]
      }
      expectSameBits("whole numbers") {
        let (a, b) = (patterns.to(.int32), patterns.flipped(dims: [0]).to(.int32) % 97 + 1)
        return [a + b, a * b, a / b, a % b, -a, a.eq(b), a.lt(b), a.sum(), a.max(), a.argmax()]
      }
      expectSameBits("comparisons") {
        let y = x.flipped(dims: [0])
        return [x.eq(y), x.lt(y), x.ge(y), x.isNaN(), x.isFinite(), x.maximum(y)]
      }
      expectSameBits("draws") {
        let generator = Generator(seed: 5)
        return [DType.float32, .float64, .bfloat16, .float16].flatMap {
          [
            Tensor.rand([1003], dtype: $0, generator: generator),
            Tensor.randn([1003], dtype: $0, generator: generator),
          ]
        }
      }
    }
  }

  @Test("reductions, layers and products agree with float64's at every level")
  func layers() async {
    await #expect(processExitsWith: .success) {
      eachLevel { level in
        for layer in Values.layers {
          let (narrow, wide) = (layer.results(.float32), layer.results(.float64))
          for (index, (a, b)) in zip(narrow, wide).enumerated() {
            #expect(
              a.to(.float64).allClose(b, rtol: 2e-5, atol: 2e-5),
              "\(layer.name), result \(index), at \(level)")
          }
        }
      }
    }
  }

  @Test("the loss of half types is float32's where classes are not the last dimension")
  func lossOfHalves() {
    let x = spread([4, 7, 33], from: -3, to: 3).to(.float32)
    let classes = Tensor((0..<132).map { Int64($0 * 5 % 7) }, shape: [4, 33], dtype: .int64)
    for half in [DType.bfloat16, .float16] {
      let (a, b) = (x.to(half).requiringGrad(), x.to(half).to(.float32).requiringGrad())
      let (loss, same) = (F.crossEntropy(a, classes), F.crossEntropy(b, classes))
      #expect(loss.equal(same.to(half)))
      let (g, h) = (grad(of: [loss], withRespectTo: [a]), grad(of: [same], withRespectTo: [b]))
      #expect(g[0]?.to(.float32).allClose(h[0] ?? b, rtol: 0.01, atol: 1e-5) == true)
    }
  }

  @Test("half types give float32's results, rounded once, at every level")
  func halves() async {
    await #expect(processExitsWith: .success) {
      eachLevel { level in
        for half in [DType.bfloat16, .float16] {
          for layer in Values.rounded {
            let results = zip(layer.results(half), layer.results(.float32, rounded: half))
            for (index, (a, b)) in results.enumerated() where index == 0 || layer.readsOperands {
              #expect(
                a.to(.float32).equal(b.to(half).to(.float32)),
                "\(layer.name), result \(index), of \(half) at \(level)")
            }
          }
        }
      }
    }
  }
}

/// Runs a body at each level that this machine has, the lowest among them.
private func eachLevel(_ body: (Compute.Level) -> Void) {
  var count = 0
  for level in Compute.Level.allCases where Compute.use(level) {
    count += 1
    body(level)
  }
  #expect(count > 0)
}

/// What a body gives at any level, it gives at each.
private func expectSameBits(_ name: String, _ body: () -> [Tensor]) {
  var first: [Tensor]?
  eachLevel { level in
    let now = body()
    for (index, (a, b)) in zip(now, first ?? now).enumerated() {
      #expect(a.bits == b.bits, "\(name), result \(index), at \(level)")
    }
    first = first ?? now
  }
}

private func expectClose(
  _ a: Tensor, _ b: Tensor, ulp: Double, times: Double, _ name: String
) {
  let (a, b) = (a.array(of: Double.self), b.array(of: Double.self))
  for (x, y) in zip(a, b) {
    // Below float32's smallest normal number and above its largest the spacing is another.
    if x == y || x.isNaN && y.isNaN || x.isInfinite && abs(y) > 3.4e38 { continue }
    let room = max(abs(y), 0x1p-126) * ulp * times
    if !(abs(x - y) <= room) {
      Issue.record("\(name): \(x) for \(y)")
      return
    }
  }
}

extension Tensor {
  /// The elements as bits.
  fileprivate var bits: [UInt64] {
    dtype.isFloatingPoint
      ? to(.float64).array(of: Double.self).map(\.bitPattern)
      : to(.int64).array(of: Int64.self).map { UInt64(bitPattern: $0) }
  }
}

/// What is computed.
private enum Values {
  /// Numbers between bounds with zeros, infinities, NaN and subnormals among them.
  static func special(_ seed: UInt64, from low: Double, to high: Double) -> Tensor {
    let odd: [Float] = [0, -0, .infinity, -.infinity, .nan, 1e-40, -1e-42, 1, -1, 88, -104]
    let plain = spread([997], from: low, to: high).array(of: Double.self).map { Float($0) }
    return Tensor(plain + odd)
  }

  static let functions: [(String, @Sendable (Tensor) -> Tensor)] = [
    ("exp", { $0.exp() }), ("exp2", { $0.exp2() }), ("expm1", { $0.expm1() }),
    ("log", { $0.log() }), ("log2", { $0.log2() }), ("log1p", { $0.log1p() }),
    ("sin", { $0.sin() }), ("cos", { $0.cos() }), ("tan", { $0.tan() }),
    ("asin", { $0.asin() }), ("acos", { $0.acos() }), ("atan", { $0.atan() }),
    ("sinh", { $0.sinh() }), ("cosh", { $0.cosh() }), ("tanh", { $0.tanh() }),
    ("asinh", { $0.asinh() }), ("acosh", { $0.acosh() }), ("atanh", { $0.atanh() }),
    ("erf", { $0.erf() }), ("sqrt", { $0.sqrt() }), ("rsqrt", { $0.rsqrt() }),
    ("relu", { $0.relu() }), ("floor", { $0.floor() }), ("abs", { $0.abs() }),
    ("square", { $0.square() }), ("add", { $0 + 0.5 }), ("divide", { $0 / 3 }),
  ]

  /// A function of x and one parameter.
  struct Layer: Sendable {
    let name: String
    let x: [Int]
    /// Its shape; nil where the function reads none.
    let parameter: [Int]?
    /// Whether the gradients read operands alone, and not the result, which half types have rounded.
    let readsOperands: Bool
    let function: @Sendable (_ x: Tensor, _ parameter: Tensor) -> Tensor

    init(
      _ name: String, _ x: [Int], _ parameter: [Int]? = nil, readsOperands: Bool = true,
      _ function: @escaping @Sendable (Tensor, Tensor) -> Tensor
    ) {
      self.name = name
      self.x = x
      self.parameter = parameter
      self.readsOperands = readsOperands
      self.function = function
    }

    /// The result and the gradients of the operands, which are of `dtype` but rounded to `half` before.
    func results(_ dtype: DType, rounded half: DType = .float32) -> [Tensor] {
      func operand(_ shape: [Int], _ low: Double, _ high: Double) -> Tensor {
        spread(shape, from: low, to: high).to(half).to(dtype)
      }
      let x = operand(x, -2, 2).requiringGrad()
      let other = operand(parameter ?? [1], 0.2, 1.3).requiringGrad()
      let y = function(x, other)
      let inputs = parameter == nil ? [x] : [x, other]
      let gradients = [operand(y.shape, -1, 1.1)]
      return [y]
        + grad(of: [y], withRespectTo: inputs, gradients: gradients).compactMap { $0 }
    }
  }

  /// Layers whose half forms are the float forms of widened operands, rounded at the end.
  static let rounded: [Layer] = [
    Layer("softmax", [7, 301], readsOperands: false) { x, _ in x.softmax(dim: 1) },
    Layer("softmax of long rows", [2, 70_001], readsOperands: false) { x, _ in x.softmax(dim: 1) },
    Layer("softmax down", [3, 40, 37], readsOperands: false) { x, _ in x.softmax(dim: 1) },
    Layer("softmax far down", [700, 401], readsOperands: false) { x, _ in x.softmax(dim: 0) },
    Layer("log softmax", [9, 33], readsOperands: false) { x, _ in x.logSoftmax(dim: 1) },
    Layer("layer norm", [37, 100], [100]) { F.layerNorm($0, [100], weight: $1) },
    Layer("rms norm", [19, 65], [65]) { F.rmsNorm($0, [65], weight: $1) },
    Layer("batch norm of rows", [40, 70], [70]) { F.batchNorm($0, weight: $1, training: true) },
    Layer("batch norm of images", [3, 5, 9, 11], [5]) {
      F.batchNorm($0, weight: $1, training: true)
    },
    Layer("group norm", [3, 6, 50], [6]) { F.groupNorm($0, numGroups: 3, weight: $1) },
    Layer("max pool", [2, 3, 34, 38]) { x, _ in F.maxPool2d(x, [2]) },
    Layer("mean pool", [2, 3, 13, 17]) { x, _ in
      F.avgPool2d(x, [3], stride: [2], padding: [1])
    },
    Layer("gelu", [1237]) { x, _ in F.gelu(x) },
    Layer("silu", [1237]) { x, _ in F.silu(x) },
    Layer("mish", [33, 7]) { x, _ in F.mish(x) },
    Layer("relu", [1000]) { x, _ in x.relu() },
    Layer("tanh", [515], readsOperands: false) { x, _ in x.tanh() },
    Layer("sum of a transpose", [31, 31]) { x, _ in x + x.t.detach() },
    Layer("scaled", [700]) { x, _ in x * 0.3 },
  ]

  static let layers: [Layer] =
    rounded + [
      Layer("losses", [6, 11, 5], [11]) { x, weight in
        let classes = Tensor((0..<30).map { Int64($0 * 7 % 11) }, shape: [6, 5], dtype: .int64)
        return F.crossEntropy(x, classes, weight: weight.detach(), labelSmoothing: 0.1)
          + weight.sum()
      },
      Layer("sums", [37, 53], [53]) { ($0 * $1).sum(dim: 0) },
      Layer("variances", [37, 53]) { x, _ in x.var(dim: 1) },
      Layer("products", [33, 70], [70, 41]) { $0.matmul($1) },
      Layer("few rows", [2, 70], [90, 70]) { $0.matmul($1.t) },
      Layer("convolution", [2, 3, 17, 19], [8, 3, 3, 3]) { F.conv2d($0, $1, padding: 1) },
      Layer("attention", [2, 2, 33, 16], [2, 2, 33, 16]) {
        F.scaledDotProductAttention($0, $1, $0, isCausal: true)
      },
    ]
}
