import Torus

extension Registry {
  mutating func addIndexing() {}
}
