import Collectives
import DataParallel
import Foundation
import NN
import Tensors

/// Runs a body on ranks that are threads, each with a default generator of the same seed.
func onRanks<Result: Sendable>(
  _ count: Int, seed: UInt64 = 5, _ body: @escaping @Sendable (ProcessGroup) throws -> Result
) throws -> [Result] {
  try World.threads(count, options: World.Options(timeout: .seconds(60))) { world in
    try Generator(seed: seed).asDefault { try body(world.group) }
  }
}

extension Module {
  /// Every gradient, one after the other; empty for those that are nil.
  var gradients: [[Float]] { parameters().map { $0.grad?.array(of: Float.self) ?? [] } }

  /// Every weight, one after the other.
  var weights: [[Float]] { parameters().map { $0.value.array(of: Float.self) } }
}

/// The largest difference of two lists of lists, relative to the largest number.
func distance(_ one: [[Float]], _ other: [[Float]]) -> Float {
  guard one.map(\.count) == other.map(\.count) else { return .infinity }
  let (a, b) = (one.flatMap { $0 }, other.flatMap { $0 })
  let scale = max(a.map(abs).max() ?? 0, 1e-12)
  return zip(a, b).map { abs($0 - $1) }.reduce(0) { $1.isNaN ? .infinity : max($0, $1) } / scale
}

/// A model with a batch of its own for each rank and pass.
final class TwoLayers: Module, Layer {
  let first = Linear(12, 10)
  let second = Linear(10, 8)

  func forward(_ x: Tensor) -> Tensor { second(first(x).tanh()) }

  /// The loss of one rank's records in one pass.
  func loss(rank: Int, pass: Int) -> Tensor {
    let generator = Generator(seed: UInt64(1000 * pass + rank))
    return self(.randn([6, 12], generator: generator)).square().mean()
  }
}
