import NN
import Tensors
import Testing

/// What PyTorch's cases of the layer leave out.
@Suite("Adaptive softmax")
struct AdaptiveLogSoftmaxTests {
  @Test("all classes' probabilities add up to 1, and a target's is the one that the loss takes")
  func probabilities() {
    Generator(seed: 3).asDefault {
      let layer = AdaptiveLogSoftmaxWithLoss(16, 30, cutoffs: [6, 18], divValue: 2, headBias: true)
      let (x, targets) = (Tensor.randn(9, 16), Tensor.randint(30, [9]))
      let all = layer.logProb(x)
      #expect(all.shape == [9, 30])
      #expect(all.exp().sum(dim: 1).allClose(.ones(9), rtol: 1e-5, atol: 1e-6))
      let (output, loss) = layer(x, targets)
      let expected = all.gather(dim: 1, index: targets.unsqueezed(1)).squeezed(1)
      #expect(output.allClose(expected, rtol: 1e-5, atol: 1e-6))
      #expect(loss.allClose(-expected.mean(), rtol: 1e-5, atol: 1e-6))
      #expect(layer.predict(x).equal(all.argmax(dim: 1)))
    }
  }

  @Test("hooks see the call's output")
  func hooks() {
    let layer = AdaptiveLogSoftmaxWithLoss(8, 12, cutoffs: [4])
    var shapes: [[Int]] = []
    let hook = layer.registerForwardHook { _, _, output in
      shapes.append(output.shape)
      return nil
    }
    let (x, targets) = (Tensor.randn(3, 8), Tensor([0, 5, 11]))
    _ = layer(x, targets)
    hook.remove()
    _ = layer(x, targets)
    #expect(shapes == [[3]])
  }
}
