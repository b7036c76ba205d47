internal import CKernels

/// The kernels as Swift sees them. This folder is the only one that imports CKernels: it knows pointers,
/// C's integers and the kernels' reports, and makes the memory of their results.
///
/// Functions return new tensors outside the graph. Elementwise results are laid out like the first
/// operand where shapes agree, others in row-major order.
package enum Kernel {
  static func unary(
    _ name: String, _ op: torus_unary_op, _ a: Tensor, _ p0: Double = 0, _ p1: Double = 0
  ) -> Tensor {
    let out = Tensor.uninitialized(like: a, dtype: a.dtype)
    check(
      withInts(a.shape, out.strides, a.strides) { shape, outStrides, strides in
        torus_unary(
          op, a.dtype.c, Int32(a.rank), shape, out.pointer, outStrides, a.pointer, strides, p0, p1)
      }, name, a.dtype)
    return out
  }

  /// Operands are of one dtype; shapes broadcast.
  static func binary(
    _ name: String, _ op: torus_binary_op, _ a: Tensor, _ b: Tensor, _ p0: Double = 0,
    _ p1: Double = 0
  ) -> Tensor {
    let out = broadcastOutput(name, a, b, a.dtype)
    let (aStrides, bStrides) = (
      a.broadcastStrides(to: out.shape), b.broadcastStrides(to: out.shape)
    )
    check(
      withInts(out.shape, out.strides, aStrides, bStrides) {
        shape, outStrides, aStrides, bStrides in
        torus_binary(
          op, a.dtype.c, Int32(out.rank), shape, out.pointer, outStrides, a.pointer, aStrides,
          b.pointer, bStrides, p0, p1)
      }, name, a.dtype)
    return out
  }

  static func compare(_ name: String, _ op: torus_compare_op, _ a: Tensor, _ b: Tensor) -> Tensor {
    let out = broadcastOutput(name, a, b, .bool)
    let (aStrides, bStrides) = (
      a.broadcastStrides(to: out.shape), b.broadcastStrides(to: out.shape)
    )
    check(
      withInts(out.shape, out.strides, aStrides, bStrides) {
        shape, outStrides, aStrides, bStrides in
        torus_compare(
          op, a.dtype.c, Int32(out.rank), shape, out.pointer, outStrides, a.pointer, aStrides,
          b.pointer, bStrides)
      }, name, a.dtype)
    return out
  }

  static func predicate(_ name: String, _ op: torus_predicate_op, _ a: Tensor) -> Tensor {
    let out = Tensor.uninitialized(like: a, dtype: .bool)
    check(
      withInts(a.shape, out.strides, a.strides) { shape, outStrides, strides in
        torus_predicate(
          op, a.dtype.c, Int32(a.rank), shape, out.pointer, outStrides, a.pointer, strides)
      }, name, a.dtype)
    return out
  }

  static func ternary(
    _ name: String, _ op: torus_ternary_op, _ a: Tensor, _ b: Tensor, _ c: Tensor, _ p0: Double = 1
  ) -> Tensor {
    let shape = broadcastShape([a.shape, b.shape, c.shape], name)
    let out = Tensor.uninitialized(shape, a.dtype)
    let strides = [a, b, c].map { $0.broadcastStrides(to: shape) }
    check(
      withInts(out.shape, out.strides, strides[0], strides[1], strides[2]) {
        torus_ternary(
          op, a.dtype.c, Int32(out.rank), $0, out.pointer, $1, a.pointer, $2, b.pointer, $3,
          c.pointer, $4, p0)
      }, name, a.dtype)
    return out
  }

  /// `condition ? a : b`; the condition is bool, a and b of one dtype.
  static func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    let shape = broadcastShape([condition.shape, a.shape, b.shape], "where")
    let out = Tensor.uninitialized(shape, a.dtype)
    let strides = [condition, a, b].map { $0.broadcastStrides(to: shape) }
    check(
      withInts(out.shape, out.strides, strides[0], strides[1], strides[2]) {
        torus_where(
          a.dtype.c, Int32(out.rank), $0, out.pointer, $1, condition.pointer, $2, a.pointer, $3,
          b.pointer, $4)
      }, "where", a.dtype)
    return out
  }

  /// Copies `source`, broadcast and converted, over `target`'s elements.
  static func copy(_ source: Tensor, into target: Tensor) {
    let strides = source.broadcastStrides(to: target.shape)
    check(
      withInts(target.shape, target.strides, strides) { shape, targetStrides, sourceStrides in
        torus_copy(
          Int32(target.rank), shape, target.dtype.c, target.pointer, targetStrides, source.dtype.c,
          source.pointer, sourceStrides)
      }, "copy", source.dtype)
  }

  private static func broadcastOutput(
    _ name: String, _ a: Tensor, _ b: Tensor, _ dtype: DType
  ) -> Tensor {
    if a.shape == b.shape {
      return .uninitialized(like: a.isContiguous || !b.isContiguous ? a : b, dtype: dtype)
    }
    guard let shape = broadcastShape(a.shape, b.shape) else {
      fail(name, "shapes do not broadcast: \(a.shape) and \(b.shape)")
    }
    if shape == a.shape { return .uninitialized(like: a, dtype: dtype) }
    if shape == b.shape { return .uninitialized(like: b, dtype: dtype) }
    return .uninitialized(shape, dtype)
  }

  /// Stops with a message where a kernel refused.
  @inline(__always)
  static func check(_ status: torus_status, _ name: String, _ dtype: DType) {
    if status == TORUS_OK { return }
    refuse(status, name, dtype)
  }

  @inline(never)
  private static func refuse(_ status: torus_status, _ name: String, _ dtype: DType) -> Never {
    switch status {
    case TORUS_DIVISION_BY_ZERO: fail(name, "integer division by zero")
    case TORUS_UNSUPPORTED: fail(name, "not defined for \(dtype)")
    case TORUS_RANK_TOO_HIGH: fail(name, "more than \(TORUS_MAX_RANK) dimensions")
    default: fail(name, "an index is out of range")
    }
  }
}

