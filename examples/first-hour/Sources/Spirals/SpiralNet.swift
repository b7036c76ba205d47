import Torus

/// Tells two spirals apart.
final class SpiralNet: Module, Layer {
  let layers = Sequential(Linear(2, 32), Tanh(), Linear(32, 32), Tanh(), Linear(32, 2))

  func forward(_ x: Tensor) -> Tensor { layers(x) }
}

/// Points on two spirals, and which one each is on.
func spirals(_ count: Int) -> (points: Tensor, labels: Tensor) {
  let labels = Tensor.arange(count) % 2
  let turn = Tensor.rand(count).sqrt() * 9
  let angle = turn + labels.to(.float32) * Double.pi
  let points = Tensor.stack([turn * angle.cos(), turn * angle.sin()], dim: 1) / 9
  return (points, labels)
}
