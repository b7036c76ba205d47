/// What a list holds that a tensor can be made of: numbers, truth values, and lists of them to any
/// depth.
public protocol TensorElements {
  /// The numbers at the bottom.
  associatedtype Leaf: TensorElement

  /// The sizes of the lists, from the outermost to the innermost; of lists that differ, the first.
  var listSizes: [Int] { get }

  /// Adds the numbers in order to a list, and stops where a list's size is not the expected one.
  func append(to leaves: inout [Leaf], sizes: ArraySlice<Int>)
}

extension TensorElement {
  /// None: a number is no list.
  public var listSizes: [Int] { [] }

  /// Adds the number.
  public func append(to leaves: inout [Self], sizes: ArraySlice<Int>) { leaves.append(self) }
}

extension Array: TensorElements where Element: TensorElements {
  /// This list's size, then its first element's.
  public var listSizes: [Int] { [count] + (first?.listSizes ?? []) }

  /// Adds every element's numbers.
  public func append(to leaves: inout [Element.Leaf], sizes: ArraySlice<Int>) {
    require(
      count == sizes.first, "Tensor",
      "a list of \(count) elements beside one of \(sizes.first ?? 0); rows must be equally long")
    for element in self { element.append(to: &leaves, sizes: sizes.dropFirst()) }
  }
}

/// Tensors of numbers (`torch.tensor`).
extension Tensor {
  /// A tensor of the given elements in row-major order (`torch.tensor`).
  ///
  /// The elements keep their type: `Float`s are `float32`, `Int`s `int64`, `Bool`s `bool`. `Double`s, of
  /// which a literal such as `[1.0, 2.5]` is made, are `float32` as Python's are in PyTorch; `float64`
  /// is asked for by `dtype`, and loses nothing.
  /// - Parameters:
  ///   - elements: As many as the shape holds.
  ///   - shape: The sizes; by default one dimension.
  ///   - dtype: What the elements become instead.
  ///   - requiresGrad: Whether the tensor is a leaf whose gradient `backward` computes.
  public init<Element: TensorElement>(
    _ elements: [Element], shape: [Int]? = nil, dtype: DType? = nil, requiresGrad: Bool = false
  ) {
    let shape = shape ?? [elements.count]
    require(
      shape.allSatisfy { $0 >= 0 } && shape.reduce(1, *) == elements.count, "Tensor",
      "\(elements.count) elements do not fill a shape of \(shape)")
    self = .filled(with: elements, shape)
    let dtype = dtype ?? (Element.self == Double.self ? .float32 : Element.dtype)
    if dtype != Element.dtype { self = to(dtype) }
    if requiresGrad { self = leaf }
  }

  /// A tensor of lists of lists, to any depth, whose sizes agree (`torch.tensor`):
  /// `Tensor([[1.0, 2.0], [3.0, 4.0]])` is `[2, 2]`. Dtypes are those of flat lists.
  public init<Row: TensorElements>(
    _ rows: [[Row]], dtype: DType? = nil, requiresGrad: Bool = false
  ) {
    let sizes = rows.listSizes
    var leaves: [Row.Leaf] = []
    leaves.reserveCapacity(sizes.reduce(1, *))
    rows.append(to: &leaves, sizes: sizes[...])
    self.init(leaves, shape: sizes, dtype: dtype, requiresGrad: requiresGrad)
  }

  /// A scalar tensor. A Swift `Double` becomes the default `float32` unless a dtype is given.
  public init(
    _ value: some ScalarConvertible, dtype: DType? = nil, requiresGrad: Bool = false
  ) {
    self = .full([], value, dtype: dtype, requiresGrad: requiresGrad)
  }

  /// The bits of a list as a tensor.
  private static func filled<Element: TensorElement>(
    with elements: [Element], _ shape: [Int]
  ) -> Tensor {
    let out = Tensor.uninitialized(shape, Element.dtype)
    elements.withUnsafeBytes { out.fill(with: $0) }
    return out
  }
}
