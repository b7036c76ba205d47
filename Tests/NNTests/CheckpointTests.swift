import NN
import Tensors
import Testing

@Suite("Gradient checkpointing")
struct CheckpointFunctionTests {
  /// A block that draws random numbers and has weights of its own.
  private final class Block: Module {
    let first = Linear(8, 16)
    let second = Linear(16, 8)
    let dropout = Dropout(0.3)
    func callAsFunction(_ x: Tensor) -> Tensor { x + second(dropout(F.gelu(first(x)))) }
  }

  private final class Net: Module {
    let blocks = (0..<3).map { _ in Block() }
    func callAsFunction(_ x: Tensor, keepsInputs: Bool) -> Tensor {
      blocks.reduce(x) { x, block in
        keepsInputs ? checkpoint(block, [x]) { block($0[0]) } : block(x)
      }
    }
  }

  private func gradients(
    keepsInputs: Bool, _ region: (() -> Tensor) -> Tensor = { $0() }
  ) -> [[Float]] {
    // Other tests draw from the process's generator meanwhile.
    Generator(seed: 3).asDefault {
      let net = Net()
      let x = Tensor.randn([4, 8]).requiringGrad()
      Generator.default.manualSeed(7)
      let y = region { net(x, keepsInputs: keepsInputs) }
      // Draws that follow are the same, too.
      let next = Tensor.rand([3])
      y.to(.float32).square().sum().backward()
      let after = Tensor.rand([3])
      return ([y.to(.float32), next, after, x.grad] + net.parameters().map(\.grad)).map {
        $0?.array(of: Float.self) ?? []
      }
    }
  }

  @Test("results, gradients and later draws have the same bits as without")
  func bits() {
    #expect(gradients(keepsInputs: true) == gradients(keepsInputs: false))
  }

  @Test("a region of mixed precision is the same the second time")
  func precision() {
    let plain = gradients(keepsInputs: false) { body in autocast(.bfloat16) { body() } }
    #expect(gradients(keepsInputs: true) { body in autocast(.bfloat16) { body() } } == plain)
  }

  @Test("second derivatives go through it")
  func second() {
    func derivative(keepsInputs: Bool) -> [Double] {
      let x = Tensor([0.3, -1.2, 2.0], dtype: .float64).requiringGrad()
      let y =
        keepsInputs ? checkpoint([x]) { ($0[0] * $0[0]).exp() } : (x * x).exp()
      let first = grad(of: [y.sum()], withRespectTo: [x], createGraph: true)[0]
      first?.sum().backward()
      return x.grad?.array(of: Double.self) ?? []
    }
    #expect(derivative(keepsInputs: true) == derivative(keepsInputs: false))
  }

  @Test("a leaf's hook is called once, and frozen parameters get no gradient")
  func hooks() {
    let block = Block()
    block.second.weight.requiresGrad = false
    var calls = 0
    block.first.weight.value.registerHook { _ in
      calls += 1
      return nil
    }
    let x = Tensor.randn([2, 8])
    checkpoint(block, [x]) { block($0[0]) }.sum().backward()
    #expect(calls == 1)
    #expect(block.first.weight.grad != nil && block.second.weight.grad == nil)
  }

  @Test("only inputs are kept until the gradient is due")
  func memory() {
    let body: ([Tensor]) -> Tensor = { inputs in (0..<20).reduce(inputs[0]) { x, _ in x.tanh() } }
    func graphSize(_ y: Tensor) -> Int {
      var (count, stack) = (0, [y.gradFunction].compactMap { $0 })
      while let node = stack.popLast() {
        count += 1
        stack += node.inputNodes.compactMap { $0 }
      }
      return count
    }
    let x = Tensor.randn([1000]).requiringGrad()
    #expect(graphSize(checkpoint([x], body)) == 2)
    #expect(graphSize(body([x])) == 21)
  }
}
