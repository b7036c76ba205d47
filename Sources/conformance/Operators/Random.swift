import Torus

extension Registry {
  mutating func addRandom() {}
}
