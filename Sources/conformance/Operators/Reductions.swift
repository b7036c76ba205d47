import Torus

extension Registry {
  mutating func addReductions() {}
}
