import Foundation
import Tensors
import Testing

/// Regions of mixed precision beside `torch.autocast("cpu", torch.bfloat16)` (`Golden/autocast.py`).
@Suite("Mixed precision")
struct AutocastTests {
  private struct Step: Decodable {
    let loss: Double
    let dtype: String
    let gradients: [[Double]]
    let gradientDTypes: [String]
  }
  private struct Model: Decodable {
    let shapes: [[Int]]
    let f32, bf16: Step
  }
  private struct Answers: Decodable {
    let dtypes: [String: [String?]]
    let models: [String: Model]
  }

  private func answers() throws -> Answers {
    let path = Bundle.module.bundleURL.appendingPathComponent("Golden/autocast.json")
    return try JSONDecoder().decode(Answers.self, from: Data(contentsOf: path))
  }

  @Test("results have PyTorch's types")
  func types() throws {
    let expected = try answers().dtypes
    let operations = AutocastOperations.all
    #expect(Set(operations.keys) == Set(expected.keys))
    for (name, operation) in operations.sorted(by: { $0.key < $1.key }) {
      for (source, want) in zip([DType.float32, .bfloat16], try #require(expected[name])) {
        guard let want else { continue }
        let result = autocast(.bfloat16) { operation { $0.to(source) } }
        #expect(result.dtype.description == want, "\(name) of \(source)")
      }
    }
  }

  // MARK: Models

  private func wave(_ shape: [Int], _ phase: Double, _ scale: Double = 1) -> Tensor {
    let steps = Tensor.arange(0, shape.reduce(1, *), dtype: .float64) * 0.7 + phase
    return (steps.sin() * scale).to(.float32).reshaped(shape)
  }

  private func mlp(_ p: [Tensor]) -> Tensor {
    let x = wave([8, 12], 0.1).linear(p[0], p[1])
    let hidden = F.gelu(F.layerNorm(x, [16], weight: p[2], bias: p[3]))
    return F.crossEntropy(hidden.linear(p[4]), Tensor.arange(8).remainder(5))
  }

  private func convolution(_ p: [Tensor]) -> Tensor {
    var x = F.conv2d(wave([4, 3, 10, 10], 0.2), p[0], bias: p[1], padding: 1)
    x = F.batchNorm(x, weight: p[2], bias: p[3], training: true).relu()
    x = F.conv2d(F.maxPool2d(x, [2]), p[4], stride: [2]).relu().flattened(from: 1)
    return F.mseLoss(x.linear(p[5]), wave([4, 2], 0.5))
  }

  private func attention(_ p: [Tensor]) -> Tensor {
    let x = F.embedding(Tensor.arange(12).reshaped([2, 6]).remainder(7), p[0])
    let parts = x.linear(p[1]).reshaped([2, 6, 3, 2, 8]).permuted([2, 0, 3, 1, 4]).unbind()
    let y = F.scaledDotProductAttention(parts[0], parts[1], parts[2], isCausal: true)
    let sum = x + y.transposed(1, 2).reshaped([2, 6, 16]).linear(p[2])
    let logits = F.rmsNorm(sum, [16], weight: p[3]).matmul(p[0].t)
    return F.crossEntropy(logits.flattened(from: 0, to: 1), Tensor.arange(12).remainder(7))
  }

  private func parameters(_ shapes: [[Int]]) -> [Tensor] {
    shapes.enumerated().map { index, shape in
      (wave(shape, Double(1 + index), 0.4) + (shape.count == 1 ? 1.0 : 0.0)).requiringGrad()
    }
  }

