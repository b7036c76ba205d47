import Tensors

/// Sorting, searching and distinct elements.
extension Registry {
  mutating func addSorting() {
    addOrder()
    addSets()
  }

  private mutating func addOrder() {
    row("sort") { call in
      results(
        try call.tensor().sorted(
          dim: try call.int(1, "dim", default: -1),
          descending: try call.bool(2, "descending", default: false),
          stable: try call.bool(nil, "stable", default: false)))
    }
    row("msort") { try $0.tensor().sorted(dim: 0).values }
    row("argsort") { call in
      try call.tensor().argsort(
        dim: try call.int(1, "dim", default: -1),
        descending: try call.bool(2, "descending", default: false),
        stable: try call.bool(nil, "stable", default: false))
    }
    row("topk") { call in
      results(
        try call.tensor().topK(
          try call.int(1, "k"), dim: try call.int(2, "dim", default: -1),
          largest: try call.bool(3, "largest", default: true),
          sorted: try call.bool(4, "sorted", default: true)))
    }
    row("kthvalue") { call in
      results(
        try call.tensor().kthValue(
          try call.int(1, "k"), dim: try call.int(2, "dim", default: -1),
          keepDim: try call.bool(3, "keepdim", default: false)))
    }
  }

  private mutating func addSets() {
    row("searchsorted") { call in
      let right = try call.bool(nil, "right", default: false)
      let side = try call.string(nil, "side", default: right ? "right" : "left")
      let small = try call.bool(nil, "out_int32", default: false)
      let sorter = try call.optionalTensor(nil, "sorter")
      let rows = try call.tensor()
      if let values = call.value(1, "input").flatMap(Call.tensor) {
        return rows.searchSorted(
          values, right: side == "right", outInt32: small, sorter: sorter)
      }
      return rows.searchSorted(
        try call.scalar(1, "input"), right: side == "right", outInt32: small, sorter: sorter)
    }
    row("bucketize") { call in
      try call.tensor().bucketize(
        try call.tensor(1, "boundaries"), right: try call.bool(nil, "right", default: false),
        outInt32: try call.bool(nil, "out_int32", default: false))
    }
    row("isin") { call in
      // That elements are distinct may only make the work shorter.
      _ = try call.bool(nil, "assume_unique", default: false)
      return try call.tensor().isIn(
        try call.tensor(1, "test_elements"), invert: try call.bool(nil, "invert", default: false))
    }
    row("unique") { call in
      // Results always come in order, as in PyTorch.
      _ = try call.bool(1, "sorted", default: true)
      let distinct = try call.tensor().unique(dim: try call.optionalInt(4, "dim"))
      return try call.asked(distinct, 2)
    }
    row("unique_consecutive") { call in
      let distinct = try call.tensor().uniqueConsecutive(dim: try call.optionalInt(3, "dim"))
      return try call.asked(distinct, 1)
    }
  }
}

extension Call {
  /// The values, and of the rest what the arguments from a position on ask for.
  fileprivate func asked(_ distinct: Tensor.Distinct, _ position: Int) throws -> [Tensor] {
    var results = [distinct.values]
    if try bool(position, "return_inverse", default: false) { results.append(distinct.inverse) }
    if try bool(position + 1, "return_counts", default: false) { results.append(distinct.counts) }
    return results
  }
}
