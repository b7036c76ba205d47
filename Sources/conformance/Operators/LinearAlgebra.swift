import Tensors

extension Registry {
  mutating func addLinearAlgebra() {}
}
