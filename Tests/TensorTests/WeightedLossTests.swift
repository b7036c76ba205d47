import Foundation
import TensorTesting
import Tensors
import Testing

/// Losses of numbers with a factor for every element.
@Suite struct WeightedLossTests {
  @Test("weighted losses have PyTorch's values")
  func values() {
    let x = Tensor([[1.0, 2], [4, -1]])
    let y = Tensor([[0.0, 2.5], [1, 1]])
    let weight = Tensor([[1.0, 2], [0.5, 0]])
    let losses: [(Reduction) -> Tensor] = [
      { F.mseLoss(x, y, reduction: $0, weight: weight) },
      { F.l1Loss(x, y, reduction: $0, weight: weight) },
      { F.huberLoss(x, y, reduction: $0, weight: weight) },
    ]
    // torch.nn.functional's of 2.13: the first two divide by the weights' sum, the last by the count.
    let means = [12.0 / 7, 1, 0.5]
    let sums = [6.0, 3.5, 2]
    for (loss, (mean, sum)) in zip(losses, zip(means, sums)) {
      #expect(abs(loss(.mean).item() - mean) < 1e-6)
      #expect(loss(.sum).item() == sum)
      #expect(loss(.none).shape == [2, 2] && loss(.none).sum().item() == sum)
    }
  }

  @Test("gradients stay finite where a difference is infinite")
  func infinite() {
    let x = Tensor([Float.infinity, 0.5, -3], requiresGrad: true)
    F.huberLoss(x, Tensor.zeros(3), reduction: .sum, delta: 2).backward()
    #expect(x.grad?.array(of: Float.self) == [2, 0.5, -2])
    x.grad = nil
    F.smoothL1Loss(x, Tensor.zeros(3), reduction: .sum, beta: 2).backward()
    #expect(x.grad?.array(of: Float.self) == [1, 0.25, -1])
  }

  @Test("smoothing beyond 1 and classes below 0 are refused by name")
  func refusals() async {
    let smoothing = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = F.crossEntropy(Tensor.zeros(2, 3), Tensor([0, 1]), labelSmoothing: 2) }
    #expect(says("label smoothing lies between 0 and 1, not at 2.0", smoothing))
    let classes = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = F.oneHot(Tensor([-3, -1])) }
    #expect(says("one_hot: classes are counted from 0, and the largest here is -1", classes))
  }

  @Test("one size and one factor stand for all dimensions")
  func sizes() {
    let image = Tensor.arange(16, dtype: .float32).reshaped(1, 1, 4, 4)
    #expect(F.maxPool2d(image, 2).equal(F.maxPool2d(image, [2, 2])))
    #expect(F.avgPool2d(image, 2, stride: 1, padding: 1).shape == [1, 1, 5, 5])
    #expect(F.adaptiveAvgPool2d(image, 1).item() == 7.5)
    #expect(F.adaptiveMaxPool2d(image, [nil, 1]).shape == [1, 1, 4, 1])
    #expect(F.interpolate(image, scaleFactor: 2).equal(F.interpolate(image, size: [8, 8])))
    #expect(F.interpolate(image, scaleFactor: [1.5, 2]).shape == [1, 1, 6, 8])
    let filters = Tensor.ones(1, 1, 2, 2)
    #expect(F.conv2d(image, filters, stride: 2).equal(F.avgPool2d(image, 2) * 4))
    let border = 1
    #expect(F.conv2d(image, filters, padding: border).shape == [1, 1, 5, 5])
    let (pooled, places) = F.maxPool2dWithIndices(image, 2)
    #expect(F.maxUnpool2d(pooled, places, 2, outputSize: 4).shape == [1, 1, 4, 4])
    #expect(F.fold(F.unfold(image, 2, stride: 2), outputSize: 4, 2, stride: 2).equal(image))
    #expect(Tensor.zeros(2, 3, 4).movedim(0, -1).shape == [3, 4, 2])
  }
}
