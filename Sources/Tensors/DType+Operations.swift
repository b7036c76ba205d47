@_exported import enum Base.DType

extension DType {
  /// The type that sums and products of this type come in: integers and bools give `int64`.
  var accumulated: DType { isFloatingPoint ? self : .int64 }

  /// The type that true division and transcendental functions of this type come in.
  var floating: DType { isFloatingPoint ? self : .float32 }
}
