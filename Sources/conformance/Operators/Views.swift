import Torus

extension Registry {
  mutating func addViews() {}
}