extension Tensor {
  /// The elements of an `int64` tensor.
  var int64s: UnsafeMutablePointer<Int64> { pointer.assumingMemoryBound(to: Int64.self) }
}

typealias Ints = UnsafePointer<Int64>?

/// The elements of Swift's arrays as C's `int64_t`, which are the same 64 bits.
@inline(__always)
private func ints(_ buffer: UnsafeBufferPointer<Int>) -> Ints {
  UnsafeRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: Int64.self)
}

@inline(__always)
func withInts<R>(_ a: [Int], _ body: (Ints) -> R) -> R {
  a.withUnsafeBufferPointer { body(ints($0)) }
}

@inline(__always)
func withInts<R>(_ a: [Int], _ b: [Int], _ body: (Ints, Ints) -> R) -> R {
  a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { body(ints(a), ints($0)) } }
}

@inline(__always)
func withInts<R>(_ a: [Int], _ b: [Int], _ c: [Int], _ body: (Ints, Ints, Ints) -> R) -> R {
  withInts(a, b) { a, b in c.withUnsafeBufferPointer { body(a, b, ints($0)) } }
}

@inline(__always)
func withInts<R>(
  _ a: [Int], _ b: [Int], _ c: [Int], _ d: [Int], _ body: (Ints, Ints, Ints, Ints) -> R
) -> R {
  withInts(a, b, c) { a, b, c in d.withUnsafeBufferPointer { body(a, b, c, ints($0)) } }
}

@inline(__always)
func withInts<R>(
  _ a: [Int], _ b: [Int], _ c: [Int], _ d: [Int], _ e: [Int],
  _ body: (Ints, Ints, Ints, Ints, Ints) -> R
) -> R {
  withInts(a, b, c, d) { a, b, c, d in e.withUnsafeBufferPointer { body(a, b, c, d, ints($0)) } }
}

/// Stops where a layer kernel does not take the dtype.
func checkLayer(_ status: torus_status, _ name: String, _ dtype: DType) {
  require(status == TORUS_OK, name, "not defined for \(dtype); convert to float32 first")
}

extension DType {
  /// The kernels' name for the type.
  var c: torus_dtype { torus_dtype(rawValue: rawValue) }
}
