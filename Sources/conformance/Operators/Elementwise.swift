import Torus

extension Registry {
  mutating func addElementwise() {
    unary("abs") { $0.abs() }
    binary("add", tensors: { $0 + $1 }, scalar: { $0 + $1 })
  }
}
