import Foundation
import Testing
import Torus

/// What the autograd engine promises beyond single operators.
@Suite("The autograd engine")
struct EngineTests {
  private func leaf(_ values: [Double]) -> Tensor {
    Tensor(values, dtype: .float64).requiringGrad()
  }

  @Test("a chain of 50,000 operations is walked and torn down without recursion")
  func longChain() {
    let x = leaf([1])
    var y = x
    for _ in 0..<50_000 { y = y + 1.0 }
    y.sum().backward()
    #expect(x.grad?.item() == 1)
  }

  @Test("a value used several times receives the sum")
  func reuse() {
    let x = leaf([3])
    let y = x * x + x
    (y * y).sum().backward()
    // d/dx (x² + x)² = 2 (x² + x) (2x + 1)
    #expect(x.grad?.item() == 168)
  }

  @Test("gradients accumulate until they are set to nil")
  func accumulation() {
    let x = leaf([2])
    for _ in 0..<3 { (x * 5.0).sum().backward() }
    #expect(x.grad?.item() == 15)
    x.grad = nil
    (x * 5.0).sum().backward()
    #expect(x.grad?.item() == 5)
  }

  @Test("a gradient handed to two leaves is not shared memory")
  func independentGradients() {
    let (a, b) = (leaf([1, 1]), leaf([2, 2]))
    (a + b).sum().backward()
    (a * 3.0).sum().backward()
    #expect(a.grad?.array(of: Double.self) == [4, 4])
    #expect(b.grad?.array(of: Double.self) == [1, 1])
  }

  /// Weights of a product, a linear map and an embedding, and a loss that uses each of them.
  private static func losses() -> [(weight: Tensor, loss: (Tensor) -> Tensor)] {
    let x = Tensor.randn([2, 5, 4], generator: Generator(seed: 1))
    let index = Tensor([[0, 2], [2, 1]])
    func weight(_ shape: [Int]) -> Tensor {
      Tensor.randn(shape, generator: Generator(seed: 2)).requiringGrad()
    }
    return [
      (weight([4, 3]), { x.matmul($0).square().sum() }),
      (weight([3, 4]), { F.linear(x, $0).square().sum() }),
      (weight([3, 4]), { F.embedding(index, $0).square().sum() }),
      // Two gradients flow into one weight.
      (weight([4, 4]), { F.linear(F.linear(x, $0).tanh(), $0).square().sum() }),
    ]
  }

  @Test("gradients go into the memory handed in for them", arguments: 0..<4)
  func gradientBuffers(which: Int) {
    let (weight, loss) = Self.losses()[which]
    loss(weight).backward()
    let expected = weight.grad ?? .zeros([])
    weight.grad = nil
    let buffer = Tensor.full(weight.shape, 7.0)
    weight.gradientBuffer = buffer

    // What is asked for by name is nobody's gradient.
    let asked = grad(of: [loss(weight)], withRespectTo: [weight])[0]
    #expect(asked?.storage !== buffer.storage && buffer.eq(7.0).all().item() == 1)
    let version = buffer.storage.version
    loss(weight).backward()
    #expect(weight.grad?.storage === buffer.storage && buffer.eq(expected).all().item() == 1)
    #expect(buffer.storage.version != version)
    loss(weight).backward()
    #expect((buffer - expected * 2.0).abs().max().item() < 1e-4)

    // A hook sees the gradient before it is the parameter's, and may keep it.
    weight.grad = nil
    var kept: Tensor?
    let hook = weight.registerHook {
      kept = $0
      return nil
    }
    loss(weight).backward()
    hook.remove()
    #expect(kept?.storage !== buffer.storage)
    weight.grad = nil
    loss(weight).backward(createGraph: true)
    #expect(weight.grad?.storage !== buffer.storage)
  }

  @Test("broadcast operands receive sums of their shape")
  func broadcasting() {
    let (row, column) = (leaf([1, 2, 3]), Tensor([[1.0], [2.0]], dtype: .float64).requiringGrad())
    (row * column).sum().backward()
    #expect(row.grad?.array(of: Double.self) == [3, 3, 3])
    #expect(column.grad?.array(of: Double.self) == [6, 6])
    #expect(column.grad?.shape == [2, 1])
  }

