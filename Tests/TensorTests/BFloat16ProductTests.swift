import Tensors
import Testing

/// Every way to multiply bfloat16 that this machine has, among them the plain one that every machine
/// has, against the same products of wider numbers.
@Suite("Products of bfloat16", .serialized)
struct BFloat16ProductTests {
  private typealias Way = Compute.BFloat16Products

  /// Around tiles (16 × 32), blocks (32), runs (512) and chunks (2048) of steps.
  private static let sizes = [
    (1, 1, 1), (2, 33, 3), (9, 64, 64), (16, 16, 32), (17, 31, 33), (33, 15, 100), (40, 70, 513),
    (64, 32, 512), (48, 20, 2048), (35, 18, 2113),
  ]

  /// Runs a body once for each way, and puts back the one that was in use.
  private func withEveryWay(_ body: (Way) -> Void) {
    let before = Compute.bfloat16Products
    defer { _ = Compute.use(before) }
    for way in Way.allCases where Compute.use(way) { body(way) }
  }

  private func whole(_ shape: [Int], _ generator: Generator) -> Tensor {
    Tensor.randint(-3, 4, shape, generator: generator)
  }

  @Test("whole numbers give what integers give, rounded once, in every layout")
  func wholeNumbers() {
    withEveryWay { way in
      for (m, n, k) in Self.sizes {
        let generator = Generator(seed: UInt64(m + n * k))
        let a = whole([m, k], generator), b = whole([k, n], generator), c = whole([n], generator)
        let product = a.matmul(b)
        let (x, y) = (a.to(.bfloat16), b.to(.bfloat16))
        let xt = x.t.contiguous().t, yt = y.t.contiguous().t
        for (left, right) in [(x, y), (x, yt), (xt, y), (xt, yt)] {
          #expect(left.matmul(right).equal(product.to(.bfloat16)), "\(way) \(m) \(n) \(k)")
        }
        let wide = Tensor.zeros([m, k + 3], dtype: .bfloat16)
        wide.narrowed(dim: 1, start: 2, length: k).copyInPlace(x)
        #expect(
          wide.narrowed(dim: 1, start: 2, length: k).matmul(y).equal(product.to(.bfloat16)))
        #expect(x.linear(yt.t, c.to(.bfloat16)).equal((product + c).to(.bfloat16)))
        #expect(
          c.to(.bfloat16).addmm(x, y, beta: 2, alpha: 4).equal((product * 4 + c * 2).to(.bfloat16)))
      }
    }
  }

  @Test("batches broadcast, and results do not depend on the number of threads")
  func batches() {
    let generator = Generator(seed: 3)
    let a = Tensor.randn([3, 1, 70, 40], generator: generator).to(.bfloat16)
    let b = Tensor.randn([2, 40, 50], generator: generator).to(.bfloat16)
    let x = Tensor.randn([300, 700], generator: generator).to(.bfloat16)
    let threads = Compute.threads
    defer { Compute.setThreads(threads) }
    withEveryWay { way in
      var results: [(Tensor, Tensor)] = []
      for count in [1, 3] {
        Compute.setThreads(count)
        results.append((a.matmul(b), x.t.matmul(x)))
      }
      #expect(results[0].0.equal(results[1].0) && results[0].1.equal(results[1].1), "\(way)")
      let expected = a.to(.float32).matmul(b.to(.float32))
      #expect(near(results[0].0, expected, 0.01), "\(way)")
    }
  }

  @Test("NaN and infinity come out where they come out in float32")
  func specialValues() {
    let generator = Generator(seed: 5)
    for special in [Double.nan, .infinity, -.infinity] {
      var a = Tensor.rand([40, 70], generator: generator) + 0.5
      a[3, 69] = Tensor(special).to(.float32)
      let b = Tensor.rand([70, 33], generator: generator) + 0.5
      withEveryWay { way in
        let result = a.to(.bfloat16).matmul(b.to(.bfloat16)).to(.float32)
        #expect(result[3].isFinite().any().item(Bool.self) == false, "\(way)")
        #expect(result[3].isNaN().all().item(Bool.self) == special.isNaN, "\(way)")
        #expect(result.isFinite().sum().item(Int.self) == 39 * 33, "\(way)")
      }
    }
  }

  @Test("sums of nothing")
  func empty() {
    withEveryWay { _ in
      let product = Tensor.zeros([3, 0], dtype: .bfloat16).matmul(
        Tensor.zeros([0, 20], dtype: .bfloat16))
      #expect(product.equal(Tensor.zeros([3, 20], dtype: .bfloat16)))
      #expect(
        Tensor.zeros([0, 5], dtype: .bfloat16).matmul(Tensor.zeros([5, 2], dtype: .bfloat16)).shape
          == [0, 2])
    }
  }

  struct Convolution: Sendable {
    var x: [Int], w: [Int], stride = [1, 1], padding = [0, 0], dilation = [1, 1], groups = 1
  }

  @Test(
    "convolutions and their gradients are float32's, rounded",
    arguments: [
      Convolution(x: [3, 8, 9, 11], w: [16, 8, 3, 3], padding: [1, 1]),
      Convolution(x: [5, 4, 7, 7], w: [8, 4, 5, 3], stride: [2, 1], padding: [2, 3]),
      Convolution(x: [2, 32, 40, 40], w: [24, 32, 1, 1]),
      Convolution(
        x: [2, 16, 12, 10], w: [16, 8, 3, 2], stride: [1, 2], padding: [1, 0], dilation: [2, 3],
        groups: 2),
      Convolution(x: [1, 64, 70, 70], w: [8, 64, 3, 3], padding: [3, 2]),
      // Read from padded copies: margins shared or not, odd numbers of channels, images side by side,
      // lines in bands, phases of a stride, groups.
      Convolution(x: [2, 33, 12, 9], w: [40, 33, 3, 3], padding: [1, 1]),
      Convolution(x: [37, 16, 4, 4], w: [16, 16, 3, 3], padding: [1, 1]),
      Convolution(x: [3, 17, 13, 14], w: [20, 17, 3, 4]),
      Convolution(x: [1, 64, 100, 90], w: [16, 64, 3, 3], padding: [1, 1]),
      Convolution(x: [5, 24, 16, 15], w: [32, 24, 3, 3], stride: [2, 2], padding: [1, 1]),
      Convolution(x: [4, 32, 9, 9], w: [48, 32, 1, 1], stride: [2, 2]),
      Convolution(
        x: [2, 32, 20, 18], w: [48, 16, 5, 3], stride: [3, 1], padding: [4, 2], dilation: [2, 3],
        groups: 2),
    ])
  func convolutions(_ c: Convolution) {
    let generator = Generator(seed: 7)
    let operands = [c.x, c.w, [c.w[0]]].map {
      Tensor.randn($0, generator: generator).to(.bfloat16).to(.float32)
    }
    func run(_ dtype: DType) -> [Tensor] {
      let leaves = operands.map { $0.to(dtype).requiringGrad() }
      let y = F.conv2d(
        leaves[0], leaves[1], bias: leaves[2], stride: c.stride,
        padding: c.padding, dilation: c.dilation, groups: c.groups)
      y.backward(
        gradient: Tensor.arange(0, y.count).remainder(7).reshaped(y.shape).to(dtype) - 3)
      return [y] + leaves.compactMap(\.grad)
    }
    let expected = run(.float32)
    withEveryWay { way in
      for (got, want) in zip(run(.bfloat16), expected) { #expect(near(got, want, 0.02), "\(way)") }
    }
  }

  @Test(
    "attention and its gradients are float32's within bfloat16's precision",
    arguments: [
      (150, 170, 20, 24, false), (150, 170, 20, 24, true), (9, 70, 40, 33, true),
      (33, 5, 65, 7, false),
    ])
  func attention(_ queries: Int, _ keys: Int, _ dim: Int, _ width: Int, _ causal: Bool) {
    let generator = Generator(seed: 9)
    let shapes = [
      [2, 4, queries, dim], [2, 2, keys, dim], [2, 2, keys, width], [queries, keys],
    ]
    let operands = shapes.map { Tensor.randn($0, generator: generator).to(.bfloat16).to(.float32) }
    func run(_ dtype: DType) -> [Tensor] {
      let leaves = operands.map { $0.to(dtype).requiringGrad() }
      let y = F.scaledDotProductAttention(
        leaves[0], leaves[1], leaves[2], attnMask: causal ? nil : leaves[3], isCausal: causal,
        enableGQA: true)
      y.backward(gradient: y.detach())
      return [y] + leaves.compactMap(\.grad)
    }
    let expected = run(.float32)
    withEveryWay { way in
      for (got, want) in zip(run(.bfloat16), expected) { #expect(near(got, want, 0.03), "\(way)") }
    }
  }

  /// Whether two tensors differ by no more than a share of the second's largest element.
  private func near(_ a: Tensor, _ b: Tensor, _ share: Double) -> Bool {
    let difference = (a.to(.float32) - b).abs().max().item()
    return difference <= share * b.abs().max().item()
  }
}
