extension Tensor {
  /// The same values in another dtype (`Tensor.to`); itself where it has that dtype already.
  ///
  /// Floats become integers by truncation; anything becomes `bool` by ≠ 0; `bfloat16` and `float16`
  /// round to nearest even. Differentiable between floating-point dtypes.
  public func to(_ dtype: DType) -> Tensor {
    if dtype == self.dtype { return self }
    return Tensor.record(Conversion(dtype: dtype), [self])
  }

  /// A copy in memory of its own, with the same order of dimensions. Differentiable.
  public func clone() -> Tensor {
    Tensor.record(Clone(), [self])
  }

  /// The same values in row-major order without gaps: itself where they are, else a copy.
  public func contiguous() -> Tensor {
    if isContiguous { return self }
    return Tensor.record(Contiguous(), [self])
  }

  /// The same values cut off from the graph (`Tensor.detach`); shares storage.
  public func detach() -> Tensor { body.autograd == nil ? self : Tensor.record(Detach(), [self]) }

  /// The elements in row-major order, as Swift values of the dtype's own type.
  /// - Parameter type: `Float` for `float32`, `Int` for `int64`, `Bool` for `bool` and so on; another
  ///   type converts first.
  public func array<Element: TensorElement>(of type: Element.Type = Element.self) -> [Element] {
    Watchers.read(self)
    let source = noGrad { to(Element.dtype).contiguous() }
    return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      source.withBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
      initialized = count
    }
  }

  /// The only element, converted to a Swift type (`Tensor.item`); numbers lose their fractions where
  /// that is an integer.
  ///
  /// Where nothing says which type is meant, as in `x.item() > 0`, it is a `Double`.
  @_disfavoredOverload
  public func item<Element: TensorElement>(_ type: Element.Type = Element.self) -> Element {
    require(
      count == 1, "item",
      "only a tensor of one element converts to a Swift number; this one is \(shape)")
    Watchers.read(self)
    let source = dtype == Element.dtype ? self : noGrad { to(Element.dtype) }
    return source.withBytes { $0.load(as: Element.self) }
  }

  /// The only element as a `Double`; integers beyond 2⁵³ round.
  public func item() -> Double { item(Double.self) }
}

/// The same values in another dtype.
private struct Conversion: TensorOperation, ElementwiseOperation {
  let dtype: DType
  var name: String { "to" }

  var element: ElementKernel { .convert(dtype) }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { [g.to(node.dtype(0))] }
}

/// A copy with the same order of dimensions.
private struct Clone: TensorOperation {
  var name: String { "clone" }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let out = Tensor.uninitialized(like: inputs[0], dtype: inputs[0].dtype)
    Kernel.copy(inputs[0], into: out)
    return out
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { [g] }
}

/// A copy in row-major order.
private struct Contiguous: TensorOperation {
  var name: String { "contiguous" }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let out = Tensor.uninitialized(inputs[0].shape, inputs[0].dtype)
    Kernel.copy(inputs[0], into: out)
    return out
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { [g] }
}

/// The same memory, cut off from the autograd graph.
struct Detach: ConstantOperation {
  var name: String { "detach" }
  func forward(_ inputs: [Tensor]) -> Tensor { inputs[0].bare }
}

/// In place: for gradients and optimizers only.
extension Tensor {
  /// Whether no two elements share an address.
  private var hasDistinctElements: Bool {
    if isContiguous { return true }
    var reach = 1
    for dim in shape.indices.sorted(by: { strides[$0] < strides[$1] }) where shape[dim] > 1 {
      if strides[dim] < reach { return false }
      reach += (shape[dim] - 1) * strides[dim]
    }
    return true
  }

  /// Whether no other tensor refers to the body or its memory.
  package mutating func ownsItsMemory() -> Bool {
    // An expanded gradient has many elements at one address: adding to it would add too often.
    isKnownUniquelyReferenced(&body) && body.ownsStorage() && hasDistinctElements
  }

  /// Adds a tensor of the same shape into this one's memory.
  package func addInPlace(_ other: Tensor) {
    storage.version &+= 1
    Kernel.add(other.dtype == dtype ? other : other.to(dtype), into: self)
  }

  /// Overwrites this tensor's memory with a tensor that broadcasts to its shape.
  package func copyInPlace(_ other: Tensor) {
    storage.version &+= 1
    Kernel.copy(other, into: self)
  }
}