  @Test("hooks see and replace gradients, and retained ones stay")
  func hooks() {
    let x = leaf([1])
    let y = x * 2.0
    y.retainGrad()
    let handle = y.registerHook { $0 * 10.0 }
    (y * 3.0).sum().backward()
    #expect(y.grad?.item() == 30)
    #expect(x.grad?.item() == 60)
    handle.remove()
    x.grad = nil
    let z = (x * 2.0 * 3.0).sum()
    z.backward()
    #expect(x.grad?.item() == 6)
  }

  @Test("retainGraph allows a second walk")
  func retainGraph() {
    let x = leaf([2])
    let y = (x * x).sum()
    y.backward(retainGraph: true)
    y.backward()
    #expect(x.grad?.item() == 8)
  }

  @Test("saved outputs are attached to their own node: second derivatives of exp, tanh, softmax")
  func savedOutputs() throws {
    let x = Tensor([0.3, -0.7, 1.1], dtype: .float64)
    try gradgradcheck({ [$0[0].exp()] }, [x])
    try gradgradcheck({ [$0[0].tanh()] }, [x])
    try gradgradcheck({ [$0[0].softmax(dim: 0)] }, [x])
    try gradgradcheck({ [$0[0].logSoftmax(dim: 0)] }, [x])
  }

  @Test("layers pass gradcheck and gradgradcheck in float64")
  func layers() throws {
    let generator = Generator(seed: 4)
    func randn(_ shape: [Int]) -> Tensor {
      .randn(shape, dtype: .float64, generator: generator)
    }
    let (x, w, b) = (randn([3, 4]), randn([2, 4]), randn([2]))
    try gradgradcheck({ [$0[0].linear($0[1], $0[2])] }, [x, w, b])
    try gradcheck(
      { [F.layerNorm($0[0], [4], weight: $0[1], bias: $0[2])] }, [x, randn([4]), randn([4])])
    try gradgradcheck({ [F.layerNorm($0[0], [4], weight: $0[1])] }, [x, randn([4])])
    let (image, filter) = (randn([2, 2, 4, 4]), randn([3, 2, 3, 3]))
    try gradgradcheck(
      { [F.conv2d($0[0], $0[1], bias: $0[2], padding: [1])] }, [image, filter, randn([3])])
    try gradgradcheck({ [F.maxPool2d($0[0], [2])] }, [image])
    let targets = Tensor([1, 0, 3])
    try gradgradcheck({ [F.crossEntropy($0[0], targets, labelSmoothing: 0.1)] }, [x])
    let (q, k, v) = (randn([1, 2, 3, 4]), randn([1, 2, 3, 4]), randn([1, 2, 3, 4]))
    try gradcheck(
      { [F.scaledDotProductAttention($0[0], $0[1], $0[2], isCausal: true)] }, [q, k, v])
    try gradgradcheck(
      { [F.scaledDotProductAttention($0[0], $0[1], $0[2], isCausal: true)] }, [q, k, v])
  }

