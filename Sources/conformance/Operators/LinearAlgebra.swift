import Torus

extension Registry {
  mutating func addLinearAlgebra() {}
}
