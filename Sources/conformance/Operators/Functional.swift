import Torus

extension Registry {
  mutating func addFunctional() {}
}
