import Torus

extension Registry {
  mutating func addCreation() {
    row("zeros") { .zeros(try $0.ints(0, "size"), dtype: try $0.dtype() ?? .float32) as Tensor }
    row("ones") { .ones(try $0.ints(0, "size"), dtype: try $0.dtype() ?? .float32) as Tensor }
    row("full") {
      Tensor.full(
        try $0.ints(0, "size"), try $0.scalar(1, "fill_value"), dtype: try $0.dtype())
    }
  }
}
