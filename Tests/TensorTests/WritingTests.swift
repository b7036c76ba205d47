import Testing
import Torus

/// Tensors as one writes them in Python. Values are those of PyTorch 2.13, by the same expressions.
@Suite("Tensors as one writes them")
struct WritingTests {
  private let x: Tensor = [[1.0, 2, 3], [4, 5, 6]]

  @Test("a number beside item is no reason to lose the fraction")
  func items() {
    let x = Tensor(0.7)
    #expect(x.item() > 0 && x.item() != 0 && x.item() * 10 > 6)
    let (whole, short): (Int, Float) = (x.item(), x.item())
    #expect(whole == 0 && short == 0.7 && x.item(Bool.self))
  }

  @Test("lists nest to any depth, and take a dtype")
  func lists() {
    #expect(Tensor([1.0, 2.0], dtype: .float32).dtype == .float32)
    #expect(Tensor([1, 2]).dtype == .int64)
    #expect(Tensor([true]).dtype == .bool)
    #expect(Tensor([1.0]).dtype == .float32 && Tensor([[1.0, 2], [3, 4]]).dtype == .float32)
    #expect(Tensor([1.0], dtype: .float64).dtype == .float64)
    #expect(Tensor([0.1], dtype: .float64).array(of: Double.self) == [0.1])
    #expect(Tensor([[[1, 2], [3, 4]]]).shape == [1, 2, 2])
    #expect(Tensor([1.0, 2], dtype: .float64, requiresGrad: true).requiresGrad)
    #expect(Linear(2, 2)([[1.0, 2.0]]).shape == [1, 2])
  }

  @Test("literals are tensors where a tensor is expected")
  func literals() {
    let mixed: Tensor = [[1, 2.5], [3, 4]]
    let whole: Tensor = [1, 2]
    let truths: Tensor = [true, false]
    #expect(mixed.dtype == .float32)
    #expect(mixed.shape == [2, 2])
    #expect(whole.dtype == .int64)
    #expect(truths.dtype == .bool)
    #expect(F.crossEntropy(Tensor.zeros(3, 4), [2, 0, 1]).item() > 1.38)
  }

  @Test("shapes come as lists and as numbers, and creators make leaves")
  func shapes() {
    #expect(Tensor.zeros(2, 3).shape == Tensor.zeros([2, 3]).shape)
    #expect(Tensor.ones(2, dtype: .int64).dtype == .int64)
    #expect(Tensor.randn(2, 2, requiresGrad: true).requiresGrad)
    #expect(Tensor.empty(like: x).shape == [2, 3])
    #expect(x.view(3, 2).shape == [3, 2])
  }

  @Test("operators compare, combine and compute elementwise, with numbers on either side")
  func operators() {
    #expect((x % 2).array(of: Float.self) == [1, 0, 1, 0, 1, 0])
    #expect((x ** 2).array(of: Float.self) == [1, 4, 9, 16, 25, 36])
    #expect((2 ** x).array(of: Float.self) == [2, 4, 8, 16, 32, 64])
    #expect((7 % x).array(of: Float.self) == [0, 1, 1, 3, 2, 1])
    #expect((7 - x).array(of: Float.self) == [6, 5, 4, 3, 2, 1])
    let both = (x > 2) & (x < 6)
    #expect(both.array(of: Bool.self) == [false, false, true, true, true, false])
    let either = (x < 2) | (x >= 6)
    #expect(either.array(of: Bool.self) == [true, false, false, false, false, true])
    #expect((~(x > 2)).array(of: Bool.self) == [true, true, false, false, false, false])
    #expect((x .== 5).array(of: Bool.self) == [false, false, false, false, true, false])
    #expect((Tensor([1, 2]) << 2).array(of: Int.self) == [4, 8])
    #expect((Tensor([8, 9]) >> 1).array(of: Int.self) == [4, 4])
  }

  @Test("numbers and tensors are assigned to parts, and gradients flow past them")
  func assignment() {
    var y = Tensor.zeros(3, 3)
    y[0] = 5
    y[y .== 5] = 1
    y[1..., 0] += Tensor([2.0, 3.0], dtype: .float32)
    y[..., 2] = 7
    y[[0, 2]] *= 2
    #expect(y.array(of: Float.self) == [2, 2, 14, 2, 0, 7, 6, 0, 14])
    let w = Tensor([1.0, 2, 3], dtype: .float32, requiresGrad: true)
    var z = w * 2
    z[1] = 0
    (z * z).sum().backward()
    #expect(w.grad?.array(of: Float.self) == [8, 0, 24])
  }

  @Test("subscripts take lists, ... and new axes")
  func subscripts() {
    #expect(x[..., 1].array(of: Float.self) == [2, 5])
    #expect(x[[1, 0]].array(of: Float.self) == [4, 5, 6, 1, 2, 3])
    #expect(x[.newAxis].shape == [1, 2, 3])
    #expect(x[.all, .newAxis].shape == [2, 1, 3])
    #expect(x[0..., 1].array(of: Float.self) == [2, 5])
  }

  @Test("reductions take one dimension or several")
  func reductions() {
    #expect(x.amax(dim: 0).array(of: Float.self) == [4, 5, 6])
    #expect(x.varMean(dim: 1).mean.array(of: Float.self) == [2, 5])
    #expect(x.var(dim: 1).array(of: Float.self) == [1, 1])
    #expect(x.any(dim: 0).array(of: Bool.self) == [true, true, true])
    #expect(x.countNonzero(dim: 1).array(of: Int.self) == [3, 3])
  }
}
