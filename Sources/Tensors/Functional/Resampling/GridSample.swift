/// What ``F/gridSample(_:_:mode:paddingMode:alignCorners:)`` reads outside of the input.
public enum GridPadding: String, Sendable {
  /// Zero.
  case zeros
  /// The edge's element.
  case border
  /// The elements mirrored at the edges.
  case reflection
}

extension F {
  /// Values of an image or volume at given positions (`torch.nn.functional.grid_sample`; Jaderberg
  /// et al. 2015).
  /// - Parameters:
  ///   - x: `[N, C, H, W]` or `[N, C, D, H, W]`.
  ///   - grid: `[N, H', W', 2]` or `[N, D', H', W', 3]`: positions (x, y) or (x, y, z), -1 to 1
  ///     from edge to edge.
  ///   - mode: `.bilinear` (trilinear for volumes), `.nearest`, or `.bicubic` for images.
  ///   - paddingMode: What is read outside of the input.
  ///   - alignCorners: Let ±1 stand for the corner elements' centres rather than their edges.
  ///
  /// A position that is NaN lies at the first element of an image, and at the last of a volume, where
  /// the padding is `.border` or `.reflection`; so does an infinite one under `.reflection`. With
  /// `.zeros` a volume has 0 there and an image, where values are weighed, NaN.
  /// - Returns: `[N, C, H', W']` or `[N, C, D', H', W']`.
  public static func gridSample(
    _ x: Tensor, _ grid: Tensor, mode: InterpolationMode = .bilinear,
    paddingMode: GridPadding = .zeros, alignCorners: Bool = false
  ) -> Tensor {
    let (x, grid) = (x.inFullPrecision, grid.inFullPrecision)
    let name = "grid_sample"
    let dims = x.rank - 2
    require(
      (dims == 2 || dims == 3) && grid.rank == x.rank && grid.shape[0] == x.shape[0]
        && grid.shape.last == dims, name,
      "a grid of \(grid.shape) does not fit an input of \(x.shape)")
    require(
      mode == .bilinear || mode == .nearest || (mode == .bicubic && dims == 2), name,
      "mode \(mode.rawValue) is not defined for an input of \(x.shape)")
    require(
      x.dtype == grid.dtype && x.dtype.isFloatingPoint, name,
      "input and grid differ in dtype: \(x.dtype), \(grid.dtype)")
    require(
      x.shape[2...].allSatisfy { $0 > 0 }, name, "an input of \(x.shape) has nothing to sample")
    let sampler = GridSampler(
      x: x, size: Array(x.shape[2...]), outShape: Array(grid.shape[1...dims]),
      padding: paddingMode, alignCorners: alignCorners)
    // The grid's last dimension is (x, y, z); sizes stand the other way round.
    let positions = (0..<dims).map { dim in
      sampler.position(grid.select(dim: dims + 1, index: dims - 1 - dim), dim)
    }
    switch mode {
    case .nearest: return sampler.nearest(positions)
    case .bicubic: return sampler.bicubic(positions)
    default: return sampler.linear(positions)
    }
  }

  /// The grid that applies affine maps to a regular one (`torch.nn.functional.affine_grid`).
  /// - Parameters:
  ///   - theta: `[N, 2, 3]` or `[N, 3, 4]`.
  ///   - size: The output's `[N, C, H, W]` or `[N, C, D, H, W]`.
  ///   - alignCorners: As for the sampling that it is made for.
  /// - Returns: `[N, H, W, 2]` or `[N, D, H, W, 3]`, for ``gridSample(_:_:mode:paddingMode:alignCorners:)``.
  public static func affineGrid(
    _ theta: Tensor, size: [Int], alignCorners: Bool = false
  ) -> Tensor {
    let dims = size.count - 2
    require(
      (dims == 2 || dims == 3) && theta.shape == [size[0], dims, dims + 1], "affine_grid",
      "maps of \(theta.shape) do not fit a size of \(size)")
    let spatial = Array(size[2...])
    let axes = (0..<dims).reversed().map { dim -> Tensor in
      let steps = spatial[dim]
      let last = steps > 1 ? 1.0 : 0
      var line = Tensor.linspace(-last, last, steps: steps, dtype: theta.dtype)
      if !alignCorners { line = line * (Double(steps - 1) / Double(steps)) }
      var shape = [Int](repeating: 1, count: dims)
      shape[dim] = steps
      return line.reshaped(shape).expanded(spatial)
    }
    let base = Tensor.stack(axes + [Tensor.ones(spatial, dtype: theta.dtype)], dim: -1)
    let points = base.reshaped([1, -1, dims + 1]).matmul(theta.transposed(1, 2))
    return points.reshaped([size[0]] + spatial + [dims])
  }
}

/// The reads of one grid sample. Half types round after every step in PyTorch's order, since
/// positions are computed in them.
private struct GridSampler {
  let x: Tensor
  let size: [Int]
  let outShape: [Int]
  let padding: GridPadding
  let alignCorners: Bool

  /// -1 … 1 in elements, before anything is done about the outside.
  func position(_ coordinate: Tensor, _ dim: Int) -> Tensor {
    let extent = Double(size[dim])
    return alignCorners
      ? (coordinate + 1) * 0.5 * (extent - 1) : ((coordinate + 1) * extent - 1) * 0.5
  }

