import Tensors
import Testing

/// Attention and convolution of float32 where their products are computed in three parts of bfloat16, against
/// float32 itself, in every way that this machine has. Each test is a process of its own, as in
/// Float32ProductTests.
@Suite("Attention and convolution of float32 in parts")
struct Float32PartTests {
  @Test("attention and its gradients are float32's, with and without masks, in groups of heads")
  func attention() async {
    await #expect(processExitsWith: .success) {
      for mask in Mask.allCases {
        let (queries, keys, dim, width) = mask == .causal ? (140, 128, 66, 50) : (128, 130, 48, 48)
        let generator = Generator(seed: UInt64(queries + dim))
        let q = Tensor.randn([2, 2, queries, dim], generator: generator)
        let k = Tensor.randn([2, 1, keys, dim], generator: generator)
        let v = Tensor.randn([2, 1, keys, width], generator: generator)
        let bias = mask.tensor(queries, keys, generator)
        let slope = Tensor.randn([2, 2, queries, width], generator: generator)
        compareWays("\(mask)", [q, k, v] + bias.list) { leaves in
          let out = F.scaledDotProductAttention(
            leaves[0], leaves[1], leaves[2], attnMask: leaves.count > 3 ? leaves[3] : bias.hidden,
            isCausal: mask == .causal, enableGQA: true)
          out.backward(gradient: slope)
          return out
        }
      }
    }
  }

  @Test("NaN, infinities and overflow come out of attention where float32 has them")
  func specialAttention() async {
    await #expect(processExitsWith: .success) {
      for (place, special) in [
        (0, Double.nan), (0, .infinity), (1, -.infinity), (2, .infinity), (2, 3.402823e38),
        (1, 3.402823e38),
      ] {
        let generator = Generator(seed: 3)
        var leaves = (0..<3).map { _ in Tensor.randn([1, 2, 128, 64], generator: generator) }
        leaves[place][0, 1, 40, 5] = Tensor(special).to(.float32)
        compareSpecial("\(place) \(special)", leaves) { leaves in
          let out = F.scaledDotProductAttention(leaves[0], leaves[1], leaves[2], isCausal: true)
          out.sum().backward()
          return out
        }
      }
    }
  }

  @Test("convolutions and their gradients are float32's")
  func convolution() async {
    await #expect(processExitsWith: .success) {
      for c in [
        Case(x: [30, 33, 5, 6], w: [40, 33, 3, 3], padding: [1, 1]),
        Case(x: [49, 64, 3, 4], w: [32, 64, 3, 3], padding: [1, 1]),
        Case(x: [24, 64, 7, 6], w: [96, 32, 3, 2], stride: [2, 1], padding: [1, 0], groups: 2),
        Case(
          x: [32, 32, 7, 7], w: [32, 32, 2, 3], stride: [3, 2], padding: [4, 2], dilation: [2, 1]),
        // More positions than a band, and channels in chunks.
        Case(x: [24, 64, 4, 64], w: [32, 64, 3, 1]),
      ] {
        let generator = Generator(seed: 7)
        let leaves = [c.x, c.w, [c.w[0]]].map { Tensor.randn($0, generator: generator) }
        compareWays("\(c)", leaves) { leaves in
          let y = F.conv2d(
            leaves[0], leaves[1], bias: leaves[2], stride: c.stride, padding: c.padding,
            dilation: c.dilation, groups: c.groups)
          y.backward(
            gradient: Tensor.arange(0, y.count).remainder(7).reshaped(y.shape).to(.float32) - 3)
          return y
        }
      }
    }
  }

  @Test("NaN, infinities and overflow come out of convolutions where float32 has them")
  func specialConvolution() async {
    await #expect(processExitsWith: .success) {
      for special in [Double.nan, .infinity, 3.402823e38] {
        for place in 0...1 {
          let generator = Generator(seed: 5)
          var leaves = [[32, 32, 4, 4], [32, 32, 3, 3]].map {
            Tensor.rand($0, generator: generator) * 1e-3 + 1e-3
          }
          leaves[place][3, 2, 1, 1] = Tensor(special).to(.float32)
          compareSpecial("\(place) \(special)", leaves) { leaves in
            let y = F.conv2d(leaves[0], leaves[1], padding: [1, 1])
            y.sum().backward()
            return y
          }
        }
      }
    }
  }

  @Test("results do not depend on the number of threads")
  func threads() async {
    await #expect(processExitsWith: .success) {
      let generator = Generator(seed: 1)
      let heads = Tensor.randn([1, 1, 260, 48], generator: generator)
      let image = Tensor.randn([48, 64, 4, 4], generator: generator)
      let filters = Tensor.randn([64, 64, 3, 3], generator: generator)
      let threads = Compute.threads
      defer { Compute.setThreads(threads) }
      withEveryWay { way in
        var results: [[Tensor]] = []
        for count in [1, 3] {
          Compute.setThreads(count)
          let leaves = [heads, image, filters].map { $0.detach().requiringGrad() }
          let out = F.scaledDotProductAttention(leaves[0], leaves[0], leaves[0], isCausal: true)
          let y = F.conv2d(leaves[1], leaves[2])
          (out.sum() + y.sum()).backward()
          results.append([out, y] + leaves.compactMap(\.grad))
        }
        for (one, three) in zip(results[0], results[1]) { #expect(one.equal(three), "\(way)") }
      }
    }
  }
}

