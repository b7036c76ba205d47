import NN
import Optimizers
import Tensors
import Testing

/// A network with everything that a step does besides computing: draws, running statistics, a branch by mode.
private final class Net: Module, Layer {
  let first = Linear(6, 8)
  let norm = BatchNorm1d(8)
  let drop = Dropout(0.3)
  let second = Linear(8, 3)
  func forward(_ x: Tensor) -> Tensor { second(drop(norm(first(x)).relu())) }
}

/// Compiled functions compute what the functions do, bit for bit, and say where they cannot.
@Suite struct CompileTests {
  private static func bits(_ tensor: Tensor) -> [UInt32] {
    tensor.array(of: Float.self).map(\.bitPattern)
  }

  private static func state(_ module: Module) -> [[UInt32]] {
    let state = module.stateDict()
    return state.names.sorted().compactMap { state[$0] }.map { bits($0.to(.float32)) }
  }

  private static func batches(_ sizes: [Int]) -> [(x: Tensor, y: Tensor)] {
    let generator = Generator(seed: 5)
    return sizes.map { size in
      (
        Tensor.randn([size, 6], generator: generator),
        Tensor.randint(0, 3, [size], generator: generator)
      )
    }
  }

  /// Trains a net from the same weights and draws, and returns the losses' bits, and those of all that the
  /// steps have changed.
  private static func train(
    _ sizes: [Int], _ step: (Net, SGD) -> (Tensor, Tensor) -> Tensor,
    between: (Int, Net) -> Void = { _, _ in }
  ) -> [[UInt32]] {
    // Other tests draw from the process's generator at the same time.
    Generator(seed: 7).asDefault {
      let net = Net()
      let optimizer = SGD(net.parameters(), lr: 0.1, momentum: 0.9)
      let step = step(net, optimizer)
      var losses: [[UInt32]] = []
      for (index, batch) in batches(sizes).enumerated() {
        between(index, net)
        losses.append(bits(step(batch.x, batch.y)))
      }
      return losses + state(net) + [Generator.default.state.map { UInt32($0) }]
    }
  }

  /// The step around a loss.
  private static func stepping(
    _ optimizer: SGD, _ loss: @escaping (Tensor, Tensor) -> Tensor
  ) -> (Tensor, Tensor) -> Tensor {
    { x, y in
      optimizer.zeroGrad()
      let loss = loss(x, y)
      loss.backward()
      optimizer.step()
      return loss
    }
  }

  private static func eager(_ net: Net, _ optimizer: SGD) -> (Tensor, Tensor) -> Tensor {
    stepping(optimizer) { F.crossEntropy(net($0), $1) }
  }

  @Test("training has the bits of eager training: dropout, batch norm, momentum")
  func training() {
    let sizes = [Int](repeating: 8, count: 6)
    var compiled: CompiledFunction<Tensor, Never, Tensor, Tensor>?
    let got = Self.train(sizes) { net, optimizer in
      let loss = compile { (x: Tensor, y: Tensor) in F.crossEntropy(net(x), y) }
      compiled = loss
      return Self.stepping(optimizer) { loss($0, $1) }
    }
    #expect(got == Self.train(sizes, Self.eager))
    #expect(compiled?.replayCount == 4 && compiled?.captureCount == 1)
    #expect(compiled?.fallback == nil)
  }

