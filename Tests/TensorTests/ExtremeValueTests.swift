import Foundation
import TensorTesting
import Testing
import Torus

/// Positions, probabilities and temperatures at the ends of their ranges.
@Suite("Extreme values")
struct ExtremeValueTests {
  /// What PyTorch 2.13 reads of 1 … 27 in a volume of 3 × 3 × 3 where x, y or z is the first of
  /// these and the others are a quarter; then the next one.
  private static let places: [Double] = [.infinity, -.infinity, .nan, 3e38, 1e30, 1e19]

  @Test(
    "volumes are sampled at positions of no place as PyTorch does",
    arguments: [
      (GridPadding.zeros, InterpolationMode.bilinear, [Double](repeating: 0, count: 18)),
      (.zeros, .nearest, [Double](repeating: 0, count: 18)),
      (
        .border, .bilinear,
        [
          19.5, 20.75, 24.5, 17.5, 14.75, 6.5, 19.5, 20.75, 24.5, 19.5, 20.75, 24.5, 19.5, 20.75,
          24.5, 19.5, 20.75, 24.5,
        ]
      ),
      (
        .border, .nearest,
        [15, 17, 23, 13, 11, 5, 15, 17, 23, 15, 17, 23, 15, 17, 23, 15, 17, 23]
      ),
      (
        .reflection, .bilinear,
        [
          19.5, 20.75, 24.5, 19.5, 20.75, 24.5, 19.5, 20.75, 24.5, 19.5, 20.75, 24.5, 18, 16.25, 11,
          18, 16.25, 11,
        ]
      ),
      (
        .reflection, .nearest,
        [15, 17, 23, 15, 17, 23, 15, 17, 23, 15, 17, 23, 13, 11, 5, 13, 11, 5]
      ),
    ])
  func volumes(_ padding: GridPadding, _ mode: InterpolationMode, _ expected: [Double]) {
    let x = Tensor((1...27).map { Float($0) }, shape: [1, 1, 3, 3, 3]).requiringGrad()
    var got: [Double] = []
    for place in Self.places {
      for axis in 0..<3 {
        var position = [Float](repeating: 0.25, count: 3)
        position[axis] = Float(place)
        let grid = Tensor(position, shape: [1, 1, 1, 1, 3]).requiringGrad()
        let y = F.gridSample(x, grid, mode: mode, paddingMode: padding)
        got.append(y.item(Double.self))
        x.grad = nil
        y.sum().backward()
        #expect(x.grad?.isFinite().all().item(Bool.self) == true)
        if let slope = grid.grad { #expect(slope.isFinite().all().item(Bool.self)) }
      }
    }
    #expect(zip(got, expected).allSatisfy { abs($0 - $1) < 1e-4 }, "\(got)")
  }

  /// As PyTorch 2.13, which sums squares in float64.
  @Test("spreads whose squares float32 cannot hold", arguments: [DType.float32, .bfloat16])
  func spreads(dtype: DType) {
    for (size, variance) in [(1e30, Double.infinity), (3e38, .infinity), (1e-30, 0)] {
      for shape in [[4, 2], [2, 4], [2048, 2], [2, 70_000]] {
        let signs = Tensor.arange(shape[0] * shape[1]).remainder(2) * 2 - 1
        let ordered = (signs.to(.float64) * size).reshaped(shape[1] == 2 ? [2, shape[0]] : shape)
        let x = (shape[1] == 2 ? ordered.transposed() : ordered).to(dtype)
        let dim = shape[1] == 2 ? 0 : 1
        let (deviation, mean) = x.stdMean(dim: dim, correction: 0)
        let exact = x.to(.float64).std(dim: dim, correction: 0)
        #expect(deviation.to(.float64).allClose(exact, rtol: 1e-2, atol: 0), "\(size) \(shape)")
        #expect(mean.array(of: Float.self) == [0, 0])
        #expect(x.var(dim: dim).array(of: Double.self) == [variance, variance])
      }
    }
    #expect(Tensor([1e30, -1e30, 1e30, -1e30]).std(correction: 0).item(Float.self) == 1e30)
    #expect(Tensor([1.0, .infinity]).std().item(Float.self).isNaN)
    #expect(Tensor.zeros([3]).std().item(Float.self) == 0)
    #expect(Tensor.full([3], 3e38).std().item(Float.self) == 0)
  }

  @Test("weights whose sum overflows are drawn by their shares")
  func largeWeights() {
    for dtype in [DType.float32, .float64] {
      let large = dtype == .float32 ? 3e38 : 1.5e308
      let weights = Tensor([large, large, large / 2, 0], dtype: .float64).to(dtype)
      for replacement in [true, false] {
        var counts = [0, 0, 0, 0]
        let generator = Generator(seed: 7)
        for _ in 0..<(replacement ? 1 : 2000) {
          let drawn = weights.multinomial(
            replacement ? 2000 : 1, replacement: replacement, generator: generator)
          for index in drawn.array(of: Int.self) { counts[index] += 1 }
        }
        #expect(counts[3] == 0)
        #expect(abs(counts[0] - 800) < 100 && abs(counts[1] - 800) < 100)
      }
    }
  }

  @Test("the smallest weight alone is drawn")
  func smallWeight() {
    let weights = Tensor([Float(0), 1e-45, 0])
    // Every seventh quotient of this weight is rounded to 0.
    for seed in 0..<64 {
      let drawn = weights.multinomial(
        1, replacement: seed % 2 == 0, generator: Generator(seed: UInt64(seed)))
      #expect(drawn.item(Int.self) == 1, "seed \(seed)")
    }
    #expect(Set(weights.multinomial(5, replacement: true).array(of: Int.self)) == [1])
  }

  // torch.manual_seed(3); torch.multinomial(weights, count)
  @Test(
    "where more is drawn than has weights, the rest is what PyTorch takes",
    arguments: [
      (40, [12, 7, 26, 29, 28, 27, 24, 22, 23, 31]), (1000, [12, 7, 3, 1, 4, 0]),
    ])
  func fewWeights(categories: Int, expected: [Int]) {
    var weights = [Float](repeating: 0, count: categories)
    (weights[7], weights[12]) = (0.3, 0.7)
    let drawn = Tensor(weights).multinomial(expected.count, generator: Generator(seed: 3))
    #expect(drawn.array(of: Int.self) == expected)
  }

  @Test("probabilities that are none are refused by name")
  func refusedWeights() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      _ = Tensor([1, Double.nan], dtype: .float64).multinomial(1)
    }
    #expect(says("multinomial: a weight is negative, infinite or NaN", result))
    let zero = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      _ = Tensor([0.0, 0.0], dtype: .float64).multinomial(1)
    }
    #expect(says("multinomial: the weights of a row sum to 0", zero))
  }

  @Test("a temperature next to 0 takes the likeliest character, a huge one any")
  func temperatures() {
    Generator(seed: 3).asDefault {
      let model = CharGPT(vocabulary: 11, context: 8, layers: 1, heads: 1, width: 8)
      model.eval()
      let likeliest = model.generate(from: [1, 2], count: 12, temperature: 0)
      for temperature in [1e-40, 5e-324, 1e-31] {
        let text = model.generate(
          from: [1, 2], count: 12, temperature: temperature, generator: Generator(seed: 1))
        #expect(text == likeliest)
        let few = model.generate(
          from: [1, 2], count: 12, temperature: temperature, topK: 3, generator: Generator(seed: 1))
        #expect(few == likeliest)
      }
      let any = model.generate(
        from: [1, 2], count: 12, temperature: 1e300, generator: Generator(seed: 1))
      #expect(any.count == 14)
    }
  }

  @Test("an empty batch leaves an instance norm's running statistics as they are")
  func emptyInstances() {
    for affine in [false, true] {
      let norm = InstanceNorm1d(5, affine: affine, trackRunningStats: true)
      _ = norm(Tensor.ones([2, 5, 3]))
      let (mean, variance) = (
        norm.runningMean?.value.array(of: Float.self), norm.runningVar?.value.array(of: Float.self)
      )
      _ = norm(Tensor.zeros([2, 5, 0]))
      if !affine { _ = norm(Tensor.zeros([0, 5, 3])) }
      #expect(norm.runningMean?.value.array(of: Float.self) == mean)
      #expect(norm.runningVar?.value.array(of: Float.self) == variance)
      #expect(mean?.contains { abs($0 - 0.1) > 1e-6 } == false)
    }
  }
}
