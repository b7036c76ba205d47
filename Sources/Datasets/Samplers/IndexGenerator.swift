import Tensors

/// Draws of indices by PyTorch's CPU generator: the same seed gives the same order.
struct IndexGenerator {
  private let generator: Generator

  /// The sequence that `torch.Generator().manual_seed(seed)` starts.
  init(seed: UInt64) { generator = Generator(seed: seed) }

  /// A random order of 0 ..< count (`torch.randperm`).
  func permutation(_ count: Int) -> [Int] {
    Tensor.randperm(count, generator: generator).array()
  }

  /// `count` numbers below `bound`, each as likely (`torch.randint`).
  func integers(_ count: Int, below bound: Int) -> [Int] {
    Tensor.randint(0, bound, [count], generator: generator).array()
  }

  /// `count` indices, each as likely as its weight says (`torch.multinomial`).
  func multinomial(_ weights: [Double], count: Int, replacement: Bool) -> [Int] {
    Tensor(weights, dtype: .float64).multinomial(
      count, replacement: replacement, generator: generator
    ).array()
  }
}
