import Torus

extension Registry {
  mutating func addSorting() {}
}
