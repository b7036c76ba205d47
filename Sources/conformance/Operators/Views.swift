import Tensors

/// Shapes, views, and putting tensors together.
extension Registry {
  mutating func addViews() {
    addShapes()
    addParts()
    addSplitting()
    addDiagonals()
    addRepeating()
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
        try call.tensors(from: 0).map { $0.atLeast(rank: dims) }
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
    row("slice") { call in
      try call.tensor().sliced(
        dim: try call.int(1, "dim", default: 0), from: try call.int(2, "start", default: 0),
        to: try call.int(3, "end", default: .max), step: try call.int(4, "step", default: 1))
    }
    row("unfold") { call in
      try call.tensor().unfolded(
        dim: try call.int(1, "dimension"), size: try call.int(2, "size"),
        step: try call.int(3, "step"))
    }
  }

  private mutating func addSplitting() {
    row("split", "split_with_sizes") { call in
      let dim = try call.int(2, "dim", default: 0)
      if let size = call.value(1).flatMap(Call.int) {
        return try call.tensor().split(size, dim: dim)
      }
      return try call.tensor().split(try call.ints(1, "split_sizes"), dim: dim)
    }
    row("tensor_split") { call in
      let (x, dim) = (try call.tensor(), try call.int(2, "dim", default: 0))
      switch call.value(1) {
      case .int(let count): return x.tensorSplit(count, dim: dim)
      case .tensor(let count) where count.rank == 0:
        return x.tensorSplit(count.item(Int.self), dim: dim)
      case .tensor(let positions): return x.tensorSplit(at: positions.array(), dim: dim)
      default: return x.tensorSplit(at: try call.ints(1), dim: dim)
      }
    }
    split("hsplit", { $0.hsplit($1) }, { $0.hsplit(at: $1) })
    split("vsplit", { $0.vsplit($1) }, { $0.vsplit(at: $1) })
    split("dsplit", { $0.dsplit($1) }, { $0.dsplit(at: $1) })
  }

  /// A split into a number of pieces, or at positions.
  private mutating func split(
    _ name: String, _ evenly: @escaping (Tensor, Int) -> [Tensor],
    _ positions: @escaping (Tensor, [Int]) -> [Tensor]
  ) {
    row(name) { call in
      if let count = call.value(1).flatMap(Call.int) { return evenly(try call.tensor(), count) }
      return positions(try call.tensor(), try call.ints(1))
    }
  }

  private mutating func addDiagonals() {
    row("diag") { try $0.tensor().diag(try $0.int(1, "diagonal", default: 0)) }
    row("diag_embed") { call in
      try call.tensor().diagEmbed(
        offset: try call.int(1, "offset", default: 0), dim1: try call.int(2, "dim1", default: -2),
        dim2: try call.int(3, "dim2", default: -1))
    }
    row("diagflat") { try $0.tensor().diagFlat(offset: try $0.int(1, "offset", default: 0)) }
    row("tril_indices") { call in
      Tensor.lowerTriangleIndices(
        try call.int(0), try call.int(1), offset: try call.int(2, "offset", default: 0),
        dtype: try call.dtype() ?? .int64)
    }
    row("triu_indices") { call in
      Tensor.upperTriangleIndices(
        try call.int(0), try call.int(1), offset: try call.int(2, "offset", default: 0),
        dtype: try call.dtype() ?? .int64)
    }
  }

  private mutating func addRepeating() {
    row("tile") { try $0.tensor().tiled(try Self.sizes($0, from: 1, "dims")) }
    row("repeat_interleave") { call in
      let (x, dim) = (try call.tensor(), try call.optionalInt(2, "dim"))
      guard case .tensor(let times) = call.value(1, "repeats") else {
        return x.repeatInterleave(try call.int(1, "repeats"), dim: dim)
      }
      return x.repeatInterleave(
        times, dim: dim, outputSize: try call.optionalInt(nil, "output_size"))
    }
    row("meshgrid") { call in
      let name = try call.string(nil, "indexing", default: "ij")
      guard let indexing = GridIndexing(rawValue: name) else {
        throw Unsupported("indexing \(name)")
      }
      return Tensor.meshgrid(try call.tensors(from: 0), indexing: indexing)
    }
    row("rot90") { call in
      try call.tensor().rot90(
        try call.int(1, "k", default: 1), dims: try call.optionalInts(2, "dims") ?? [0, 1])
    }
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
