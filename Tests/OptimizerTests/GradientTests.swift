import NN
import Optimizers
import Tensors
import Testing

@Suite("Gradients")
struct GradientTests {
  /// Two parameters whose gradients have the given numbers.
  private func parameters(_ a: [Float], _ b: [Float]) -> [Parameter] {
    [parameter(a.map { _ in 0 }, gradient: a), parameter(b.map { _ in 0 }, gradient: b)]
  }

  private func gradients(_ parameters: [Parameter]) -> [Double] {
    parameters.flatMap { $0.grad?.array(of: Double.self) ?? [] }
  }

  @Test("the norm of all gradients together, by any exponent")
  func norms() {
    let all = parameters([3, -4], [12]) + [parameter([9])]
    #expect(gradNorm(all) == 13)
    #expect(gradNorm(all, normType: 1) == 19)
    #expect(gradNorm(all, normType: .infinity) == 12)
    #expect(abs(gradNorm(all, normType: 3) - 12.207064) < 1e-5)
    #expect(gradNorm([parameter([1])]) == 0)
  }

  @Test("clipping scales all gradients by max/(norm + 1e-6), or leaves them alone")
  func clipping() {
    let all = parameters([3, -4], [12])
    #expect(clipGradNorm(all, maxNorm: 20) == 13)
    #expect(gradients(all) == [3, -4, 12])
    #expect(clipGradNorm(all, maxNorm: 6.5) == 13)
    let factor = Float(6.5 / Float(13 + 1e-6))
    #expect(gradients(all) == [3, -4, 12].map { Double(Float($0) * factor) })
  }

  @Test("a gradient that is not finite makes the norm so, and nan spreads")
  func notFinite() {
    let infinite = parameters([.infinity], [1])
    #expect(clipGradNorm(infinite, maxNorm: 1) == .infinity)
    #expect(gradients(infinite)[1] == 0)
    let nan = parameters([1], [.nan])
    #expect(clipGradNorm(nan, maxNorm: 1).isNaN)
    #expect(gradients(nan).filter { $0.isNaN }.count == 2)
    #expect(clipGradNorm(parameters([1], [.nan]), maxNorm: 1, normType: .infinity).isNaN)
  }

  @Test("gradients that are views with gaps are clipped in place")
  func strided() {
    let p = Parameter(Tensor.zeros([2, 2]))
    let whole = Tensor([Float(3), 0, 4, 0], shape: [2, 2])
    p.grad = whole.transposed(0, 1)
    #expect(clipGradNorm([p], maxNorm: 0.5) == 5)
    #expect(abs(gradNorm([p]) - 0.5) < 1e-5)
    #expect(whole.array(of: Float.self) == p.grad?.transposed(0, 1).array(of: Float.self))
  }

  @Test("clipping by value limits every number")
  func values() {
    let all = parameters([3, -4], [0.5])
    clipGradValue(all, clipValue: 1)
    #expect(gradients(all) == [1, -1, 0.5])
  }

  @Test("the scaler unscales, skips what is not finite, and moves its scale")
  func scaler() throws {
    let p = parameter([1])
    let optimizer = SGD([p], lr: 1)
    let scaler = GradScaler(initScale: 8, growthInterval: 2)
    func run(_ gradient: Float) -> Bool {
      p.grad = Tensor([gradient * Float(scaler.scale)])
      defer { scaler.update() }
      return scaler.step(optimizer)
    }
    #expect(scaler.scale(Tensor(Float(2))).item() == 16)
    #expect(run(0.25))
    #expect(p.value.item() == 0.75)
    #expect(!run(.infinity))
    #expect(p.value.item() == 0.75)
    #expect(scaler.scale == 4)
    #expect(run(0.25) && run(0.25))
    #expect(scaler.scale == 8)

    p.grad = Tensor([Float(8)])
    scaler.unscale(optimizer)
    #expect(p.grad?.item() == 1)
    scaler.step(optimizer)
    #expect(p.value.item() == -0.75)
    scaler.update()

    let other = GradScaler()
    try other.load(scaler.stateDict())
    #expect(other.scale == 8 && other.growthInterval == 2)
    #expect(throws: OptimizerStateError.self) { try other.load(.object([:])) }
    let off = GradScaler(enabled: false)
    #expect(off.scale(Tensor(Float(2))).item() == 2)
    #expect(off.step(optimizer))
  }

  @Test("one rank's infinity skips the step on all of them")
  func agreement() {
    let p = parameter([1], gradient: [1])
    let scaler = GradScaler(initScale: 1)
    #expect(!scaler.step(SGD([p], lr: 1), agree: { _ in false }))
    #expect(p.value.item() == 1)
  }
}
