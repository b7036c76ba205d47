import Testing
import Torus

/// All 65,536 numbers of each half type beside the same in float32. Each test is a process of its own: the
/// level that it sets holds for all threads.
@Suite("Half types, number by number")
struct HalfNumberTests {
  @Test("a table's rows get float32's sums of their gradients, rounded once")
  func embedding() {
    let generator = Generator(seed: 2)
    let index = Tensor.randint(0, 9, [40], generator: generator)
    for dtype in [DType.bfloat16, .float16] {
      let slope = Tensor.randn([40, 21], generator: generator).to(dtype)
      for (padding, scales) in [(nil, false), (3, false), (0, true)] as [(Int?, Bool)] {
        let gradients = [dtype, .float32].map { type in
          let table = Tensor.zeros([12, 21], dtype: type).requiringGrad()
          F.embedding(index, table, paddingIdx: padding, scaleGradByFreq: scales)
            .backward(gradient: slope.to(type))
          return table.grad!
        }
        expectSame(gradients[0], gradients[1], "padding \(padding ?? -1), scaled \(scales)")
        #expect(gradients[0].any().item(Bool.self))
      }
    }
  }

  @Test("functions give float32's results, rounded once, at every level")
  func functions() async {
    await #expect(processExitsWith: .success) {
      eachLevel { level, x in
        for (name, function) in unary {
          expectSame(function(x), function(x.to(.float32)), "\(name) at \(level)")
          // Too few for a group, and some that are left behind one.
          for count in [5, 45] {
            let few = x[30000..<(30000 + count)]
            expectSame(
              function(few), function(few.to(.float32)), "\(name) of \(count) at \(level)")
          }
        }
      }
    }
  }

  @Test("operations on two give float32's results, rounded once, at every level")
  func operations() async {
    await #expect(processExitsWith: .success) {
      eachLevel { level, x in
        let y = x.flipped(dims: [0]), (a, b) = (x.to(.float32), x.flipped(dims: [0]).to(.float32))
        let one = Tensor.full([], 3, dtype: x.dtype), wide = one.to(.float32)
        for (name, operation) in binary {
          expectSame(operation(x, y), operation(a, b), "\(name) at \(level)")
          expectSame(operation(x, one), operation(a, wide), "\(name), one right, at \(level)")
          expectSame(operation(one, x), operation(wide, a), "\(name), one left, at \(level)")
        }
        expectSame(x.addcmul(y, x), a.addcmul(b, a), "addcmul at \(level)")
      }
    }
  }

  @Test("the largest and smallest of rows are float32's at every level")
  func extremes() async {
    await #expect(processExitsWith: .success) {
      eachLevel { level, x in
        for width in [1, 7, 64, 300] {
          let count = 65536 / width
          let rows = x[..<(count * width)].reshaped(count, width), wide = rows.to(.float32)
          expectSame(rows.amax(dim: 1), wide.amax(dim: 1), "the largest of \(width) at \(level)")
          expectSame(rows.amin(dim: 1), wide.amin(dim: 1), "the smallest of \(width) at \(level)")
        }
      }
    }
  }
}

private var unary: [(String, (Tensor) -> Tensor)] {
  [
    ("exp", { $0.exp() }), ("sigmoid", { $0.sigmoid() }), ("silu", { F.silu($0) }),
    ("tanh", { $0.tanh() }), ("sqrt", { $0.sqrt() }), ("relu", { F.relu($0) }),
    ("hardswish", { F.hardswish($0) }), ("expm1", { $0.expm1() }), ("log", { $0.log() }),
    ("erf", { $0.erf() }), ("gelu", { F.gelu($0) }), ("scaled", { $0 * 0.3 }),
    ("sin", { $0.sin() }),
    (
      "SiLU's gradient",
      {
        let x = $0.detach().requiringGrad()
        return grad(of: [F.silu(x).sum()], withRespectTo: [x])[0] ?? x
      }
    ),
  ]
}

private var binary: [(String, (Tensor, Tensor) -> Tensor)] {
  [
    ("sum", { $0 + $1 }), ("product", { $0 * $1 }), ("quotient", { $0 / $1 }),
    ("maximum", { $0.maximum($1) }), ("copysign", { $0.copysign($1) }),
  ]
}

private func eachLevel(_ body: (Compute.Level, Tensor) -> Void) {
  let bits = (0..<65536).map { UInt16($0) }
  var count = 0
  for level in Compute.Level.allCases where Compute.use(level) {
    count += 1
    body(level, Tensor(bits.map(BFloat16.init(bitPattern:))))
    body(level, Tensor(bits.map(Float16.init(bitPattern:))))
  }
  #expect(count > 0)
}

/// The same number in each place, once the second ones are rounded, or a NaN in both.
private func expectSame(_ a: Tensor, _ b: Tensor, _ name: String) {
  let (x, y) = (a.to(.float32), b.to(a.dtype).to(.float32))
  let same = x.eq(y).logicalOr(x.isNaN().logicalAnd(y.isNaN()))
  #expect(same.all().item(Bool.self), "\(a.dtype): \(name)")
}
