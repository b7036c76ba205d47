import Foundation
import TensorTesting
import Testing
import Torus

/// Line 9 is the one to be named. The gradient of a root at 0 is ∞, and 0 · ∞ is NaN.
func walkThroughInfinity() {
  let x = Tensor([0.0, 1.0], dtype: .float64).requiringGrad()
  let root = x.sqrt()
  let loss = (root * 0.0).sum()
  loss.backward()
}

@Suite("Anomaly mode and saved values name the culprit")
struct AnomalyTests {
  @Test("a NaN in a gradient stops with the operation and the line that recorded it")
  func place() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      detectAnomaly { walkThroughInfinity() }
    }
    #expect(says("sqrt computed a NaN in the gradient of its input 0 [2]", result))
    #if canImport(Runtime)
      #expect(says("AnomalyTests.swift:9", result))
    #endif
  }

  @Test("outside anomaly mode a NaN goes its way")
  func outside() {
    let x = Tensor([0.0, 1.0], dtype: .float64).requiringGrad()
    (x.sqrt() * 0.0).sum().backward()
    let gradient = x.grad?.array(of: Float.self) ?? []
    #expect(gradient.count == 2 && gradient[0].isNaN && gradient[1] == 0)
  }

  @Test("a parameter that an optimizer changed under a retained graph is named, with both versions")
  func version() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      let model = Linear(2, 2)
      let optimizer = SGD([ParameterGroup(model.namedParameters())], lr: 0.1)
      let loss = model(Tensor.ones([1, 2]).requiringGrad()).sum()
      loss.backward(retainGraph: true)
      optimizer.step()
      loss.backward()
    }
    #expect(says("parameter \"weight\" [2, 2] of linear was changed in place", result))
  }
}
