import NN
import Tensors
import Testing

/// Elementwise operations of compiled functions are computed in one pass, with the bits of eager computation.
@Suite struct CompiledChainTests {
  private static func bits(_ tensors: [Tensor]) -> [[UInt64]] {
    tensors.map { $0.to(.float64).array(of: Double.self).map(\.bitPattern) }
  }

  @Test("what stands in one chain, and what ends it")
  func chains() {
    func names(_ function: @escaping (Tensor) -> Tensor) -> [[String]] {
      let compiled = compile(function)
      for _ in 0..<3 { _ = compiled(Tensor.ones([4, 4])) }
      #expect(compiled.replayCount == 1)
      return compiled.chains
    }
    #expect(names { ($0 * 2 + 1).tanh() } == [["mul", "add", "tanh"]])
    // One operation is no chain, and a sum reads all of what comes before.
    #expect(names { $0.exp().sum() } == [])
    #expect(names { ($0 * 2).exp() / ($0 * 2).exp().sum() } == [["mul", "exp", "mul", "exp"]])
    // A product in between that reads nothing of the chain does not end it.
    #expect(names { x in (x * 2).sigmoid() * x.matmul(x) } == [["mul", "sigmoid", "mul"]])
    #expect(names { x in ((x + 1) * x.sum(dim: 0)).to(.bfloat16) } == [["add", "mul", "to"]])
    #expect(names { x in Tensor.where(x.gt(0), x, -x) } == [["gt", "neg", "where"]])
    // Whole numbers may have to stop at a zero.
    #expect(names { x in (x.to(.int64) + 1).floorDivide(x.to(.int64)) } == [])
  }

