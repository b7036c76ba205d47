import TensorTesting
import Testing
import Torus

/// Hooks, retained gradients, and what an operation saves for its gradient.
@Suite("Hooks and saved values")
struct HookTests {
  @Test("removing a hook a second time leaves later hooks alone")
  func secondRemoval() {
    let x = Tensor([1.0, 2.0], dtype: .float64).requiringGrad()
    let y = x * 2.0
    let first = y.registerHook { _ in nil }
    first.remove()
    let second = y.registerHook { $0 * 10.0 }
    first.remove()
    y.sum().backward(retainGraph: true)
    #expect(x.grad?.array(of: Double.self) == [20, 20])
    second.remove()
    x.grad = nil
    y.sum().backward()
    #expect(x.grad?.array(of: Double.self) == [2, 2])
  }

  @Test("removing a listener for a finished gradient twice leaves later ones alone")
  func secondRemovalOfListener() {
    let x = Tensor([1.0], dtype: .float64).requiringGrad()
    let first = x.onGradientReady {}
    first.remove()
    var calls = 0
    let second = x.onGradientReady { calls += 1 }
    first.remove()
    (x * 3.0).sum().backward()
    second.remove()
    (x * 3.0).sum().backward()
    #expect(calls == 1)
  }

  @Test(
    "a hook behind accumulation sees each backward pass, and no gradient that is only asked for")
  func accumulated() {
    let (x, unused) = (Tensor([1.0, 2.0]).requiringGrad(), Tensor([1.0]).requiringGrad())
    var seen: [[Float]] = []
    let handle = x.registerPostAccumulateGradHook { leaf in
      seen.append(leaf.grad?.array() ?? [])
      leaf.grad = nil
    }
    unused.registerPostAccumulateGradHook { _ in Issue.record("nothing reaches it") }
    (x * 3 + x).sum().backward()
    (x * x).sum().backward()
    _ = grad(of: (x * 5).sum(), withRespectTo: x)
    handle.remove()
    (x * 7).sum().backward()
    #expect(seen == [[4, 4], [2, 4]])
    #expect(x.grad?.array(of: Float.self) == [7, 7])
  }

  @Test("a step inside the backward pass is the step behind it")
  func stepInside() {
    func net() -> Sequential {
      Generator(seed: 3).asDefault { Sequential(Linear(3, 4), Tanh(), Linear(4, 2)) }
    }
    let (inside, behind) = (net(), net())
    let x = Tensor.randn([5, 3], generator: Generator(seed: 4))
    for parameter in inside.parameters() {
      let optimizer = Adam([parameter], lr: 0.1)
      parameter.registerPostAccumulateGradHook { _ in
        optimizer.step()
        optimizer.zeroGrad()
      }
    }
    let optimizer = Adam(behind.parameters(), lr: 0.1)
    for _ in 0..<3 {
      inside(x).square().sum().backward()
      behind(x).square().sum().backward()
      optimizer.step()
      optimizer.zeroGrad()
    }
    #expect(inside.parameters().allSatisfy { $0.grad == nil })
    for (a, b) in zip(inside.parameters(), behind.parameters()) { #expect(a.value.equal(b.value)) }
  }

  @Test("hooks removed from the middle leave those before and behind")
  func middle() {
    let x = Tensor([1.0], dtype: .float64).requiringGrad()
    let y = x * 1.0
    y.registerHook { $0 * 2.0 }
    let middle = y.registerHook { $0 * 3.0 }
    y.registerHook { $0 * 5.0 }
    middle.remove()
    middle.remove()
    y.sum().backward()
    #expect(x.grad?.item() == 10)
  }

  @Test("asking twice to retain a gradient is asking once")
  func retainedTwice() {
    let x = Tensor([1.0, 2.0], dtype: .float64).requiringGrad()
    let y = x * 2.0
    y.retainGrad()
    y.retainGrad()
    (y * 3.0).sum().backward()
    #expect(y.grad?.array(of: Double.self) == [3, 3])
  }

  @Test("each operand of many is saved or not by itself")
  func manyOperands() {
    #expect(Saving.inputs.holds(input: 0) && Saving.inputs.holds(input: 400))
    #expect(!Saving.inputs.holds(output: 0) && Saving.outputs.holds(output: 400))
    #expect(!Saving.input(15).holds(input: 16) && !Saving.input(16).holds(input: 15))
    #expect(Saving.input(15, 16).holds(input: 15) && Saving.input(15, 16).holds(input: 16))
    #expect(!Saving.input(30).holds(input: 31) && !Saving.input(30).holds(input: 100))
    #expect(Saving.output(20).holds(output: 20) && !Saving.output(20).holds(output: 21))
    #expect(Saving.output.holds(output: 0) && !Saving.output.holds(input: 0))
  }

  @Test("a norm without a weight does not hold its bias, which may change before the gradient")
  func biasAlone() {
    let x = spread([2, 4, 3]).requiringGrad()
    let norms: [(Int, (Tensor) -> Tensor)] = [
      (3, { F.layerNorm(x, [3], bias: $0) }), (4, { F.groupNorm(x, numGroups: 2, bias: $0) }),
      (4, { F.batchNorm(x, bias: $0, training: true) }),
    ]
    for (size, norm) in norms {
      let bias = Parameter(.zeros([size], dtype: .float64))
      let y = norm(bias.value)
      bias.value.grad = .ones([size], dtype: .float64)
      SGD([bias], lr: 0.1).step()
      y.sum().backward()
      #expect(bias.value.grad?.sum().item() == Double(size) + 24)
    }
  }
}
