import Tensors

/// Shapes, views, and putting tensors together.
extension Registry {
  mutating func addViews() {
    addShapes()
    addParts()
    addJoining()
    addRearranging()
  }

  /// The sizes that follow a position: a list, or one argument each.
  private static func sizes(_ call: Call, from start: Int, _ keyword: String) throws -> [Int] {
    call.count <= start + 1
      ? try call.ints(start, keyword) : try (start..<call.count).map { try call.int($0) }
  }

  private mutating func addShapes() {
    row("reshape") { try $0.tensor().reshaped(try Self.sizes($0, from: 1, "shape")) }
    row("view") { try $0.tensor().view(try Self.sizes($0, from: 1, "size")) }
    row("reshape_as") { try $0.tensor().reshaped(try $0.tensor(1, "other").shape) }
    row("view_as") { try $0.tensor().view(try $0.tensor(1, "other").shape) }
    row("flatten") { call in
      try call.tensor().flattened(
        from: try call.int(1, "start_dim", default: 0), to: try call.int(2, "end_dim", default: -1))
    }
    row("ravel") { try $0.tensor().flattened() }
    row("unflatten") { call in
      try call.tensor().unflattened(dim: try call.int(1, "dim"), try call.ints(2, "sizes"))
    }
    row("expand") { try $0.tensor().expanded(try Self.sizes($0, from: 1, "size")) }
    row("broadcast_to") { try $0.tensor().expanded(try $0.ints(1, "size")) }
    row("expand_as") { try $0.tensor().expanded(try $0.tensor(1, "other").shape) }
    row("unsqueeze") { try $0.tensor().unsqueezed(try $0.int(1, "dim")) }
    row("squeeze") { call in
      guard let dims = try call.optionalInts(1, "dim") else { return try call.tensor().squeezed() }
      return try call.tensor().squeezed(dims)
    }
    row("permute") { try $0.tensor().permuted(try Self.sizes($0, from: 1, "dims")) }
    row("transpose") { try $0.tensor().transposed(try $0.int(1, "dim0"), try $0.int(2, "dim1")) }
    row("t") { try $0.tensor().t }
    row("movedim") { call in
      try call.tensor().movedim(try call.ints(1, "source"), try call.ints(2, "destination"))
    }
    row("contiguous") { try $0.tensor().contiguous() }
    row("clone") { try $0.tensor().clone() }
    for dims in 1...3 {
      row("atleast_\(dims)d") { call in
        try call.tensors(from: 0).map { $0.atLeast(dims: dims) }
      }
    }
    row("broadcast_tensors") { Tensor.broadcast(try $0.tensors(from: 0)) }
  }

  private mutating func addParts() {
    row("narrow") { call in
      try call.tensor().narrowed(
        dim: try call.int(1, "dim"), start: try call.int(2, "start"),
        length: try call.int(3, "length"))
    }
    row("select") { call in
      try call.tensor().select(dim: try call.int(1, "dim"), index: try call.int(2, "index"))
    }
    row("unbind") { try $0.tensor().unbind(dim: try $0.int(1, "dim", default: 0)) }
    row("chunk") { call in
      try call.tensor().chunk(try call.int(1, "chunks"), dim: try call.int(2, "dim", default: 0))
    }
    row("diagonal") { call in
      try call.tensor().diagonal(
        offset: try call.int(1, "offset", default: 0), dim1: try call.int(2, "dim1", default: 0),
        dim2: try call.int(3, "dim2", default: 1))
    }
    row("trace") { try $0.tensor().trace() }
    row("masked_select") { try $0.tensor().maskedSelect(try $0.tensor(1, "mask")) }
  }

  private mutating func addJoining() {
    row("cat") { Tensor.cat(try $0.tensors(0), dim: try $0.int(1, "dim", default: 0)) }
    row("stack") { Tensor.stack(try $0.tensors(0), dim: try $0.int(1, "dim", default: 0)) }
    row("hstack") { Tensor.hstack(try $0.tensors(from: 0)) }
    row("vstack") { Tensor.vstack(try $0.tensors(from: 0)) }
    row("dstack") { Tensor.dstack(try $0.tensors(from: 0)) }
    row("column_stack") { Tensor.columnStack(try $0.tensors(from: 0)) }
  }

  private mutating func addRearranging() {
    row("flip") { try $0.tensor().flipped(dims: try $0.ints(1, "dims")) }
    row("fliplr") { try $0.tensor().flipped(dims: [1]) }
    row("flipud") { try $0.tensor().flipped(dims: [0]) }
    row("roll") { call in
      try call.tensor().rolled(
        try call.ints(1, "shifts"), dims: try call.optionalInts(2, "dims") ?? [])
    }
    row("tril") { try $0.tensor().lowerTriangle(diagonal: try $0.int(1, "diagonal", default: 0)) }
    row("triu") { try $0.tensor().upperTriangle(diagonal: try $0.int(1, "diagonal", default: 0)) }
    row("repeat") { try $0.tensor().repeated(try Self.sizes($0, from: 1, "repeats")) }
  }
}
