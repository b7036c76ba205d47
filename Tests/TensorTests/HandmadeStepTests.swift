import Tensors
import Testing

/// Weights that are changed by hand, without an optimizer.
@Suite struct HandmadeStepTests {
  @Test("a leaf that is assigned to where nothing is recorded stays one, with its gradient")
  func leaves() {
    var w = Tensor([2.0, -1.0], requiresGrad: true)
    var b = Tensor(0.5, requiresGrad: true)
    let x = Tensor([[1.0, 3.0], [2.0, 1.0]])
    var losses: [Double] = []
    for _ in 0..<3 {
      let loss = (x.matmul(w) + b).square().mean()
      loss.backward()
      noGrad {
        if let slope = w.grad { w -= 0.1 * slope }
        if let slope = b.grad { b -= 0.1 * slope }
        #expect(w.grad != nil && w.requiresGrad && w.isLeaf)
        (w.grad, b.grad) = (nil, nil)
      }
      losses.append(loss.item())
    }
    // torch's losses for the same steps, w -= 0.1 * w.grad in torch.no_grad().
    let expected = [6.25, 3.54625, 2.156162]
    for (loss, value) in zip(losses, expected) { #expect(abs(loss - value) < 1e-4, "\(losses)") }
    noGrad {
      w[0] = 5
      w *= 2
    }
    #expect(w.requiresGrad && w.array(of: Double.self)[0] == 10)
  }

  @Test("elsewhere an assignment is an operation like others, and others keep the old value")
  func results() {
    var w = Tensor([2.0, -1.0], requiresGrad: true)
    let old = w
    w += 1
    #expect(!w.isLeaf && old.isLeaf && old.array(of: Double.self) == [2, -1])
    var plain = Tensor([1.0])
    noGrad { plain += 1 }
    #expect(!plain.requiresGrad)
    var copy = old
    noGrad { copy -= 1 }
    #expect(old.array(of: Double.self) == [2, -1] && copy.requiresGrad)
  }
}
