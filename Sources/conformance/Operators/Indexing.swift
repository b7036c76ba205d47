import Tensors

/// Indexing: subscripts, positions along a dimension, masks, and writing by all of them.
extension Registry {
  mutating func addIndexing() {
    addPicking()
    addScattering()
    addWriting()
  }

  private mutating func addPicking() {
    row("__getitem__") { try $0.tensor().indexed(try $0.indices(1)) }
    row("gather") { call in
      try call.tensor().gather(dim: try call.int(1, "dim"), index: try call.tensor(2, "index"))
    }
    row("take_along_dim") { call in
      try call.tensor().takeAlongDim(
        try call.tensor(1, "indices"), dim: try call.optionalInt(2, "dim"))
    }
    row("take") { try $0.tensor().take(try $0.tensor(1, "index")) }
    row("index_select") { call in
      try call.tensor().indexSelect(dim: try call.int(1, "dim"), index: try call.tensor(2, "index"))
    }
    row("masked_select") { try $0.tensor().maskedSelect(try $0.tensor(1, "mask")) }
    row("nonzero") { call in
      try call.bool(1, "as_tuple", default: false)
        ? try call.tensor().nonzeroCoordinates() : [try call.tensor().nonzero()]
    }
  }

  private mutating func addScattering() {
    row("scatter") { call in
      let (x, dim) = (try call.tensor(), try call.int(1, "dim"))
      let index = try call.tensor(2, "index")
      let operand =
        try call.optionalOperand(3, "src") ?? call.optionalOperand(nil, "value")
      guard let reduce = try call.optionalString(nil, "reduce") else {
        if let number = operand as? Scalar {
          return x.scatter(dim: dim, index: index, value: number)
        }
        return x.scatter(dim: dim, index: index, src: try call.source(operand, index, x.dtype))
      }
      return x.scatterReduce(
        dim: dim, index: index, src: try call.source(operand, index, x.dtype),
        reduce: reduce == "add" ? .sum : .prod)
    }
    row("scatter_add") { call in
      try call.tensor().scatterAdd(
        dim: try call.int(1, "dim"), index: try call.tensor(2, "index"),
        src: try call.tensor(3, "src"))
    }
    row("scatter_reduce") { call in
      let name = try call.string(4, "reduce")
      guard let reduction = ScatterReduction(rawValue: name) else {
        throw Unsupported("reduction \(name)")
      }
      return try call.tensor().scatterReduce(
        dim: try call.int(1, "dim"), index: try call.tensor(2, "index"),
        src: try call.tensor(3, "src"), reduce: reduction,
        includeSelf: try call.bool(nil, "include_self", default: true))
    }
  }

  private mutating func addWriting() {
    row("index_add") { call in
      try call.tensor().indexAdd(
        dim: try call.int(1, "dim"), index: try call.tensor(2, "index"),
        source: try call.tensor(3, "source"),
        alpha: try call.optionalScalar(nil, "alpha")?.double ?? 1)
    }
    row("index_copy") { call in
      try call.tensor().indexCopy(
        dim: try call.int(1, "dim"), index: try call.tensor(2, "index"),
        source: try call.tensor(3, "source"))
    }
    row("index_fill") { call in
      let (x, dim) = (try call.tensor(), try call.int(1, "dim"))
      let index = try call.tensor(2, "index")
      if let value = call.value(3, "value").flatMap(Call.tensor) {
        return x.indexFill(dim: dim, index: index, value: value)
      }
      return x.indexFill(dim: dim, index: index, value: try call.scalar(3, "value"))
    }
    row("index_put") { call in
      try call.tensor().indexPut(
        try call.optionalTensors(1, "indices"), values: try call.tensor(2, "values"),
        accumulate: try call.bool(3, "accumulate", default: false))
    }
    row("put") { call in
      try call.tensor().put(
        try call.tensor(1, "index"), try call.tensor(2, "source"),
        accumulate: try call.bool(3, "accumulate", default: false))
    }
    row("masked_scatter") { call in
      try call.tensor().maskedScatter(
        try call.tensor(1, "mask"), source: try call.tensor(2, "source"))
    }
    row("select_scatter") { call in
      try call.tensor().selectScatter(
        try call.tensor(1, "src"), dim: try call.int(2, "dim"), index: try call.int(3, "index"))
    }
    row("slice_scatter") { call in
      try call.tensor().sliceScatter(
        try call.tensor(1, "src"), dim: try call.int(2, "dim", default: 0),
        from: try call.int(3, "start", default: 0), to: try call.int(4, "end", default: .max),
        step: try call.int(5, "step", default: 1))
    }
    row("diagonal_scatter") { call in
      try call.tensor().diagonalScatter(
        try call.tensor(1, "src"), offset: try call.int(2, "offset", default: 0),
        dim1: try call.int(3, "dim1", default: 0), dim2: try call.int(4, "dim2", default: 1))
    }
  }
}

extension Call {
  /// What scatter writes: a tensor, or a number in the index's shape.
  fileprivate func source(
    _ operand: (any Operand)?, _ index: Tensor, _ dtype: DType
  ) throws -> Tensor {
    switch operand {
    case let tensor as Tensor: tensor
    case let number as Scalar: Tensor.full([], number, dtype: dtype).expanded(index.shape)
    default: throw Unsupported("no source")
    }
  }

  /// Index tensors, or nil for whole dimensions.
  fileprivate func optionalTensors(_ position: Int, _ keyword: String) throws -> [Tensor?] {
    guard case .list(let values) = value(position, keyword) else {
      throw Unsupported("no list of index tensors")
    }
    return try values.map { value in
      if case .none = value { return nil }
      guard let tensor = Call.tensor(value) else { throw Unsupported("index \(value.form)") }
      return tensor
    }
  }

  /// What stands between the brackets of a subscript: one index, or a list of them.
  fileprivate func indices(_ position: Int) throws -> [TensorIndex] {
    switch value(position) {
    case .list(let values): try values.map(Call.index)
    case let single?: [try Call.index(single)]
    case nil: throw Unsupported("no index")
    }
  }

  private static func index(_ value: Value) throws -> TensorIndex {
    switch value {
    case .int(let position): .at(position)
    case .bool(let flag): .tensor(Tensor(flag))
    case .tensor(let tensor): .tensor(tensor)
    case .slice(let from, let to, let step): .range(from: from, to: to, step: step ?? 1)
    case .ellipsis: .ellipsis
    case .none: .newAxis
    case .list(let values): .tensor(try list(values))
    default: throw Unsupported("index \(value.form)")
    }
  }

  /// A list of positions, truth values, or such lists as a tensor.
  private static func list(_ values: [Value]) throws -> Tensor {
    let items = try values.map { value in
      switch value {
      case .int(let number): Tensor(number)
      case .bool(let flag): Tensor(flag)
      case .list(let inner): try list(inner)
      default: throw Unsupported("index list of \(value.form)")
      }
    }
    return items.isEmpty ? Tensor([Int]()) : Tensor.stack(items)
  }
}
