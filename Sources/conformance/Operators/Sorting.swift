import Tensors

extension Registry {
  mutating func addSorting() {}
}
