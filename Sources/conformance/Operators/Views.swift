import Tensors

extension Registry {
  mutating func addViews() {}
}