  @Test("long chains are divided")
  func longChains() {
    func function(_ x: Tensor) -> Tensor {
      (1...40).reduce(x) { ($0 * Tensor(1 + 1 / Double($1))).sin() }
    }
    let x = Tensor.randn([3, 700], generator: Generator(seed: 3))
    let compiled = compile { (x: Tensor) in function(x) }
    for _ in 0..<3 { #expect(Self.bits([compiled(x)]) == Self.bits([function(x)])) }
    #expect(compiled.chains.count > 1 && compiled.chains.map(\.count).reduce(0, +) == 80)
  }

  @Test(
    "a chain's gradients are computed in one pass, where all of them are wanted and nobody looks on"
  )
  func gradientPasses() {
    // That other memory of the process has a source changes nothing.
    let postponed = Init.postponed { Linear(64, 64) }
    defer { withExtendedLifetime(postponed) {} }
    func function(_ x: Tensor, _ y: Tensor) -> [Tensor] {
      let gate = (x * y).sigmoid()
      return [gate * x + (1 - gate) * y, gate * 2, x.sum()]
    }
    let compiled = compile { (x: Tensor, y: Tensor) in function(x, y) }
    func run(
      _ function: (Tensor, Tensor) -> [Tensor], _ walk: ([Tensor], Tensor, Tensor) -> [Tensor?]
    ) -> [[UInt64]] {
      let generator = Generator(seed: 2)
      let x = Tensor.randn([6, 5], generator: generator).requiringGrad()
      let y = Tensor.randn([5], generator: generator).requiringGrad()
      let gradients = walk(function(x, y), x, y)
      return Self.bits(gradients.compactMap { $0 } + [x.grad, y.grad].compactMap { $0 })
    }
    func passes(
      _ walk: ([Tensor], Tensor, Tensor) -> [Tensor?],
      sourceLocation: SourceLocation = #_sourceLocation
    ) -> Int {
      let before = compiled.gradientPassCount
      #expect(
        run({ compiled($0, $1) }, walk) == run(function, walk), sourceLocation: sourceLocation)
      return compiled.gradientPassCount - before
    }
    for _ in 0..<2 { _ = run({ compiled($0, $1) }) { _, _, _ in [] } }

    func all(_ results: [Tensor]) -> Tensor { results.reduce(Tensor(0.0)) { $0 + ($1 * 3).sum() } }
    #expect(
      passes { results, _, _ in
        all(results).backward()
        return []
      } == 1)
    // One result alone, then the other: each by the way that is there.
    #expect(
      passes { results, _, _ in
        results[0].sum().backward(retainGraph: true)
        results[0].square().sum().backward()
        return []
      } == 2)
    #expect(
      passes { results, _, _ in
        results[1].sum().backward(retainGraph: true)
        all(results).backward()
        return []
      } == 2)
    #expect(
      passes { results, x, y in
        grad(of: [all(results)], withRespectTo: [x, y])
      } == 1)
    // A walk that is recorded takes the gradients one by one; the one for second derivatives is not.
    #expect(
      passes { results, x, y in
        let first = grad(of: [all(results)], withRespectTo: [x, y], createGraph: true)
        return first + grad(of: [first[0] ?? x].map { $0.sum() }, withRespectTo: [y])
      } == 1)
    #expect(
      passes { results, _, _ in
        _ = traceOperations { all(results).backward() }
        return []
      } == 0)
  }

  /// A function of random operations: elementwise ones, and some in between that chains cannot take up.
  private struct Program {
    private let steps: [(inout [Tensor]) -> Void]

    init(seed: UInt64, count: Int) {
      let draws = Tensor.randint(0, 1 << 20, [count, 4], generator: Generator(seed: seed))
      steps = (0..<count).map { row in
        let draw = draws[row].array(of: Int.self)
        return { pool in
          func pick(_ index: Int) -> Tensor { pool[draw[index] % pool.count] }
          // Results are as large as the first tensor, whatever broadcasts.
          let x = pick(1) + pool[0] * 0.25
          let (y, z) = (pick(2), pick(3))
          pool.append(Self.compute(draw[0] % 30, x, y, z))
          if pool.count > 9 { pool.remove(at: 6) }
        }
      }
    }

    private static func compute(_ kind: Int, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      switch kind {
      case 0: -x
      case 1: x.abs()
      case 2: x.tanh()
      case 3: F.gelu(x)
      case 4: F.silu(x)
      case 5: F.relu(x)
      case 6: (x.abs() + 1).sqrt()
      case 7: (x.abs() + 0.5).rsqrt()
      case 8: x.clamp(min: -0.75, max: 1.5)
      case 9: x.square()
      case 10: x.abs().pow(1.7)
      case 11: x / 4
      case 12: x / 3
      case 13: 1 - x
      case 14, 15: x + y
      case 16: x - y
      case 17, 18: x * y
      case 19: x / (y.abs() + 1)
      case 20: x.maximum(y)
      case 21: x.addcmul(y, z, value: 0.5)
      case 22: Tensor.where(x.gt(y), x, z.to(x.dtype))
      case 23: Tensor.where(y.isFinite().logicalAnd(x.le(z)), y, x)
      case 24: x.to(.bfloat16).to(x.dtype)
      case 25: x.lerp(x.cos(), weight: 0.3)
      case 26: F.softmax(x, dim: -1)
      case 27: x - x.mean(dim: -1, keepDim: true)
      case 28: x.transposed(0, 1).contiguous().transposed(0, 1).sigmoid()
      default: x.clamp(min: 0).add(y, alpha: 0.3)
      }
    }

    func callAsFunction(_ inputs: [Tensor]) -> [Tensor] {
      var pool = inputs
      for step in steps { step(&pool) }
      return Array(pool.suffix(3))
    }
  }

  /// The results of a function and the inputs' gradients, of several calls.
  private static func run(
    _ function: ([Tensor]) -> [Tensor], _ shape: [Int], _ dtype: DType, records: Bool
  ) -> [[UInt64]] {
    let generator = Generator(seed: 11)
    return (0..<4).flatMap { _ -> [[UInt64]] in
      let (rows, columns) = (shape[0], shape[1])
      let inputs = [
        [rows, columns], [rows, columns], [columns], [rows, 1], [], [columns, rows],
      ].map { shape in
        var input = Tensor.randn(shape, generator: generator).to(dtype)
        if shape == [columns, rows] { input = input.transposed(0, 1) }
        if shape == [rows, columns] { input = input.contiguous() }
        return records ? input.detach().requiringGrad() : input
      }
      let results = function(inputs)
      if records {
        results.map { ($0.to(.float32) * 0.5).sum() }.reduce(Tensor(0.0)) { $0 + $1 }.backward()
      }
      return bits(results.map { $0.detach() } + inputs.compactMap(\.grad))
    }
  }

  @Test(
    "random functions have the bits of eager computation, and so have their gradients",
    arguments: [DType.float32, .float64, .bfloat16, .float16])
  func randomFunctions(dtype: DType) {
    var (operations, passes) = (0, 0)
    for seed in 0..<24 {
      let program = Program(seed: UInt64(seed), count: 8 + seed % 7)
      // Beyond 16,384 elements nodes compute again what is cheap.
      let shape = seed % 3 == 0 ? [37, 530] : seed % 3 == 1 ? [5, 7] : [1, 1]
      let records = seed % 4 != 3
      let compiled = compile { (inputs: [Tensor]) in program(inputs) }
      let got = Self.run({ compiled($0) }, shape, dtype, records: records)
      let expected = Self.run({ program($0) }, shape, dtype, records: records)
      #expect(got == expected, "seed \(seed)")
      #expect(compiled.replayCount == 2, "\(compiled.fallback ?? "")")
      operations += compiled.chains.map(\.count).reduce(0, +)
      passes += compiled.gradientPassCount
    }
    #expect(operations > 300 && passes > 20, "\(operations) operations, \(passes) passes")
  }
}
