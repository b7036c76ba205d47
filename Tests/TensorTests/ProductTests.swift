import Testing
import Torus

/// Products of whole numbers are exact in any order of summation, so that the float engine, whose
/// blocks and tiles end where they do not divide the sizes, must give what integers give.
@Suite("Matrix products")
struct ProductTests {
  struct Size: CustomTestStringConvertible, Sendable {
    let m, n, k: Int
    var testDescription: String { "[\(m), \(k)] × [\(k), \(n)]" }
  }

  /// Around vectors (16), tiles (14 × 32), blocks of steps (384; 192 in float64), of columns (384 at
  /// full depth) and of rows (1344).
  static let sizes: [Size] = [
    Size(m: 1, n: 1, k: 1), Size(m: 3, n: 33, k: 5), Size(m: 13, n: 15, k: 400),
    Size(m: 14, n: 64, k: 384), Size(m: 15, n: 31, k: 385), Size(m: 29, n: 130, k: 193),
    Size(m: 130, n: 128, k: 768), Size(m: 100, n: 401, k: 390), Size(m: 64, n: 1200, k: 40),
    Size(m: 257, n: 100, k: 769), Size(m: 1350, n: 420, k: 400), Size(m: 1400, n: 33, k: 130),
  ]

  static func whole(_ shape: [Int], _ generator: Generator) -> Tensor {
    Tensor.randint(-3, 4, shape, generator: generator)
  }

  @Test("blocks and their remainders give what integers give", arguments: sizes)
  func remainders(size: Size) {
    let generator = Generator(seed: UInt64(size.m + size.n + size.k))
    let a = Self.whole([size.m, size.k], generator)
    let b = Self.whole([size.k, size.n], generator)
    let expected = a.matmul(b)
    for dtype in [DType.float32, .float64] {
      let x = a.to(dtype), y = b.to(dtype)
      // The same values where memory runs along the other dimension.
      let xt = x.t.contiguous().t, yt = y.t.contiguous().t
      for (left, right) in [(x, y), (x, yt), (xt, y), (xt, yt)] {
        #expect(left.matmul(right).equal(expected.to(dtype)))
      }
    }
  }

  @Test("operands that are parts of wider tensors", arguments: sizes)
  func parts(size: Size) {
    let generator = Generator(seed: UInt64(size.m * size.n + size.k))
    let a = Self.whole([size.m, size.k + 3], generator)
    let b = Self.whole([size.k, size.n + 5], generator)
    func inner(_ dtype: DType) -> (Tensor, Tensor) {
      (
        a.to(dtype).narrowed(dim: 1, start: 2, length: size.k),
        b.to(dtype).narrowed(dim: 1, start: 1, length: size.n)
      )
    }
    let (x, y) = inner(.float32), (i, j) = inner(.int64)
    #expect(x.matmul(y).equal(i.matmul(j).to(.float32)))
  }

  @Test("a linear map adds its bias once", arguments: sizes)
  func bias(size: Size) {
    let generator = Generator(seed: UInt64(size.m + size.n * size.k))
    let x = Self.whole([size.m, size.k], generator)
    let weight = Self.whole([size.n, size.k], generator)
    let bias = Self.whole([size.n], generator)
    let expected = (x.matmul(weight.t) + bias).to(.float32)
    #expect(x.to(.float32).linear(weight.to(.float32), bias.to(.float32)).equal(expected))
  }
}
