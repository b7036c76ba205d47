import Foundation
import Tensors
import Testing

/// Results that nobody keeps for the backward pass, but computes again.
@Suite("Results computed again")
struct RemakingTests {
  private static let size = [128, 256]

  private func leaf(_ shape: [Int], _ seed: UInt64) -> Tensor {
    Tensor.randn(shape, generator: Generator(seed: seed), requiresGrad: true)
  }

  /// A chain in which products read the results of norms and functions.
  private func chain(_ x: Tensor, _ leaves: [Tensor]) -> Tensor {
    let (a, b, weight, bias) = (leaves[0], leaves[1], leaves[2], leaves[3])
    let normal = F.layerNorm(x, [256], weight: weight, bias: bias)
    let gate = F.silu(normal.matmul(a)) * normal.matmul(b)
    let scaled = F.rmsNorm(gate, [256], weight: weight)
    return F.gelu(scaled.matmul(a)).matmul(b) + normal.sigmoid() * F.softplus(x).matmul(a)
  }

  private func leaves() -> [Tensor] {
    [leaf([256, 256], 2), leaf([256, 256], 3), leaf([256], 4), leaf([256], 5)]
  }

  private func gradients(_ dtype: DType = .float32) -> [[UInt64]] {
    let (x, leaves) = (leaf(Self.size, 1), leaves())
    let loss =
      dtype == .float32
      ? chain(x, leaves).square().mean() : autocast(dtype) { chain(x, leaves).square().mean() }
    loss.backward()
    return ([x] + leaves).compactMap { $0.grad.map { bits($0) } }
  }

  @Test("have the bits of results that are kept", arguments: [DType.float32, .bfloat16])
  func same(dtype: DType) {
    let kept = keepingResults { gradients(dtype) }
    #expect(gradients(dtype) == kept && kept.count == 5)
  }

  @Test("so have second derivatives, and walks that are repeated")
  func again() {
    func second() -> [[UInt64]] {
      let (x, leaves) = (leaf(Self.size, 1), leaves())
      let y = chain(x, leaves).square().mean()
      let first = grad(of: [y], withRespectTo: [x] + leaves, createGraph: true)
      let sum = first.compactMap { $0?.square().sum() }.reduce(Tensor(0), +)
      sum.backward(retainGraph: true)
      // Once more through the first graph, whose saved values are kept.
      let third = grad(of: [y], withRespectTo: [x])
      return ([x] + leaves).compactMap { $0.grad.map { bits($0) } }
        + third.compactMap { $0.map { bits($0) } }
    }
    let kept = keepingResults { second() }
    #expect(second() == kept && kept.count == 6)
  }

  @Test(
    "so have those of batch norm and ReLU, and of dropout, and their second derivatives",
    arguments: [DType.float32, .bfloat16], [false, true])
  func kept(dtype: DType, isSecond: Bool) {
    func gradients() -> [[UInt64]] {
      let leaves = [
        leaf([8, 4, 16, 48], 1), leaf([4, 4, 3, 3], 2), leaf([4], 3), leaf([4], 4),
        leaf([48, 48], 5),
      ]
      func loss() -> Tensor {
        let (kernel, weight, bias) = (leaves[1], leaves[2], leaves[3])
        let draws = Generator(seed: 6)
        let first = F.conv2d(leaves[0], kernel, padding: 1)
        let normal = F.batchNorm(first, weight: weight, bias: bias, training: true).relu()
        let sum = F.batchNorm(F.conv2d(normal, kernel, padding: 1), training: true) + normal
        let second = F.conv2d(F.relu(sum) - sum, kernel, padding: 1)
        let running = F.batchNorm(
          second, runningMean: .zeros(4), runningVar: .ones(4), weight: weight, bias: bias)
        // A layout of its own, whose mask has it, too.
        let turned = F.dropout(running.relu().transposed(2, 3), p: 0.25, generator: draws)
        let products = turned.transposed(2, 3).matmul(leaves[4])
        let shares = F.dropout(F.softmax(products, dim: -1), p: 0.1, generator: draws)
        return (shares.matmul(leaves[4]) * turned.sum(dim: 2, keepDim: true).mean()).square().sum()
      }
      let y = dtype == .float32 ? loss() : autocast(dtype) { loss() }
      if isSecond {
        let first = grad(of: [y], withRespectTo: leaves, createGraph: true)
        first.compactMap { $0?.square().sum() }.reduce(Tensor(0), +).backward()
      } else {
        y.backward()
      }
      return leaves.compactMap { $0.grad.map { bits($0) } }
    }
    let kept = keepingResults { gradients() }
    #expect(gradients() == kept && kept.count == 5)
  }

  @Test("of a convolution, batch norm and ReLU the convolution's alone is kept")
  func convolutions() async {
    await #expect(processExitsWith: .success) {
      let weight = Tensor.ones([4, 4, 1, 1], requiresGrad: true)
      let x = Tensor.ones([2, 4, 128, 128], requiresGrad: true)
      func held(_ body: () -> Tensor) -> Int {
        let before = memoryAllocated()
        let y = body()
        defer { withExtendedLifetime(y) {} }
        return (memoryAllocated() - before) / (2 * 4 * 128 * 128 * 4)
      }
      func block() -> Tensor {
        let normal = F.batchNorm(F.conv2d(x, weight), training: true)
        return F.conv2d(F.relu(normal), weight)
      }
      func attention() -> Tensor { F.dropout(F.softmax(x, dim: -1), p: 0.5).matmul(x) }
      let kept = keepingResults { [held(block), held(attention)] }
      let remade = [held(block), held(attention)]
      exit(kept == [3, 3] && remade == [2, 2] ? 0 : 1)
    }
  }

  @Test("take no memory until they are needed")
  func memory() async {
    // In a process of its own: memory is counted for all threads.
    await #expect(processExitsWith: .success) {
      let weight = Tensor.ones([256, 256], requiresGrad: true)
      let x = Tensor.ones([512, 256], requiresGrad: true)
      func held(_ body: () -> Tensor) -> Int {
        let before = memoryAllocated()
        let y = body()
        defer { withExtendedLifetime(y) {} }
        return (memoryAllocated() - before) / (512 * 256 * 4)
      }
      let kept = keepingResults { held { F.gelu(x * 2).matmul(weight) } }
      let remade = held { F.gelu(x * 2).matmul(weight) }
      exit(kept == 3 && remade == 2 ? 0 : 1)
    }
  }

  @Test("a long chain of products is cut into pieces")
  func long() {
    let x = leaf([128, 128], 1)
    func run() -> [UInt64] {
      x.grad = nil
      var y = x
      for _ in 0..<300 { y = y * x.cos() }
      y.sum().backward()
      return x.grad.map { bits($0) } ?? []
    }
    let kept = keepingResults { run() }
    #expect(run() == kept)
  }

  @Test("a graph that was walked says so")
  func walked() async {
    await #expect(processExitsWith: .failure) {
      let x = Tensor.ones([128, 256], requiresGrad: true)
      let weight = Tensor.ones([256, 8], requiresGrad: true)
      let y = F.gelu(x)
      let (one, two) = (y.sum(), y.matmul(weight).sum())
      one.backward()
      two.backward()
    }
  }
}

private func bits(_ tensor: Tensor) -> [UInt64] { tensor.array(of: Double.self).map(\.bitPattern) }
