import NN
import TensorTesting
import Tensors
import Testing

/// Gradients that are written where they are wanted, and those that only seem to be.
@Suite("Gradients of packed projections")
struct PackedGradientTests {
  /// The gradient of a packed projection through attention, whose parts are in the given order and,
  /// if asked for, copies.
  static func gradient(_ order: [Int], copied: Bool) throws -> Tensor {
    let packed = Tensor.randn([2, 5, 36], dtype: .float64, generator: Generator(seed: 7))
      .requiringGrad()
    let parts = packed.split(12, dim: 2).map { part in
      (copied ? part * 1 : part).view([2, 5, 3, 4]).transposed(1, 2)
    }
    let y = F.scaledDotProductAttention(
      parts[order[0]], parts[order[1]], parts[order[2]], isCausal: true)
    (y * spread(y.shape)).sum().backward()
    return try #require(packed.grad)
  }

  @Test(
    "thirds of one tensor have the gradients that copies have",
    arguments: [[0, 1, 2], [2, 0, 1], [1, 2, 0], [0, 0, 1], [2, 2, 2]])
  func thirds(order: [Int]) throws {
    let packed = try Self.gradient(order, copied: false)
    let copied = try Self.gradient(order, copied: true)
    #expect(packed.allClose(copied, rtol: 1e-12, atol: 1e-14))
  }

  @Test("pieces that lie in their places are one tensor, all others are put together")
  func pieces() throws {
    let given = Tensor.randn([4, 6], generator: Generator(seed: 3))
    // A row of tensors passes each its part of the cotangent as it lies in memory.
    func gradient(_ order: [Int]) throws -> [Float] {
      let x = Tensor.zeros([4, 6]).requiringGrad()
      let parts = x.split(2, dim: 1)
      Tensor.cat(order.map { parts[$0] }, dim: 1).backward(gradient: given)
      return try #require(x.grad).array(of: Float.self)
    }
    let pieces = given.split(2, dim: 1)
    func joined(_ order: [Int]) -> [Float] {
      Tensor.cat(order.map { pieces[$0] }, dim: 1).array(of: Float.self)
    }
    #expect(try gradient([0, 1, 2]) == joined([0, 1, 2]))
    #expect(try gradient([1, 0, 2]) == joined([1, 0, 2]))
    #expect(try gradient([1, 2, 0]) == joined([2, 0, 1]))
  }

  @Test("a cotangent that was handed over in pieces stays its owner's")
  func ownership() throws {
    let x = Tensor.zeros([3, 4]).requiringGrad()
    let given = Tensor.ones([3, 4])
    for _ in 0..<2 {
      // Sums pass their cotangents on as they are.
      let y = Tensor.cat(x.split(2, dim: 1), dim: 1)
      y.backward(gradient: given)
    }
    #expect(try #require(x.grad).equal(Tensor.full([3, 4], 2.0)))
    #expect(given.equal(Tensor.ones([3, 4])))
  }
}
