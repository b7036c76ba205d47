import Tensors

extension Registry {
  mutating func addIndexing() {}
}
