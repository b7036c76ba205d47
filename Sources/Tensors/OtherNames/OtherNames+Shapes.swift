// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

extension Tensor {
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "pass a list: Tensor.cat([a, b])")
  public static func cat(_ first: Tensor, _ others: Tensor..., dim: Int = 0) -> Tensor {
    otherName()
  }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, renamed: "cat(_:dim:)")
  public static func cat(_ tensors: [Tensor], axis: Int) -> Tensor { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, message: "pass a list: Tensor.stack([a, b])")
  public static func stack(_ first: Tensor, _ others: Tensor..., dim: Int = 0) -> Tensor {
    otherName()
  }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, renamed: "stack(_:dim:)")
  public static func stack(_ tensors: [Tensor], axis: Int) -> Tensor { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, renamed: "permuted(_:)")
  public func permute(dims: [Int]) -> Tensor { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, renamed: "t")
  public func transpose() -> Tensor { otherName() }
  /// PyTorch's name of ``reshaped(_:)``.
  @available(*, unavailable, renamed: "reshaped(_:)")
  public func reshape(_ shape: Int...) -> Tensor { otherName() }
  /// PyTorch's name of ``reshaped(_:)``.
  @available(*, unavailable, renamed: "reshaped(_:)")
  public func reshape(_ shape: [Int]) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.reshaped(other.shape)")
  public func reshapeAs(_ other: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.view(other.shape)")
  public func viewAs(_ other: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``flattened(from:to:)``.
  @available(*, unavailable, renamed: "flattened(from:to:)")
  public func flatten(_ from: Int = 0, _ to: Int = -1) -> Tensor { otherName() }
  /// PyTorch's name of ``flattened(from:to:)``.
  @available(*, unavailable, renamed: "flattened(from:to:)")
  public func flatten(startDim: Int, endDim: Int = -1) -> Tensor { otherName() }
  /// PyTorch's name of ``flattened()``.
  @available(*, unavailable, renamed: "flattened()")
  public func ravel() -> Tensor { otherName() }
  /// PyTorch's name of ``unflattened(dim:_:)``.
  @available(*, unavailable, renamed: "unflattened(dim:_:)")
  public func unflatten(_ dim: Int, _ sizes: [Int]) -> Tensor { otherName() }
  /// PyTorch's name of ``squeezed()``.
  @available(*, unavailable, renamed: "squeezed()")
  public func squeeze() -> Tensor { otherName() }
  /// PyTorch's name of ``squeezed(_:)``.
  @available(*, unavailable, renamed: "squeezed(_:)")
  public func squeeze(_ dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``squeezed(_:)``.
  @available(*, unavailable, renamed: "squeezed(_:)")
  public func squeeze(dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``unsqueezed(_:)``.
  @available(*, unavailable, renamed: "unsqueezed(_:)")
  public func unsqueeze(_ dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``unsqueezed(_:)``.
  @available(*, unavailable, renamed: "unsqueezed(_:)")
  public func unsqueeze(dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``transposed(_:_:)``.
  @available(*, unavailable, renamed: "transposed(_:_:)")
  public func transpose(_ a: Int, _ b: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``transposed(_:_:)``.
  @available(*, unavailable, renamed: "transposed(_:_:)")
  public func swapaxes(_ a: Int, _ b: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``transposed(_:_:)``.
  @available(*, unavailable, renamed: "transposed(_:_:)")
  public func swapdims(_ a: Int, _ b: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``permuted(_:)``.
  @available(*, unavailable, renamed: "permuted(_:)")
  public func permute(_ order: Int...) -> Tensor { otherName() }
  /// PyTorch's name of ``permuted(_:)``.
  @available(*, unavailable, renamed: "permuted(_:)")
  public func permute(_ order: [Int]) -> Tensor { otherName() }
  /// PyTorch's name of ``movedim(_:_:)``.
  @available(*, unavailable, renamed: "movedim(_:_:)")
  public func moveaxis(_ from: Int, _ to: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``expanded(_:)``.
  @available(*, unavailable, renamed: "expanded(_:)")
  public func expand(_ shape: Int...) -> Tensor { otherName() }
  /// PyTorch's name of ``expanded(_:)``.
  @available(*, unavailable, renamed: "expanded(_:)")
  public func expand(_ shape: [Int]) -> Tensor { otherName() }
  /// PyTorch's name of ``expanded(_:)``.
  @available(*, unavailable, renamed: "expanded(_:)")
  public func broadcastTo(_ shape: Int...) -> Tensor { otherName() }
  /// PyTorch's name of ``expanded(_:)``.
  @available(*, unavailable, renamed: "expanded(_:)")
  public func broadcastTo(_ shape: [Int]) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.expanded(other.shape)")
  public func expandAs(_ other: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``broadcast(_:)``.
  @available(*, unavailable, renamed: "broadcast(_:)")
  public static func broadcastTensors(_ tensors: [Tensor]) -> [Tensor] { otherName() }
  /// PyTorch's name of ``repeated(_:)``.
  @available(*, unavailable, renamed: "repeated(_:)")
  public func `repeat`(_ times: Int...) -> Tensor { otherName() }
  /// PyTorch's name of ``repeated(_:)``.
  @available(*, unavailable, renamed: "repeated(_:)")
  public func `repeat`(_ times: [Int]) -> Tensor { otherName() }
  /// PyTorch's name of ``tiled(_:)``.
  @available(*, unavailable, renamed: "tiled(_:)")
  public func tile(_ times: Int...) -> Tensor { otherName() }
  /// PyTorch's name of ``tiled(_:)``.
  @available(*, unavailable, renamed: "tiled(_:)")
  public func tile(_ times: [Int]) -> Tensor { otherName() }
  /// PyTorch's name of ``flipped(dims:)``.
  @available(*, unavailable, renamed: "flipped(dims:)")
  public func flip(_ dims: Int...) -> Tensor { otherName() }
  /// PyTorch's name of ``flipped(dims:)``.
  @available(*, unavailable, renamed: "flipped(dims:)")
  public func flip(_ dims: [Int]) -> Tensor { otherName() }
  /// PyTorch's name of ``flipped(dims:)``.
  @available(*, unavailable, renamed: "flipped(dims:)")
  public func flip(dims: [Int]) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.flipped(dim: 1)")
  public func fliplr() -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.flipped(dim: 0)")
  public func flipud() -> Tensor { otherName() }
  /// PyTorch's name of ``rolled(_:dims:)``.
  @available(*, unavailable, renamed: "rolled(_:dims:)")
  public func roll(_ shift: Int, _ dim: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``rolled(_:dims:)``.
  @available(*, unavailable, renamed: "rolled(_:dims:)")
  public func roll(_ shifts: [Int], _ dims: [Int]) -> Tensor { otherName() }
  /// PyTorch's name of ``rolled(_:dims:)``.
  @available(*, unavailable, renamed: "rolled(_:dims:)")
  public func roll(shifts: Int, dims: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``unfolded(dim:size:step:)``.
  @available(*, unavailable, renamed: "unfolded(dim:size:step:)")
  public func unfold(_ dim: Int, _ size: Int, _ step: Int) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(
    *, unavailable, message: "views are made by reshaped, expanded, unfolded and subscripts"
  )
  public func asStrided(_ size: [Int], _ stride: [Int]) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.atLeast(rank: 1)")
  public static func atleast1d(_ x: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of what is written otherwise here.
  @available(*, unavailable, message: "use x.atLeast(rank: 2)")
  public static func atleast2d(_ x: Tensor) -> Tensor { otherName() }
  /// PyTorch's name of ``lowerTriangle(diagonal:)``.
  @available(*, unavailable, renamed: "lowerTriangle(diagonal:)")
  public func tril(_ diagonal: Int = 0) -> Tensor { otherName() }
  /// PyTorch's name of ``lowerTriangle(diagonal:)``.
  @available(*, unavailable, renamed: "lowerTriangle(diagonal:)")
  public func tril(diagonal: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``upperTriangle(diagonal:)``.
  @available(*, unavailable, renamed: "upperTriangle(diagonal:)")
  public func triu(_ diagonal: Int = 0) -> Tensor { otherName() }
  /// PyTorch's name of ``upperTriangle(diagonal:)``.
  @available(*, unavailable, renamed: "upperTriangle(diagonal:)")
  public func triu(diagonal: Int) -> Tensor { otherName() }
  /// PyTorch's name of ``cat(_:dim:)``.
  @available(*, unavailable, renamed: "cat(_:dim:)")
  public static func concat(_ tensors: [Tensor], dim: Int = 0) -> Tensor { otherName() }
  /// PyTorch's name of ``cat(_:dim:)``.
  @available(*, unavailable, renamed: "cat(_:dim:)")
  public static func concatenate(_ tensors: [Tensor], dim: Int = 0) -> Tensor { otherName() }
}
