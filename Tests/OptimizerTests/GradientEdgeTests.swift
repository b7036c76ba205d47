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
    let scaler = GradScaler(initialScale: 1e-45)
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
