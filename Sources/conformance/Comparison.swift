import Tensors

/// How far an answer may lie from the expected one.
struct Tolerance {
  var relative: Double
  var absolute: Double

  /// For an operator's results of a dtype.
  static func outputs(_ dtype: DType) -> Tolerance {
    switch dtype {
    case .float32: Tolerance(relative: 1e-4, absolute: 1e-5)
    case .float64: Tolerance(relative: 1e-5, absolute: 1e-6)
    case .bfloat16: Tolerance(relative: 1.6e-2, absolute: 1e-2)
    case .float16: Tolerance(relative: 2e-3, absolute: 1.25e-3)
    default: Tolerance(relative: 0, absolute: 0)
    }
  }

  /// For gradients of a dtype.
  static func gradients(_ dtype: DType) -> Tolerance {
    switch dtype {
    case .float32: Tolerance(relative: 1e-3, absolute: 1e-4)
    case .float64: Tolerance(relative: 1e-4, absolute: 1e-5)
    default: outputs(dtype)
    }
  }
}

/// Compares tensors: dtype and shape exactly, values within a tolerance; NaN equals NaN.
enum Comparison {
  /// - Throws: ``Mismatch`` with the first value that differs and the largest difference.
  static func check(
    _ got: Tensor, _ expected: Tensor, _ what: String, _ tolerance: (DType) -> Tolerance
  ) throws {
    try checkShape(got, expected, what)
    if expected.dtype.isFloatingPoint {
      try compare(
        got.array(of: Double.self), expected.array(of: Double.self), what, expected.shape,
        tolerance(expected.dtype))
    } else {
      let (a, b) = (got.array(of: Int.self), expected.array(of: Int.self))
      guard let index = a.indices.first(where: { a[$0] != b[$0] }) else { return }
      throw Mismatch(
        "\(what) at \(place(index, expected.shape)): expected \(b[index]), got \(a[index])")
    }
  }

  /// - Throws: ``Mismatch`` where dtypes or shapes differ.
  static func checkShape(_ got: Tensor, _ expected: Tensor, _ what: String) throws {
    guard got.dtype == expected.dtype else {
      throw Mismatch("\(what): expected \(expected.dtype), got \(got.dtype)")
    }
    guard got.shape == expected.shape else {
      throw Mismatch("\(what): expected shape \(expected.shape), got \(got.shape)")
    }
  }

  private static func compare(
    _ got: [Double], _ expected: [Double], _ what: String, _ shape: [Int], _ tolerance: Tolerance
  ) throws {
    var first: Int?
    var largest = 0.0
    for index in got.indices {
      let (a, b) = (got[index], expected[index])
      if a == b || (a.isNaN && b.isNaN) { continue }
      let error = Swift.abs(a - b)
      if error <= tolerance.absolute + tolerance.relative * Swift.abs(b) && b.isFinite { continue }
      if first == nil { first = index }
      largest = error.isNaN ? .infinity : Swift.max(largest, error)
    }
    guard let first else { return }
    throw Mismatch(
      "\(what) at \(place(first, shape)): expected \(expected[first]), got \(got[first]); largest error \(largest)"
    )
  }

  private static func place(_ index: Int, _ shape: [Int]) -> [Int] {
    var rest = index
    return shape.reversed().map { size in
      defer { rest /= Swift.max(size, 1) }
      return rest % Swift.max(size, 1)
    }.reversed()
  }
}