  @Test("a whole step, with its backward pass and optimizer, is captured")
  func wholeStep() {
    let sizes = [Int](repeating: 8, count: 5)
    var replays = 0
    let got = Self.train(sizes) { net, optimizer in
      let step = compile { (x: Tensor, y: Tensor) -> Tensor in
        optimizer.zeroGrad()
        let loss = F.crossEntropy(net(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()
      }
      return { x, y in
        defer { replays = step.replayCount }
        return step(x, y)
      }
    }
    #expect(got == Self.train(sizes, Self.eager))
    #expect(replays == 3)
  }

  @Test("what a capture takes for granted is looked at: shapes, modes, frozen parameters")
  func conditions() {
    let sizes = [8, 8, 8, 4, 4, 4, 8, 8, 8, 8, 8, 8]
    func between(_ index: Int, _ net: Net) {
      if index == 6 { net.drop.eval() }
      if index == 8 { net.first.weight.requiresGrad = false }
      if index == 11 {
        net.first.weight.requiresGrad = true
        net.train()
      }
    }
    var compiled: CompiledFunction<Tensor, Never, Tensor, Tensor>?
    let got = Self.train(
      sizes,
      { net, optimizer in
        let loss = compile { (x: Tensor, y: Tensor) in F.crossEntropy(net(x), y) }
        compiled = loss
        return Self.stepping(optimizer) { loss($0, $1) }
      }, between: between)
    #expect(got == Self.train(sizes, Self.eager, between: between))
    // The last call is of the first kind again.
    #expect(compiled?.captureCount == 4 && compiled?.replayCount == 4)
  }

  @Test("beyond the limit of captures the function is computed eagerly")
  func limit() {
    let double = compile(recompileLimit: 2) { (x: Tensor) in x * 2 }
    for size in 1...4 {
      #expect(double(Tensor.ones([size])).array(of: Float.self).allSatisfy { $0 == 2 })
    }
    #expect(double.captureCount == 2)
    #expect(double.fallback?.hasPrefix("2 kinds of calls were captured") == true)
  }

  @Test("values that decide, numbers that change and writes in place are found, and where")
  func fallbacks() {
    let x = Tensor([1.0, 2, 3])
    let branch = compile { (x: Tensor) in x.sum().item() > 0 ? x * 2 : x }
    #expect(branch(x).array(of: Float.self) == [2, 4, 6])
    #expect(branch.fallback?.hasPrefix("the function looks at values") == true)
    #expect(branch(-x).array(of: Float.self) == [-1, -2, -3])

    var factor = 1.0
    let scaled = compile { (x: Tensor) in x * factor }
    for _ in 0..<4 {
      #expect(scaled(x).array(of: Float.self) == [1, 2, 3].map { Float($0 * factor) })
      factor += 1
    }
    #expect(scaled.fallback != nil && scaled.replayCount == 0)

    let parameter = Parameter(Tensor([1.0, 1, 1]))
    let written = compile { (x: Tensor) in
      let product = x * parameter.value.detach()
      noGrad { parameter.assign(x) }
      return product
    }
    for _ in 0..<3 { _ = written(x) }
    #expect(written.fallback?.contains("written in place") == true)

    let sized = compile { (x: Tensor) in x.maskedSelect(x.gt(1.5)) }
    #expect(sized(x).shape == [2] && sized(x * 2).shape == [3] && sized(x * 0).shape == [0])
    #expect(sized.fallback?.contains("masked_select") == true)
  }

  @Test("a number that the function made its own is baked in, as is documented")
  func bakedIn() {
    var factor = 2.0
    let scaled = compile { (x: Tensor) in x * factor }
    let x = Tensor([1.0])
    for _ in 0..<2 { #expect(scaled(x).item() == 2) }
    factor = 3
    #expect(scaled(x).item() == 2)
  }

  @Test("hooks of modules are called each time")
  func hooks() {
    let layer = Linear(2, 2)
    let compiled = compile(layer)
    let x = Tensor.ones([1, 2])
    for _ in 0..<3 { _ = compiled(x) }
    #expect(compiled.replayCount == 1)
    var calls = 0
    let handle = layer.registerForwardHook { _, _, _ in calls += 1 }
    for _ in 0..<3 { _ = compiled(x) }
    #expect(calls == 3 && compiled.replayCount == 1 && compiled.fallback == nil)
    handle.remove()
    for _ in 0..<3 { _ = compiled(x) }
    #expect(calls == 3 && compiled.replayCount == 4)
  }

  @Test("several results wait for their backward passes side by side")
  func severalAtOnce() {
    func run(_ function: (Tensor) -> Tensor, _ leaf: Tensor) -> [UInt32] {
      var bits: [UInt32] = []
      for round in 0..<5 {
        let results = (1...3).map { function(leaf * Double($0 + round)) }
        (results[0] * results[2] + results[1]).backward()
        bits += Self.bits(leaf.grad ?? leaf)
      }
      return bits
    }
    let (a, b) = (Tensor([0.5, -1]).requiringGrad(), Tensor([0.5, -1]).requiringGrad())
    func function(_ x: Tensor) -> Tensor { (x.tanh() * x).exp().sum() }
    let compiled = compile(function)
    #expect(run({ compiled($0) }, a) == run(function, b))
    #expect(compiled.replayCount == 13)
  }

  @Test("second derivatives outlive the results that they come from")
  func secondDerivatives() {
    func function(_ x: Tensor) -> Tensor { (x * x * x).sum() }
    func run(_ function: (Tensor) -> Tensor, _ values: [Double]) -> [UInt32] {
      let inputs = values.map { Tensor([$0, 2 * $0]).requiringGrad() }
      let gradients = inputs.map { x in
        grad(of: [function(x)], withRespectTo: [x], createGraph: true)[0] ?? x
      }
      return zip(inputs, gradients).flatMap { x, gradient in
        grad(of: [gradient.sum()], withRespectTo: [x])[0].map(Self.bits) ?? []
      }
    }
    let compiled = compile(function)
    let values = [1.0, 2, 3, 4, 5]
    #expect(run({ compiled($0) }, values) == run(function, values))
    #expect(compiled.replayCount == 3)
  }

  @Test("a result that nobody walks keeps nothing, and one that was walked says so")
  func nodesAreUsedAgain() {
    let compiled = compile { (x: Tensor) in x.exp().sum() }
    let x = Tensor([1.0, 2]).requiringGrad()
    for _ in 0..<2 { _ = compiled(x) }
    func node() -> ObjectIdentifier? {
      compiled(x).gradFunction?.inputNodes[0].map(ObjectIdentifier.init)
    }
    let first = node()
    #expect(first != nil && node() == first && node() == first)
  }

  @Test("mixed precision is captured with its casts", arguments: [DType.bfloat16, .float16])
  func mixedPrecision(dtype: DType) {
    let sizes = [Int](repeating: 8, count: 5)
    var compiled: CompiledFunction<Tensor, Never, Tensor, Tensor>?
    let got = Self.train(sizes) { net, optimizer in
      let loss = compile { (x: Tensor, y: Tensor) in F.crossEntropy(net(x), y) }
      compiled = loss
      return Self.stepping(optimizer) { x, y in autocast(dtype) { loss(x, y) } }
    }
    let expected = Self.train(sizes) { net, optimizer in
      Self.stepping(optimizer) { x, y in autocast(dtype) { F.crossEntropy(net(x), y) } }
    }
    #expect(got == expected)
    #expect(compiled?.replayCount == 3)
  }

  @Test("arguments and results may hold tensors in tuples, structs, arrays and dictionaries")
  func structures() {
    struct Batch {
      var images: Tensor
      var extras: [String: Tensor]
      var name: String
    }
    struct Result {
      var sum: Tensor
      var parts: [(name: String, value: Tensor)]
      var last: Tensor?
    }
    let compiled = compile { (batch: Batch, scale: Int) in
      Result(
        sum: batch.images * scale + (batch.extras["b"] ?? batch.images),
        parts: [("a", batch.images + 1)], last: batch.extras["a"].map { $0 * 3 })
    }
    for index in 0..<4 {
      let value = Double(index)
      let result = compiled(
        Batch(
          images: Tensor(value), extras: ["a": Tensor(2 * value), "b": Tensor(5.0)], name: "n"),
        2)
      #expect(result.sum.item() == 2 * value + 5)
      #expect(result.parts[0].name == "a" && result.parts[0].value.item() == value + 1)
      #expect(result.last?.item() == 6 * value)
    }
    #expect(compiled.replayCount == 2)
    // Another number is another kind of call.
    #expect(
      compiled(Batch(images: Tensor(1.0), extras: ["a": Tensor(0.0)], name: "n"), 3).sum.item() == 4
    )
    #expect(compiled.captureCount == 2)
  }

  @Test("where gradients are read inside of the function it is computed eagerly")
  func gradientsInside() {
    let parameter = Parameter(Tensor([2.0]))
    let step = compile { (x: Tensor) -> Tensor in
      parameter.grad = nil
      (parameter * x).sum().backward()
      return parameter.grad ?? x
    }
    for value in [1.0, 2, 3, 4] { #expect(step(Tensor([value])).item() == value) }
    #expect(step.fallback != nil)
  }
}
