import NN
import Optimizers
import Tensors
import Testing

/// Scales, norms and options at the ends of their ranges; values from PyTorch 2.13.
@Suite("Edges of optimizers")
struct GradientEdgeTests {
  @Test("a scaler whose scale has fallen to 0 skips its steps and says so")
  func scaleZero() {
    let weights = parameter([1, 2], gradient: [.infinity, 1])
    let optimizer = SGD([weights], lr: 0.1)
    let scaler = GradScaler(initScale: 1e-45)
    #expect(!scaler.step(optimizer))
    scaler.update()
    #expect(scaler.scale == 0)
    for _ in 0..<3 {
      weights.grad = Tensor([0, 0] as [Float])
      #expect(!scaler.step(optimizer))
      scaler.update()
    }
    #expect(weights.value.array(of: Float.self) == [1, 2])
  }

  @Test("a saved count of good steps that no run can have reached is refused")
  func goodSteps() throws {
    let scaler = GradScaler()
    var state = try #require(scaler.stateDict().object)
    state["_growth_tracker"] = .int(.max)
    #expect(throws: OptimizerStateError.self) { try scaler.load(.object(state)) }
  }

  @Test("norms of no gradients are 0, and infinite ones spread or are refused")
  func clipping() throws {
    for norm in [1, 2, 3, Double.infinity] {
      #expect(clipGradNorm([parameter([1])], maxNorm: 1, normType: norm) == 0)
      #expect(gradNorm([], normType: norm) == 0)
    }
    let broken = parameter([1, 2], gradient: [.infinity, 3])
    #expect(throws: NonfiniteNorm.self) {
      try clipGradNorm([broken], maxNorm: 1, errorIfNonfinite: true)
    }
    #expect(broken.grad?.array(of: Float.self) == [.infinity, 3])
    #expect(clipGradNorm([broken], maxNorm: 1) == .infinity)
    let spread = broken.grad?.array(of: Float.self) ?? []
    #expect(spread.count == 2 && spread[0].isNaN && spread[1] == 0)
    let fine = parameter([1, 2], gradient: [3, 4])
    #expect(try clipGradNorm([fine], maxNorm: .infinity, errorIfNonfinite: true) == 5)
    #expect(fine.grad?.array(of: Float.self) == [3, 4])
    clipGradNorm([fine], maxNorm: 0)
    #expect(fine.grad?.array(of: Float.self) == [0, 0])
  }

  @Test("norms of order 0 count, and negative ones are led by the smallest, as in PyTorch")
  func orders() {
    let inf = Float.infinity
    let cases: [([[Float]], Double, Double, [Float])] = [
      ([[3, 4, 0], [0, 0]], 0, 1, [2.9999971, 3.9999962, 0, 0, 0]),
      ([[0, 0]], 0, 0, [0, 0]),
      ([[1, .nan], [2]], 0, 2, [0.49999976, .nan, 0.99999952]),
      ([[inf, 1], [2]], 0, 2, [inf, 0.49999976, 0.99999952]),
      ([[3, 4]], -1, 1.7142856, [1.7499990, 2.3333321]),
      ([[3, 4, 0], [0, 0]], -1, 0, [3, 4, 0, 0, 0]),
      ([[1, .nan], [2]], -1, .nan, [.nan, .nan, .nan]),
      ([[inf, 1], [2]], -1, 0.66666669, [inf, 1, 2]),
      ([[3, 4]], -2, 2.4000001, [1.2499994, 1.6666659]),
      ([[3, 4], [5]], -.infinity, 3, [0.99999964, 1.3333329, 1.6666661]),
      ([[1, .nan], [2]], -.infinity, .nan, [.nan, .nan, .nan]),
      ([[inf, 1], [2]], -.infinity, 1, [inf, 0.99999905, 1.9999981]),
      ([[3, 4, 0], [0, 0]], 0.5, 13.928204, [0.21539028, 0.28718704, 0, 0, 0]),
      ([[], [2]], 3, 2, [0.99999952]),
    ]
    func isClose(_ a: Double, _ b: Double) -> Bool {
      a == b || a.isNaN && b.isNaN || abs(a - b) <= 3e-7 * abs(b)
    }
    for (gradients, order, norm, clipped) in cases {
      let parameters = gradients.map { parameter($0.map { _ in 0 }, gradient: $0) }
      let found = clipGradNorm(parameters, maxNorm: 1, normType: order)
      #expect(isClose(found, norm), "\(gradients), order \(order): \(found)")
      let after = parameters.flatMap { $0.grad?.array(of: Float.self) ?? [] }
      let isRight =
        after.count == clipped.count
        && zip(after, clipped).allSatisfy { isClose(Double($0), Double($1)) }
      #expect(isRight, "\(gradients), order \(order): \(after)")
    }
  }

  /// Where [1, 2] and an empty parameter stand after two steps with the gradient [0.5, 0].
  private func moved(_ make: ([Parameter]) -> Optimizer) -> [Float] {
    let weights = parameter([1, 2], gradient: [0.5, 0])
    let empty = Parameter(Tensor.zeros([0, 3]))
    empty.grad = Tensor.zeros([0, 3])
    let still = parameter([7])
    let optimizer = make([weights, empty, still])
    optimizer.step()
    optimizer.step()
    #expect(still.value.array(of: Float.self) == [7])
    return weights.value.array(of: Float.self)
  }

  @Test("options of 0 and parameters of no size or no gradient move as in PyTorch")
  func options() {
    func close(_ got: [Float], _ wanted: [Float]) -> Bool {
      zip(got, wanted).allSatisfy { abs($0 - $1) < 1e-6 || $0.isNaN && $1.isNaN }
    }
    #expect(close(moved { Adam($0, lr: 0.1, betas: (0, 0)) }, [0.8, 2]))
    let noEps = moved { Adam($0, lr: 0.1, eps: 0) }
    #expect(abs(noEps[0] - 0.8) < 1e-6 && noEps[1].isNaN)
    #expect(moved { Adam($0, lr: 0) } == [1, 2])
    #expect(moved { SGD($0, lr: 0, momentum: 0.9) } == [1, 2])
    #expect(close(moved { AdamW($0, lr: 0.1, weightDecay: 10) }, [-0.1, 0]))
    #expect(close(moved { SGD($0, lr: 0.1, momentum: 1) }, [0.85, 2]))
    #expect(close(moved { SGD($0, lr: 0.1, momentum: 0.9, nesterov: true) }, [0.7695, 2]))
    #expect(close(moved { SGD($0, lr: 0.1, momentum: 0.9, dampening: 1) }, [0.905, 2]))
    #expect(close(moved { SGD($0, lr: 0.1, weightDecay: 10) }, [-0.05, 0]))
  }
}
