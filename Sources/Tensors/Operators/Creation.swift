extension Tensor {
  /// A tensor of one repeated value (`torch.full`).
  /// - Parameters:
  ///   - shape: The sizes; `[]` for a scalar.
  ///   - value: What every element is.
  ///   - dtype: By default the value's kind: `float32`, `int64` or `bool`.
  ///   - requiresGrad: Whether gradients arrive in it.
  public static func full(
    _ shape: [Int], _ value: some ScalarConvertible, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    require(shape.allSatisfy { $0 >= 0 }, "full", "sizes must not be negative: \(shape)")
    let dtype = dtype ?? value.scalar.dtype
    let number = value.scalar
    func made() -> Tensor {
      let out = uninitialized(shape, dtype)
      out.fill(number)
      return out
    }
    let out = postponed(shape, dtype, made) ?? made()
    return requiresGrad ? out.leaf : out
  }

  /// A tensor of one repeated real number (`torch.full`), which a name may give: `-.infinity`.
  public static func full(
    _ shape: [Int], _ value: Double, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    full(shape, Scalar.double(value), dtype: dtype, requiresGrad: requiresGrad)
  }

  /// The number ∞ in a float32 tensor without dimensions (`torch.inf`), by which `x[mask] = -.infinity`,
  /// `x < .infinity` and the like know their type. Beside another tensor it takes that one's dtype, as any
  /// number does.
  public static var infinity: Tensor { full([], Double.infinity) }

  /// What is no number, in a float32 tensor without dimensions (`torch.nan`): `x[mask] = .nan`.
  public static var nan: Tensor { full([], Double.nan) }

  /// Zeros (`torch.zeros`).
  public static func zeros(
    _ shape: [Int], dtype: DType = .float32, requiresGrad: Bool = false
  ) -> Tensor {
    full(shape, 0, dtype: dtype, requiresGrad: requiresGrad)
  }

  /// Ones (`torch.ones`).
  public static func ones(
    _ shape: [Int], dtype: DType = .float32, requiresGrad: Bool = false
  ) -> Tensor {
    full(shape, 1, dtype: dtype, requiresGrad: requiresGrad)
  }

  /// Zeros of another tensor's shape and, unless given, dtype (`torch.zeros_like`).
  public static func zeros(
    like other: Tensor, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    zeros(other.shape, dtype: dtype ?? other.dtype, requiresGrad: requiresGrad)
  }

  /// Ones of another tensor's shape and, unless given, dtype (`torch.ones_like`).
  public static func ones(
    like other: Tensor, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    ones(other.shape, dtype: dtype ?? other.dtype, requiresGrad: requiresGrad)
  }

  /// One repeated value in another tensor's shape and, unless given, dtype (`torch.full_like`).
  public static func full(
    like other: Tensor, _ value: some ScalarConvertible, dtype: DType? = nil,
    requiresGrad: Bool = false
  ) -> Tensor {
    full(other.shape, value, dtype: dtype ?? other.dtype, requiresGrad: requiresGrad)
  }

  func zerosLike() -> Tensor { .zeros(like: self) }

  /// A fresh tensor as a leaf of the graph.
  var leaf: Tensor {
    var leaf = self
    leaf.requiresGrad = true
    return leaf
  }

  /// Memory whose contents nobody set (`torch.empty`).
  public static func empty(
    _ shape: [Int], dtype: DType = .float32, requiresGrad: Bool = false
  ) -> Tensor {
    require(shape.allSatisfy { $0 >= 0 }, "empty", "sizes must not be negative: \(shape)")
    let out = postponed(shape, dtype) { uninitialized(shape, dtype) } ?? uninitialized(shape, dtype)
    return requiresGrad ? out.leaf : out
  }

  /// Memory for another tensor's shape and, unless given, dtype, whose contents nobody set
  /// (`torch.empty_like`).
  public static func empty(
    like other: Tensor, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    empty(other.shape, dtype: dtype ?? other.dtype, requiresGrad: requiresGrad)
  }

  /// start, start + step, … below end (`torch.arange`).
  /// - Parameters:
  ///   - start: The first element.
  ///   - end: What all elements are below, or above where the step is negative.
  ///   - step: The distance between two elements.
  ///   - dtype: By default `int64` for whole numbers, else `float32`.
  ///   - requiresGrad: Whether gradients arrive in it.
  public static func arange(
    _ start: some ScalarConvertible, _ end: some ScalarConvertible,
    step: some ScalarConvertible = 1, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    let bounds = [start.scalar, end.scalar, step.scalar]
    let whole = bounds.allSatisfy { if case .double = $0 { false } else { true } }
    let dtype = dtype ?? (whole ? .int64 : .float32)
    // Whole results start and step by whole numbers, whatever was given.
    let numbers = bounds.map {
      dtype.isFloatingPoint ? $0.double : $0.double.rounded(.towardZero)
    }
    let (low, high, width) = (numbers[0], numbers[1], numbers[2])
    require(width != 0, "arange", "the step must not be 0")
    require(
      (high - low) / width >= 0, "arange",
      "from \(low) to \(high) does not go in the direction of the step \(width)")
    let count = ((high - low) / width).rounded(.up)
    require(count <= 0x1p48, "arange", "\(count) numbers from \(low) to \(high) are too many")
    let out = Kernel.range(Int(count), from: low, by: width, dtype)
    return requiresGrad ? out.leaf : out
  }

  /// 0, 1, … below end (`torch.arange`).
  public static func arange(
    _ end: some ScalarConvertible, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    arange(0, end, dtype: dtype, requiresGrad: requiresGrad)
  }

  /// `steps` numbers from start to end, both included, equally spaced (`torch.linspace`).
  ///
  /// Whole dtypes cut the numbers towards zero.
  public static func linspace(
    _ start: Double, _ end: Double, steps: Int, dtype: DType = .float32, requiresGrad: Bool = false
  ) -> Tensor {
    let out = spaced("linspace", start, end, steps, dtype).to(dtype)
    return requiresGrad ? out.leaf : out
  }

  /// `steps` powers of a base from baseˢᵗᵃʳᵗ to baseᵉⁿᵈ, the exponents equally spaced
  /// (`torch.logspace`).
  public static func logspace(
    _ start: Double, _ end: Double, steps: Int, base: Double = 10, dtype: DType = .float32,
    requiresGrad: Bool = false
  ) -> Tensor {
    let exponents = spaced("logspace", start, end, steps, dtype)
    let out = Tensor.full([], base, dtype: exponents.dtype).pow(exponents).to(dtype)
    return requiresGrad ? out.leaf : out
  }

  /// Numbers in a row in the dtype's own arithmetic, or `float64` for whole ones, whose ends are
  /// whole then. They are counted from both ends, so that the last is the end exactly.
  private static func spaced(
    _ operation: String, _ start: Double, _ end: Double, _ steps: Int, _ dtype: DType
  ) -> Tensor {
    require(steps >= 0, operation, "the number of steps must not be negative: \(steps)")
    let wide = dtype.isFloatingPoint ? dtype : .float64
    func number(_ value: Double) -> Tensor {
      Tensor(dtype.isFloatingPoint ? value : value.rounded(.towardZero), dtype: wide)
    }
    if steps <= 1 { return Tensor.full([steps], number(start).item(), dtype: wide) }
    let (first, last) = (number(start), number(end))
    let width = (last - first) / Tensor(steps - 1, dtype: wide)
    let half = steps / 2
    return Tensor.cat([
      first + width * Tensor.arange(half, dtype: wide),
      last - width * Tensor.arange(steps - half - 1, -1, step: -1, dtype: wide),
    ])
  }

  /// The identity matrix, or its upper left part (`torch.eye`).
  public static func eye(
    _ rows: Int, _ columns: Int? = nil, dtype: DType = .float32, requiresGrad: Bool = false
  ) -> Tensor {
    let columns = columns ?? rows
    let out = zeros([rows, columns], dtype: dtype)
    out.restrided(shape: [Swift.min(rows, columns)], strides: [columns + 1], offset: 0).fill(
      .int(1))
    return requiresGrad ? out.leaf : out
  }

  /// Writes a number everywhere, in place; for memory that nobody else has seen yet.
  func fill(_ value: Scalar) {
    if dtype.isInteger {
      Kernel.fill(self, with: Int64(value.int))
    } else {
      Kernel.fill(self, with: value.double)
    }
  }
}
