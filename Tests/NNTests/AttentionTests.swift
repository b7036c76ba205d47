import NN
import TensorTesting
import Tensors
import Testing

/// Attention where keys are hidden, and whose draws it uses. Numbers are PyTorch 2.13's
/// `scaled_dot_product_attention`.
@Suite("Attention")
struct AttentionTests {
  private let query = Tensor([1.0, 0, 0, 1, 1, 1], shape: [1, 1, 3, 2], dtype: .float64)
  private let key = Tensor([1.0, 2, 3, 4, 0, 1], shape: [1, 1, 3, 2], dtype: .float64)
  private let value = Tensor([1.0, 10, 2, 20, 3, 30], shape: [1, 1, 3, 2], dtype: .float64)
  /// The second query sees no key.
  private let mask = Tensor(
    [true, true, false, false, false, false, true, true, true], shape: [3, 3])

  private func near(_ tensor: Tensor?, _ expected: [Double]) -> Bool {
    guard let values = tensor?.array(of: Double.self), values.count == expected.count else {
      return false
    }
    return zip(values, expected).allSatisfy { abs($0 - $1) < 1e-4 }
  }

  @Test("a query without keys gets zeros and passes none on, fused and composed")
  func hiddenRow() {
    // A mask with a gradient goes the composed way.
    let additive = Tensor.zeros([3, 3], dtype: .float64)
      .maskedFill(mask.logicalNot(), -Double.infinity)
    for mask in [mask, additive, additive.requiringGrad()] {
      let (q, k, v) = (query.requiringGrad(), key.requiringGrad(), value.requiringGrad())
      let out = F.scaledDotProductAttention(q, k, v, attnMask: mask)
      #expect(near(out, [1.80443, 18.044298, 0, 0, 1.958326, 19.583258]))
      out.sum().backward()
      #expect(near(q.grad, [2.447361, 2.447361, 0, 0, 0.495467, 0.495467]))
      #expect(near(k.grad, [-1.634103, -0.41042, 1.525644, 0.301962, 0.108458, 0.108458]))
      #expect(near(v.grad, [0.25063, 0.25063, 1.735983, 1.735983, 0.013386, 0.013386]))
    }
  }

  @Test("several heads treat a query without keys alike, with weights and without")
  func hiddenRowOfHeads() {
    let weights = MultiHeadAttentionWeights(
      inProjection: spread([12, 4]), outProjection: spread([4, 4], from: -1, to: 1),
      outBias: Tensor([1.0, 2, 3, 4], dtype: .float64))
    let x = spread([3, 2, 4]).requiringGrad()
    var outputs: [[Double]] = []
    for needWeights in [true, false] {
      let result = F.multiHeadAttention(
        x, x, x, numHeads: 2, weights: weights, attnMask: mask.logicalNot(),
        needWeights: needWeights)
      #expect(near(result.output[1, 0], [1, 2, 3, 4]))
      if let weights = result.weights {
        #expect(weights.select(dim: 1, index: 1).array(of: Double.self).allSatisfy { $0 == 0 })
      }
      x.grad = nil
      result.output.sum().backward()
      #expect(x.grad?.isFinite().all().item(Bool.self) == true)
      outputs.append(result.output.array(of: Double.self))
    }
    #expect(zip(outputs[0], outputs[1]).allSatisfy { abs($0 - $1) < 1e-9 })
  }

  @Test("dropout draws from the generator that was handed in, with weights and without")
  func generator() {
    let weights = MultiHeadAttentionWeights(
      inProjection: spread([12, 4]), outProjection: spread([4, 4]))
    let x = spread([6, 2, 4])
    for needWeights in [true, false] {
      func drawn(_ seed: UInt64) -> [Double] {
        F.multiHeadAttention(
          x, x, x, numHeads: 2, weights: weights, dropoutP: 0.5, needWeights: needWeights,
          generator: Generator(seed: seed)
        ).output.array(of: Double.self)
      }
      // Other tests draw from the process's generator meanwhile.
      let untouched = Generator(seed: 1).asDefault { Tensor.rand([4]).array(of: Float.self) }
      Generator(seed: 1).asDefault {
        #expect(drawn(3) == drawn(3))
        #expect(drawn(3) != drawn(4))
        #expect(Tensor.rand([4]).array(of: Float.self) == untouched)
      }
    }
    let first = F.scaledDotProductAttention(
      query, key, value, dropoutP: 0.5, generator: Generator(seed: 5))
    let second = F.scaledDotProductAttention(
      query, key, value, dropoutP: 0.5, generator: Generator(seed: 5))
    #expect(first.array(of: Double.self) == second.array(of: Double.self))
  }
}
