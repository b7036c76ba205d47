import Tensors
import Testing

/// y = x eˢ, with s saved as a number for the gradient, which differs from call to call.
private enum ScaledByMean: CustomFunction {
  static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
    let scale = inputs[0].mean().exp()
    context.save(scale)
    context.values["calls"] = (context.values["calls"] as? Int ?? 0) + 1
    return [inputs[0] * scale]
  }

  static func backward(_ context: FunctionContext, _ gradients: [Tensor?]) -> [Tensor?] {
    #expect(context.values["calls"] as? Int == 1)
    return [gradients[0].map { $0 * context.saved[0] }]
  }
}

@Suite struct GraphTests {
  @Test("a user's function runs again on other inputs, each time in a context of its own")
  func customFunctionReplays() {
    let graph = Graph.capture([Tensor([0.0, 0.0], dtype: .float64)]) { ScaledByMean.apply($0[0]) }
    let inputs = [[1.0, 3.0], [-2.0, 4.0]].map { Tensor($0, dtype: .float64).requiringGrad() }
    let outputs = inputs.map { graph([$0])[0] }
    for (x, y) in zip(inputs, outputs) {
      let expected = ScaledByMean.apply(x.detach())[0]
      #expect(y.array(of: Double.self) == expected.array(of: Double.self))
    }
    // Backwards in the order of the calls, so that a shared context would show.
    for (x, y) in zip(inputs, outputs) {
      y.sum().backward()
      let scale = x.detach().mean().exp().item(Double.self)
      #expect(x.grad?.array(of: Double.self) == [scale, scale])
    }
  }

  @Test("a graph names its operations with what they were told")
  func graphPrints() {
    let x = Tensor([3.0, 1.0, 2.0], shape: [1, 3], dtype: .float64)
    let graph = Graph.capture([x]) { [Tensor.cat([$0[0].sorted().values, $0[0].cumsum(dim: 1)])] }
    #expect(graph.operationNames == ["sort", "cumsum", "cat"])
    #expect(graph.description.contains("cumsum(%0, dim: 1, isReverse: false) -> float64[1, 3]"))
    #expect(!graph.readsValues)
  }

  @Test("the statistics of several workers' batches are taken anew of other inputs")
  func synchronizedStatisticsReplay() {
    func norm(_ x: Tensor) -> Tensor {
      var running: (mean: Tensor, variance: Tensor)?
      return F.synchronizedBatchNorm(x, running: &running, workers: Alone())
    }
    let (x, other) = (
      Tensor([1.0, 2, 3, 5], shape: [4, 1], dtype: .float64),
      Tensor([9.0, -2, 0, 4], shape: [4, 1], dtype: .float64)
    )
    let graph = Graph.capture([x]) { [norm($0[0])] }
    #expect(graph([other])[0].array(of: Double.self) == norm(other).array(of: Double.self))
  }
}

/// One worker by itself.
private struct Alone: StatisticsExchange {
  func gather(_ numbers: [Double]) -> [[Double]] { [numbers] }
  func sum(_ numbers: [Double]) -> [Double] { numbers }
}