  @Test(
    "losses and gradients are as near to PyTorch's as those to float32's",
    arguments: ["mlp", "convolution", "attention"])
  func models(_ name: String) throws {
    let model = try #require(answers().models[name])
    let function = ["mlp": mlp, "convolution": convolution, "attention": attention][name]
    let forward = try #require(function)
    for precision in [DType.float32, .bfloat16, .float16] {
      let leaves = parameters(model.shapes)
      let loss = autocast(
        precision == .float32 ? .bfloat16 : precision, enabled: precision != .float32
      ) { forward(leaves) }
      loss.backward()
      #expect(loss.dtype == .float32 && leaves.allSatisfy { $0.grad?.dtype == .float32 })
      let wanted = precision == .float32 ? model.f32 : model.bf16
      let most = wanted.gradients.joined().map(abs).max() ?? 0
      for (index, leaf) in leaves.enumerated() {
        let got = try #require(leaf.grad).array(of: Double.self)
        func distance(_ a: [Double], _ b: [Double]) -> Double {
          zip(a, b).map { abs($0 - $1) }.max() ?? 0
        }
        let room =
          precision == .float32
          ? 1e-5 * most
          : 3 * distance(model.bf16.gradients[index], model.f32.gradients[index]) + 2e-3 * most
        #expect(distance(got, wanted.gradients[index]) <= room, "\(precision) \(index)")
      }
      let room =
        precision == .float32
        ? 1e-6 * wanted.loss : 2 * abs(model.bf16.loss - model.f32.loss) + 2e-3
      #expect(abs(loss.item() - wanted.loss) <= room, "\(precision)")
    }
  }

  // MARK: Regions

  @Test("regions nest, end with an error too, and leave float64 alone")
  func nesting() {
    struct Stop: Error {}
    let x = Tensor.ones([2, 2])
    func kind() -> DType { x.matmul(x).dtype }
    #expect(kind() == .float32 && !isAutocastEnabled)
    autocast(.bfloat16) {
      #expect(kind() == .bfloat16 && isAutocastEnabled)
      autocast(enabled: false) { #expect(kind() == .float32 && !isAutocastEnabled) }
      autocast(.float16) { #expect(kind() == .float16) }
      try? autocast(.float16) { () throws(Stop) in throw Stop() }
      #expect(kind() == .bfloat16)
      let wide = x.to(.float64)
      #expect(wide.matmul(wide).dtype == .float64)
    }
    #expect(kind() == .float32)
  }

  @Test("a parameter is cast once in a region, anew once it is written, and not for other regions")
  func castsAreKept() {
    let weight = Tensor.ones([3, 3]).requiringGrad()
    let x = Tensor.ones([2, 3])
    let unseen = weight.storage.pointer.assumingMemoryBound(to: Float.self)
    autocast {
      #expect(x.matmul(weight).to(.float32).equal(Tensor.full([2, 3], 3.0)))
      // A write that no version tells of shows whether the weight is read again.
      for index in 0..<9 { unseen[index] = 5 }
      #expect(x.matmul(weight).to(.float32).equal(Tensor.full([2, 3], 3.0)))
      noGrad { weight.copyInPlace(Tensor.full([3, 3], 2.0)) }
      #expect(x.matmul(weight).to(.float32).equal(Tensor.full([2, 3], 6.0)))
      for index in 0..<9 { unseen[index] = 5 }
    }
    autocast { #expect(x.matmul(weight).to(.float32).equal(Tensor.full([2, 3], 15.0))) }
  }

  @Test("a parameter that is used twice gets both gradients")
  func shared() {
    let weight = Tensor.ones([3, 3]).requiringGrad()
    let x = Tensor.ones([2, 3])
    for cached in [true, false] {
      weight.grad = nil
      let loss = autocast(cacheEnabled: cached) { x.matmul(weight).matmul(weight).sum() }
      loss.backward()
      #expect(weight.grad?.equal(Tensor.full([3, 3], 12.0)) == true)
    }
  }

  @Test("inference, then training, in one region: the first leaves no cast without a gradient")
  func inferenceFirst() {
    let weight = Tensor.ones([3, 3]).requiringGrad()
    autocast {
      _ = noGrad { Tensor.ones([2, 3]).matmul(weight) }
      Tensor.ones([2, 3]).matmul(weight).sum().backward()
    }
    #expect(weight.grad?.equal(Tensor.full([3, 3], 2.0)) == true)
  }

  @Test("a captured graph holds its casts and reads the parameters of its own run")
  func captured() {
    let x = Tensor.ones([2, 3])
    let graph = Graph.capture([Tensor.ones([3, 3])]) { inputs in
      autocast { [x.matmul(inputs[0])] }
    }
    let result = graph([Tensor.full([3, 3], 2.0)])[0]
    #expect(result.dtype == .bfloat16)
    #expect(result.to(.float32).equal(Tensor.full([2, 3], 6.0)))
  }
}
