import Tensors
import Testing

/// Large products of float32 in every way that this machine has, among them the plain one in three parts of
/// bfloat16 that every machine has. Each test is a process of its own: what it sets holds for all threads.
@Suite("Products of float32")
struct Float32ProductTests {
  @Test("the way in parts is one of those that are tried")
  func ways() async {
    await #expect(processExitsWith: .success) {
      var tried: [Way] = []
      withEveryWay { tried.append($0) }
      #expect(tried.contains(.float32) && tried.contains(.plain))
    }
  }

  @Test("whole numbers give what integers give, in every layout")
  func wholeNumbers() async {
    await #expect(processExitsWith: .success) {
      withEveryWay { way in
        for (m, n, k) in sizes {
          let generator = Generator(seed: UInt64(m + n * k))
          let (a, b) = (
            Tensor.randint(-90, 91, [m, k], generator: generator),
            Tensor.randint(-90, 91, [k, n], generator: generator)
          )
          let c = Tensor.randint(-90, 91, [n], generator: generator)
          let product = a.matmul(b)
          let (x, y) = (a.to(.float32), b.to(.float32))
          let xt = x.t.contiguous().t, yt = y.t.contiguous().t
          for (left, right) in [(x, y), (x, yt), (xt, y), (xt, yt)] {
            #expect(left.matmul(right).equal(product.to(.float32)), "\(way) \(m) \(n) \(k)")
          }
          let wide = Tensor.zeros([m, k + 3])
          wide.narrowed(dim: 1, start: 2, length: k).copyInPlace(x)
          #expect(wide.narrowed(dim: 1, start: 2, length: k).matmul(y).equal(product.to(.float32)))
          #expect(x.linear(yt.t, c.to(.float32)).equal((product + c).to(.float32)))
          #expect(
            c.to(.float32).addmm(x, y, beta: 2, alpha: 0.5)
              .equal(product.to(.float32) * 0.5 + (c * 2).to(.float32)))
        }
      }
    }
  }

  @Test("all ways are as near to float64 as float32 is, at every scale")
  func accuracy() async {
    await #expect(processExitsWith: .success) {
      for scale in [1, 1e-12, 1e12] {
        for (m, n, k) in sizes {
          let generator = Generator(seed: UInt64(m * n + k))
          let a = Tensor.randn([m, k], generator: generator) * scale
          let b = Tensor.randn([k, n], generator: generator)
          let exact = a.to(.float64).matmul(b.to(.float64))
          let size = a.abs().to(.float64).matmul(b.abs().to(.float64))
          withEveryWay { way in
            let error = ((a.matmul(b).to(.float64) - exact).abs() / size).max().item(Double.self)
            #expect(error < 4e-7, "\(way) \(m) \(n) \(k) × \(scale)")
          }
        }
      }
    }
  }

  @Test("results do not depend on the number of threads")
  func threads() async {
    await #expect(processExitsWith: .success) {
      let generator = Generator(seed: 3)
      let a = Tensor.randn([3, 1, 70, 140], generator: generator)
      let b = Tensor.randn([2, 140, 110], generator: generator)
      let x = Tensor.randn([300, 700], generator: generator)
      let threads = Compute.threads
      defer { Compute.setThreads(threads) }
      withEveryWay { way in
        var results: [(Tensor, Tensor)] = []
        for count in [1, 3] {
          Compute.setThreads(count)
          results.append((a.matmul(b), x.t.matmul(x)))
        }
        #expect(results[0].0.equal(results[1].0) && results[0].1.equal(results[1].1), "\(way)")
      }
    }
  }

  @Test("NaN, infinities and overflow come out where float32 has them, and nowhere else")
  func specialValues() async {
    await #expect(processExitsWith: .success) {
      let before = Compute.float32Products
      defer { _ = Compute.use(before) }
      let generator = Generator(seed: 5)
      // The largest number rounds to infinity as bfloat16, and times 0.5 is finite.
      for special in [Double.nan, .infinity, -.infinity, 3.402823e38, -3.402823e38] {
        for (row, column) in [(3, 99), (67, 0)] {
          var a = Tensor.randn([150, 100], generator: generator) * 1e-3
          a[row, column] = Tensor(special).to(.float32)
          var b = Tensor.randn([100, 75], generator: generator).clamp(min: -0.9, max: 0.9)
          b[column, 7] = Tensor(0).to(.float32)
          _ = Compute.use(.float32)
          let expected = a.matmul(b)
          let added = (expected * 0 + 1).addmm(a, b, beta: 3)
          withEveryWay { way in
            for (result, expected) in [
              (a.matmul(b), expected), ((expected * 0 + 1).addmm(a, b, beta: 3), added),
            ] {
              #expect(result.isNaN().equal(expected.isNaN()), "\(way) \(special)")
              #expect(result.isInf().equal(expected.isInf()), "\(way) \(special)")
              let finite = expected.isFinite()
              #expect(
                near(result.maskedSelect(finite), expected.maskedSelect(finite), 1e-5),
                "\(way) \(special)")
            }
          }
        }
      }
    }
  }
}

typealias Way = Compute.Float32Products

/// Around blocks (32), steps (32), runs (192) and chunks (384) of steps, with rows or columns the longer side.
private let sizes = [
  (128, 128, 64), (65, 129, 130), (72, 70, 513), (64, 300, 64), (300, 65, 192), (70, 72, 1000),
  (65, 129, 385),
]

/// Runs a body once for each way, and puts back the one that was in use.
func withEveryWay(_ body: (Way) -> Void) {
  let before = Compute.float32Products
  defer { _ = Compute.use(before) }
  for way in Way.allCases where Compute.use(way) { body(way) }
}

/// Whether two tensors differ by no more than a share of the second's largest element.
func near(_ a: Tensor, _ b: Tensor, _ share: Double) -> Bool {
  (a - b).abs().max().item() <= share * b.abs().max().item()
}
