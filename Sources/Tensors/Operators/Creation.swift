extension Tensor {
  /// A tensor of the given elements in row-major order.
  /// - Parameters:
  ///   - elements: As many as the shape holds.
  ///   - shape: The sizes; by default one dimension.
  public init<Element: TensorElement>(_ elements: [Element], shape: [Int]? = nil) {
    let shape = shape ?? [elements.count]
    require(
      shape.allSatisfy { $0 >= 0 } && shape.reduce(1, *) == elements.count, "Tensor",
      "\(elements.count) elements do not fill a shape of \(shape)")
    self = .uninitialized(shape, Element.dtype)
    if !elements.isEmpty {
      elements.withUnsafeBytes {
        pointer.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(pointer), byteCount: $0.count)
      }
    }
  }

  /// A matrix from its rows, which are equally long.
  public init<Element: TensorElement>(_ rows: [[Element]]) {
    let width = rows.first?.count ?? 0
    require(
      rows.allSatisfy { $0.count == width }, "Tensor", "rows differ in length")
    self.init(Array(rows.joined()), shape: [rows.count, width])
  }

  /// A scalar tensor. A Swift `Double` becomes the default `float32` unless a dtype is given.
  public init(_ value: some ScalarConvertible, dtype: DType? = nil) {
    self = .full([], value, dtype: dtype)
  }

  /// A tensor of one repeated value (`torch.full`).
  /// - Parameter dtype: By default the value's kind: `float32`, `int64` or `bool`.
  public static func full(
    _ shape: [Int], _ value: some ScalarConvertible, dtype: DType? = nil
  ) -> Tensor {
    require(shape.allSatisfy { $0 >= 0 }, "full", "sizes must not be negative: \(shape)")
    let dtype = dtype ?? value.scalar.dtype
    let out = uninitialized(shape, dtype)
    out.fill(value.scalar)
    return out
  }

  /// Zeros (`torch.zeros`).
  public static func zeros(_ shape: [Int], dtype: DType = .float32) -> Tensor {
    full(shape, 0, dtype: dtype)
  }

  /// Ones (`torch.ones`).
  public static func ones(_ shape: [Int], dtype: DType = .float32) -> Tensor {
    full(shape, 1, dtype: dtype)
  }

  /// Zeros of another tensor's shape and, unless given, dtype (`torch.zeros_like`).
  public static func zeros(like other: Tensor, dtype: DType? = nil) -> Tensor {
    zeros(other.shape, dtype: dtype ?? other.dtype)
  }

  /// Ones of another tensor's shape and, unless given, dtype (`torch.ones_like`).
  public static func ones(like other: Tensor, dtype: DType? = nil) -> Tensor {
    ones(other.shape, dtype: dtype ?? other.dtype)
  }

  /// One repeated value in another tensor's shape and, unless given, dtype (`torch.full_like`).
  public static func full(
    like other: Tensor, _ value: some ScalarConvertible, dtype: DType? = nil
  ) -> Tensor {
    full(other.shape, value, dtype: dtype ?? other.dtype)
  }

  func zerosLike() -> Tensor { .zeros(like: self) }

  /// Memory whose contents nobody set (`torch.empty`).
  public static func empty(_ shape: [Int], dtype: DType = .float32) -> Tensor {
    require(shape.allSatisfy { $0 >= 0 }, "empty", "sizes must not be negative: \(shape)")
    return uninitialized(shape, dtype)
  }

  /// start, start + step, … below end (`torch.arange`).
  /// - Parameter dtype: By default `int64` for whole numbers, else `float32`.
  public static func arange(
    _ start: some ScalarConvertible, _ end: some ScalarConvertible,
    step: some ScalarConvertible = 1, dtype: DType? = nil
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
    return Kernel.range(Int(count), from: low, by: width, dtype)
  }

  /// 0, 1, … below end (`torch.arange`).
  public static func arange(_ end: some ScalarConvertible, dtype: DType? = nil) -> Tensor {
    arange(0, end, dtype: dtype)
  }

  /// `steps` numbers from start to end, both included, equally spaced (`torch.linspace`).
  ///
  /// Whole dtypes cut the numbers towards zero.
  public static func linspace(
    _ start: Double, _ end: Double, steps: Int, dtype: DType = .float32
  ) -> Tensor {
    spaced("linspace", start, end, steps, dtype).to(dtype)
  }

  /// `steps` powers of a base from baseˢᵗᵃʳᵗ to baseᵉⁿᵈ, the exponents equally spaced
  /// (`torch.logspace`).
  public static func logspace(
    _ start: Double, _ end: Double, steps: Int, base: Double = 10, dtype: DType = .float32
  ) -> Tensor {
    let exponents = spaced("logspace", start, end, steps, dtype)
    return Tensor.full([], base, dtype: exponents.dtype).pow(exponents).to(dtype)
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
  public static func eye(_ rows: Int, _ columns: Int? = nil, dtype: DType = .float32) -> Tensor {
    let columns = columns ?? rows
    let out = zeros([rows, columns], dtype: dtype)
    out.restrided(shape: [Swift.min(rows, columns)], strides: [columns + 1], offset: 0).fill(
      .int(1))
    return out
  }

  /// Writes a number everywhere, in place; for memory that nobody else has seen yet.
  func fill(_ value: Scalar) {
    withUnsafeTemporaryAllocation(byteCount: 8, alignment: 8) { bytes in
      guard let raw = bytes.baseAddress else { return }
      switch dtype {
      case .float32: raw.storeBytes(of: Float(value.double), as: Float.self)
      case .float64: raw.storeBytes(of: value.double, as: Double.self)
      case .bfloat16: raw.storeBytes(of: BFloat16(Float(value.double)), as: BFloat16.self)
      case .float16: raw.storeBytes(of: Float16(value.double), as: Float16.self)
      case .int64: raw.storeBytes(of: Int64(value.int), as: Int64.self)
      case .int32: raw.storeBytes(of: Int32(truncatingIfNeeded: value.int), as: Int32.self)
      case .int16: raw.storeBytes(of: Int16(truncatingIfNeeded: value.int), as: Int16.self)
      case .int8: raw.storeBytes(of: Int8(truncatingIfNeeded: value.int), as: Int8.self)
      case .uint8: raw.storeBytes(of: UInt8(truncatingIfNeeded: value.int), as: UInt8.self)
      case .bool: raw.storeBytes(of: value.double != 0, as: Bool.self)
      }
      Kernel.fill(self, with: raw)
    }
  }
}
