/// One row of the table of reductions: the kernel and, beside it, the gradient.
final class ReductionOperation: Sendable {
  /// What a gradient's formula works with; everything keeps the reduced dimensions at size 1.
  struct Context {
    let node: Node
    /// The incoming gradient.
    let g: Tensor
    let dims: [Int]
    let keepDim: Bool

    /// The reduced tensor.
    var x: Tensor { node.input(0) }
    /// The result.
    var y: Tensor { node.output().restored(dims, keepDim: keepDim) }
    /// How many elements went into each result.
    var count: Int { dims.reduce(1) { $0 * node.shape(0)[$1] } }
    /// The gradient given alike to all elements.
    func spread(_ g: Tensor) -> Tensor { g.expanded(node.shape(0)) }
  }

  typealias Formula = @Sendable (Context) -> Tensor

  let name: String
  let kernel: ReduceKernel
  let saving: Saving
  let precision: PrecisionClass
  let formula: Formula

  init(
    _ name: String, _ kernel: ReduceKernel, _ saving: Saving = .nothing,
    precision: PrecisionClass = .any, _ formula: @escaping Formula
  ) {
    self.name = name
    self.kernel = kernel
    self.saving = saving
    self.precision = precision
    self.formula = formula
  }

  /// - Parameters:
  ///   - dims: The dimensions to reduce, all of them where empty.
  ///   - dtype: The result's type; that of the tensor where nil.
  func callAsFunction(
    _ x: Tensor, _ dims: [Int], keepDim: Bool, dtype: DType? = nil
  ) -> Tensor {
    Tensor.record(
      Call(row: self, dims: x.reducedDims(dims, name), keepDim: keepDim, dtype: dtype), [x])
  }

  /// A row with its dimensions.
  struct Call: TensorOperation {
    let row: ReductionOperation
    let dims: [Int]
    let keepDim: Bool
    let dtype: DType?

    var name: String { row.name }
    var precision: PrecisionClass { row.precision }
    var saving: Saving { row.saving }
    var attributes: [String: Attribute] { ["dims": .ints(dims), "keepDim": .bool(keepDim)] }

    func forward(_ inputs: [Tensor]) -> Tensor {
      Kernel.reduce(
        row.name, row.kernel, inputs[0], dims, keepDim: keepDim,
        outDType: dtype ?? inputs[0].dtype)
    }

    func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
      let incoming = g.restored(dims, keepDim: keepDim)
      return [row.formula(Context(node: node, g: incoming, dims: dims, keepDim: keepDim))]
    }
  }
}

extension Tensor {
  /// Dimensions to reduce, counted from the front; all of them where none are named. A scalar tensor
  /// has none, though it may be asked for its dimension 0 or -1.
  func reducedDims(_ dims: [Int], _ operation: String) -> [Int] {
    let dims = normalizedDims(dims, rank: rank, operation)
    return rank == 0 ? [] : dims
  }

  /// A reduced result with its dimensions of size 1 put back.
  func restored(_ dims: [Int], keepDim: Bool) -> Tensor {
    if keepDim { return self }
    var result = self
    for dim in dims.sorted() { result = result.unsqueezed(dim) }
    return result
  }

  /// The sum over whatever dimensions a shape was broadcast along: a broadcast operand's gradient.
  func sum(toShape target: [Int]) -> Tensor {
    if shape == target { return self }
    let lead = rank - target.count
    let dims = (0..<rank).filter { $0 < lead || (target[$0 - lead] == 1 && shape[$0] != 1) }
    let summed = dims.isEmpty ? self : sum(dims: dims, keepDim: true)
    return summed.reshaped(target)
  }

  /// The sum over the dimensions along which the target broadcasts to this shape
  /// (`Tensor.sum_to_size`).
  public func sum(toSize target: [Int]) -> Tensor {
    require(
      broadcastShape(shape, target) == shape, "sum_to_size",
      "\(target) does not broadcast to \(shape)")
    // To a scalar PyTorch sums even one element, which makes bools integers.
    return target.isEmpty ? sum() : sum(toShape: target)
  }
}