  @Test("jacobians, hessians and both products agree with the closed form")
  func functional() {
    let x = Tensor([1.0, 2.0, 3.0], dtype: .float64)
    let cube: ([Tensor]) -> Tensor = { $0[0].pow(3) }
    #expect(jacobian(cube, [x])[0].array(of: Double.self) == [3, 0, 0, 0, 12, 0, 0, 0, 27])
    #expect(
      hessian({ $0[0].pow(3).sum() }, [x])[0][0].array(of: Double.self)
        == [6, 0, 0, 0, 12, 0, 0, 0, 18])
    let v = Tensor([1.0, -1.0, 0.5], dtype: .float64)
    #expect(vjp(cube, [x], v: v).products[0].array(of: Double.self) == [3, -12, 13.5])
    #expect(jvp(cube, [x], v: [v]).product.array(of: Double.self) == [3, -12, 13.5])
  }

  /// Differentiates inside its own gradient, over the graph that the outer walk is in.
  enum Inner: CustomFunction {
    static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
      context.save(inputs[0])
      return [inputs[0].pow(3)]
    }
    static func backward(_ context: FunctionContext, _ gradients: [Tensor?]) -> [Tensor?] {
      let slope = enableGrad { () -> Tensor? in
        let x = context.saved[0]
        let leaf = x.requiresGrad ? x : x.requiringGrad()
        return grad(of: [leaf.pow(3).sum()], withRespectTo: [leaf], createGraph: true)[0]
      }
      return [gradients[0].flatMap { g in slope.map { g * $0 } }]
    }
  }

  @Test("a gradient may walk a graph itself")
  func nestedWalk() {
    let x = leaf([2])
    let y = x * 3.0
    (Inner.apply(y)[0] + y * y).sum().backward()
    // d/dx (27 x³ + 9 x²) = 81 x² + 18 x
    #expect(x.grad?.item() == 360)
  }

  enum Doubled: CustomFunction {
    static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
      context.save(inputs[0])
      return [inputs[0] * inputs[0]]
    }
    static func backward(_ context: FunctionContext, _ gradients: [Tensor?]) -> [Tensor?] {
      [gradients[0].map { $0 * context.saved[0] * 2.0 }]
    }
  }

  @Test("custom functions have gradients, and gradients of gradients")
  func customFunction() throws {
    let x = Tensor([1.5, -2.0], dtype: .float64)
    try gradcheck({ Doubled.apply($0[0]) }, [x])
    try gradgradcheck({ Doubled.apply($0[0]) }, [x])
  }

  /// Rounds to multiples, and lets the gradient through where the input is within ±1.
  enum Quantized: CustomFunction {
    static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
      context.save(inputs[0])
      let scale = context.values["scale"] as? Double ?? 1
      return [(inputs[0] * scale).round() / scale]
    }
    static func backward(_ context: FunctionContext, _ gradients: [Tensor?]) -> [Tensor?] {
      let slope = (context.values["scale"] as? Double ?? 1) / 10
      return [gradients[0].map { $0 * slope * (context.saved[0].abs() <= 1).to(.float32) }]
    }
  }

  @Test("a custom function has values beside its tensors, in both passes and when it runs again")
  func customValues() {
    let x = Tensor([0.24, -0.51, 1.7], requiresGrad: true)
    let y = Quantized.apply(x, values: ["scale": 10.0])[0]
    (y * Tensor([1.0, 2.0, 3.0])).sum().backward()
    #expect(y.array(of: Float.self) == [0.2, -0.5, 1.7])
    #expect(x.grad?.array(of: Float.self) == [1, 2, 0])
    let graph = Graph.capture([x]) { [Quantized.apply($0[0], values: ["scale": 2.0])[0]] }
    #expect(graph([x])[0].array(of: Float.self) == [0, -0.5, 1.5])
  }

  @Test("derivatives of one tensor by another need no lists")
  func oneTensor() throws {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    let slope = grad(of: (x ** 3).sum(), withRespectTo: x, createGraph: true)
    #expect(slope.array(of: Float.self) == [3, 12])
    #expect(grad(of: slope.sum(), withRespectTo: x).array(of: Float.self) == [6, 12])
    #expect(jacobian({ $0 ** 2 }, x).array(of: Float.self) == [2, 0, 0, 4])
    #expect(hessian({ ($0 ** 3).sum() }, x).array(of: Float.self) == [6, 0, 0, 12])
    let ones = Tensor.ones(2)
    #expect(vjp({ $0 ** 2 }, x, v: ones).product.array(of: Float.self) == [2, 4])
    #expect(jvp({ $0 ** 2 }, x, v: ones).product.array(of: Float.self) == [2, 4])
    try gradcheck({ ($0 ** 2).sin() }, x.detach().to(.float64))
    #expect(throws: GradientMismatch.self) {
      try gradcheck({ $0.detach() * $0 }, Tensor([1.0, 2.0], dtype: .float64))
    }
  }

  @Test("a parameter that changed under its graph is an error that names it")
  func versionCheck() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      let model = Linear(2, 2)
      _ = ParameterGroup(model.namedParameters())
      let loss = model(Tensor.ones([1, 2]).requiringGrad()).sum()
      model.weight.assign(Tensor.zeros([2, 2]))
      loss.backward()
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("parameter \"weight\""))
  }

  @Test("walking a graph twice without retaining it stops")
  func secondWalk() async {
    await #expect(processExitsWith: .signal(SIGABRT)) {
      let x = Tensor([1.0], dtype: .float64).requiringGrad()
      let y = (x * x).sum()
      y.backward()
      y.backward()
    }
  }

  @Test("shapes that do not fit stop with the operator's name")
  func shapes() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      _ = Tensor.zeros([32, 784]).matmul(Tensor.zeros([512, 10]))
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("matmul: inner dimensions differ: [32, 784] × [512, 10]"))
  }
}
