/// Random numbers of a place in a generator's sequence, which are drawn later: the generator goes on at once as if
/// they had been drawn.
package struct PostponedDraw {
  private let law: Kernel.RandomLaw
  private let shape: [Int]
  private let dtype: DType
  private let draw: Draw

  /// Uniform on [from, to), as ``Tensor/uniform(_:from:to:dtype:generator:requiresGrad:)`` draws; nil for a dtype that
  /// it does not draw.
  package static func uniform(
    _ shape: [Int], from: Double, to: Double, dtype: DType, generator: Generator?
  ) -> PostponedDraw? {
    PostponedDraw(.uniform(from: from, to: to), shape, dtype, generator)
  }

  /// Normal, as ``Tensor/normal(_:mean:std:dtype:generator:requiresGrad:)`` draws; nil for so few numbers that they
  /// depend on what was drawn before, and for a dtype that it does not draw.
  package static func normal(
    _ shape: [Int], mean: Double, std: Double, dtype: DType, generator: Generator?
  ) -> PostponedDraw? {
    PostponedDraw(.normal(mean: mean, std: std), shape, dtype, generator)
  }

  private init?(_ law: Kernel.RandomLaw, _ shape: [Int], _ dtype: DType, _ generator: Generator?) {
    let live = Draw(generator)
    let kept = live.pinned()
    guard Kernel.skip(law, shape.reduce(1, *), dtype, live) else { return nil }
    (self.law, self.shape, self.dtype, draw) = (law, shape, dtype, kept)
  }

  /// The numbers, the same at each call.
  package func numbers() -> Tensor { Kernel.random(law, shape, dtype, draw) }
}