  /// A position brought inside, where the padding mode says so.
  private func placed(_ position: Tensor, _ dim: Int) -> Tensor {
    switch padding {
    case .zeros: return position
    case .border: return clipped(position, dim)
    case .reflection:
      let extent = Double(size[dim])
      let (low, span) = alignCorners ? (0, extent - 1) : (-0.5, extent)
      return clipped(reflected(position, low, span), dim)
    }
  }

  /// Within the elements; at the bounds and outside, the gradient is 0.
  private func clipped(_ position: Tensor, _ dim: Int) -> Tensor {
    let last = Double(size[dim] - 1)
    return position.maskedFill(position.le(0), 0.0).maskedFill(position.ge(last), last)
      .maskedFill(position.isNaN(), 0.0)
  }

  /// A position that can be computed with: one of no place is put where PyTorch reads it.
  private func settled(_ position: Tensor, _ dim: Int) -> Tensor {
    let isVolume = size.count == 3
    let elsewhere: Tensor
    switch padding {
    case .zeros where isVolume:
      // Outside, with both neighbours.
      return position.maskedFill(position.isFinite().logicalNot(), -2.0)
    case .zeros: return position
    case .border: elsewhere = position.isNaN()
    case .reflection: elsewhere = position.isFinite().logicalNot()
    }
    return position.maskedFill(elsewhere, isVolume ? Double(size[dim] - 1) : 0)
  }

  private func reflected(_ position: Tensor, _ low: Double, _ span: Double) -> Tensor {
    if span == 0 { return position * 0.0 }
    let distance = (position - low).abs()
    let flips = (distance.detach() / span).floor()
    // Far away PyTorch takes an exact remainder in volumes, and a difference in images.
    let rest = size.count == 3 ? distance.fmod(span) : distance - flips * span
    let even = (flips - (flips * 0.5).floor() * 2).eq(0)
    return Tensor.where(even, rest + low, span - rest + low)
  }

  /// The elements at whole positions, zero outside: `[N, C, …]`.
  private func fetch(_ positions: [Tensor]) -> Tensor {
    let (batch, channels) = (x.shape[0], x.shape[1])
    var flat: Tensor?
    var inside: Tensor?
    for (dim, position) in positions.enumerated() {
      let last = Double(size[dim] - 1)
      let valid = position.ge(0).logicalAnd(position.le(last))
      let index = position.detach().maskedFill(valid.logicalNot(), 0.0).to(.int64)
      flat = flat.map { $0 * size[dim] + index } ?? index
      inside = inside.map { $0.logicalAnd(valid) } ?? valid
    }
    guard let flat, let inside else { return x }
    let count = outShape.reduce(1, *)
    let index = flat.reshaped([batch, 1, count]).expanded([batch, channels, count])
    let values = x.reshaped([batch, channels, size.reduce(1, *)]).gather(
      dim: 2, index: index.contiguous())
    return values.reshaped([batch, channels] + outShape)
      .maskedFill(inside.logicalNot().unsqueezed(1), 0.0)
  }

  func nearest(_ positions: [Tensor]) -> Tensor {
    fetch(
      positions.enumerated().map {
        placed(settled($0.element, $0.offset), $0.offset).detach().round()
      })
  }

  /// The 2ᵈ corners around each position by their opposite volumes.
  func linear(_ positions: [Tensor]) -> Tensor {
    let places = positions.enumerated().map { placed(settled($0.element, $0.offset), $0.offset) }
    let floors = places.map { $0.detach().floor() }
    let near = zip(places, floors).map { $1 + 1 - $0 }
    let far = zip(places, floors).map { $0 - $1 }
    let dims = places.count
    var total: Tensor?
    for corner in 0..<(1 << dims) {
      var weight: Tensor?
      var at = floors
      for dim in (0..<dims).reversed() {
        let isFar = corner >> (dims - 1 - dim) & 1 == 1
        let part = isFar ? far[dim] : near[dim]
        weight = weight.map { $0 * part } ?? part
        if isFar { at[dim] = floors[dim] + 1 }
      }
      guard let weight else { continue }
      let term = fetch(at) * weight.unsqueezed(1)
      total = total.map { $0 + term } ?? term
    }
    return total ?? x
  }

  /// Sixteen elements by cubic weights; each element's position is brought inside by itself.
  func bicubic(_ positions: [Tensor]) -> Tensor {
    let floors = positions.map { $0.detach().floor() }
    let weights = zip(positions, floors).map { cubicWeights($0 - $1) }
    var total: Tensor?
    for row in 0..<4 {
      var line: Tensor?
      for column in 0..<4 {
        let at = [placed(floors[0] + (row - 1), 0), placed(floors[1] + (column - 1), 1)]
        let term = fetch(at) * weights[1][column].unsqueezed(1)
        line = line.map { $0 + term } ?? term
      }
      guard let line else { continue }
      let term = line * weights[0][row].unsqueezed(1)
      total = total.map { $0 + term } ?? term
    }
    return total ?? x
  }

  /// The four weights of a position between the second and the third element (A = -0.75).
  private func cubicWeights(_ share: Tensor) -> [Tensor] {
    let a = -0.75
    func near(_ x: Tensor) -> Tensor { (x * (a + 2) - (a + 3)) * x * x + 1 }
    func far(_ x: Tensor) -> Tensor { ((x * a - 5 * a) * x + 8 * a) * x - 4 * a }
    return [far(share + 1), near(share), near(1 - share), far(2 - share)]
  }
}