private struct Case {
  var x: [Int], w: [Int], stride = [1, 1], padding = [0, 0], dilation = [1, 1], groups = 1
}

private enum Mask: CaseIterable {
  case none, causal, padding, bias, hidden

  /// A mask of float32, which gets a gradient where it is listed, and one that gets none.
  func tensor(_ queries: Int, _ keys: Int, _ generator: Generator) -> (
    list: [Tensor], hidden: Tensor?
  ) {
    switch self {
    case .none, .causal: return ([], nil)
    case .padding:
      // The last keys of the second sequence.
      let seen = Tensor.arange(0, keys).reshaped([1, 1, 1, keys])
        .lt(Tensor([keys, keys / 3]).reshaped([2, 1, 1, 1]))
      return ([], seen)
    case .bias: return ([Tensor.randn([1, 2, queries, keys], generator: generator)], nil)
    case .hidden:
      // Queries 3, 10, … see nothing.
      return ([], Tensor.arange(0, queries).remainder(7).ne(3).reshaped([queries, 1]))
    }
  }
}

/// Runs a function of leaves in every way, and compares its result and the leaves' gradients with float32's.
private func compareWays(_ name: String, _ leaves: [Tensor], _ run: ([Tensor]) -> Tensor) {
  func results() -> [Tensor] {
    let leaves = leaves.map { $0.detach().requiringGrad() }
    return [run(leaves)] + leaves.compactMap(\.grad)
  }
  let before = Compute.float32Products
  defer { _ = Compute.use(before) }
  _ = Compute.use(.float32)
  let expected = results()
  #expect(expected.count == leaves.count + 1)
  withEveryWay { way in
    for (index, (got, want)) in zip(results(), expected).enumerated() {
      #expect(near(got, want, 1e-5), "\(way) \(name) \(index)")
    }
  }
}

/// The same where some of it is no finite number: kinds are float32's, and finite numbers near.
private func compareSpecial(_ name: String, _ leaves: [Tensor], _ run: ([Tensor]) -> Tensor) {
  func results() -> [Tensor] {
    let leaves = leaves.map { $0.detach().requiringGrad() }
    return [run(leaves)] + leaves.compactMap(\.grad)
  }
  let before = Compute.float32Products
  defer { _ = Compute.use(before) }
  _ = Compute.use(.float32)
  let expected = results()
  withEveryWay { way in
    for (index, (got, want)) in zip(results(), expected).enumerated() {
      #expect(got.isNaN().equal(want.isNaN()), "\(way) \(name) \(index)")
      #expect(got.isInf().equal(want.isInf()), "\(way) \(name) \(index)")
      let finite = want.isFinite()
      if finite.any().item(Bool.self) {
        #expect(
          near(got.maskedSelect(finite), want.maskedSelect(finite), 1e-5), "\(way) \(name) \(index)"
        )
      }
    }
  }
}
