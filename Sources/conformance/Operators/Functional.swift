import Tensors

extension Registry {
  mutating func addFunctional() {}
}
