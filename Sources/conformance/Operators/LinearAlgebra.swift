import Tensors

/// Products of matrices.
extension Registry {
  mutating func addLinearAlgebra() {
    for name in ["matmul", "mm", "bmm", "mv"] {
      row(name) { try $0.tensor().matmul(try $0.tensor(1)) }
    }
    row("__rmatmul__") { try $0.tensor(1).matmul(try $0.tensor()) }
    row("softmax") { call in
      try call.tensor().softmax(dim: try call.int(1, "dim"), dtype: try call.dtype())
    }
    row("log_softmax") { call in
      try call.tensor().logSoftmax(dim: try call.int(1, "dim"), dtype: try call.dtype())
    }
  }
}
