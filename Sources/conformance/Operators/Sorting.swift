import Tensors

/// Sorting and searching.
extension Registry {
  mutating func addSorting() {
    row("sort") { call in
      results(
        try call.tensor().sorted(
          dim: try call.int(1, "dim", default: -1),
          descending: try call.bool(2, "descending", default: false)))
    }
    row("msort") { try $0.tensor().sorted(dim: 0).values }
    row("argsort") { call in
      try call.tensor().argsort(
        dim: try call.int(1, "dim", default: -1),
        descending: try call.bool(2, "descending", default: false))
    }
    row("topk") { call in
      results(
        try call.tensor().topK(
          try call.int(1, "k"), dim: try call.int(2, "dim", default: -1),
          largest: try call.bool(3, "largest", default: true)))
    }
  }
}
