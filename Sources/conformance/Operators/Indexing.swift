import Tensors

/// Indexing along a dimension.
extension Registry {
  mutating func addIndexing() {
    row("gather") { call in
      try call.tensor().gather(dim: try call.int(1, "dim"), index: try call.tensor(2, "index"))
    }
    row("scatter_add") { call in
      try call.tensor().scatterAdd(
        dim: try call.int(1, "dim"), index: try call.tensor(2, "index"),
        source: try call.tensor(3, "src"))
    }
    row("index_select") { call in
      try call.tensor().indexSelect(dim: try call.int(1, "dim"), index: try call.tensor(2, "index"))
    }
    row("take") { try $0.tensor().take(try $0.tensor(1, "index")) }
    row("nonzero") { try $0.tensor().nonzero() }
  }
}
