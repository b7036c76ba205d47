internal import CKernels

/// A weight that the state of every time step is multiplied by, packed once for all of them where that pays.
struct StepWeight {
  private let weight: Tensor
  private let isTransposed: Bool
  /// The sizes of op(W), `[inputs, outputs]`.
  private let inputs, outputs: Int
  private let columns: Tensor?

  /// - Parameters:
  ///   - weight: W, contiguous, of two dimensions.
  ///   - isTransposed: Whether states are multiplied by Wᵀ.
  ///   - rows: The most rows of a step.
  ///   - steps: How many steps there are.
  init(_ weight: Tensor, isTransposed: Bool, rows: Int, steps: Int) {
    self.weight = weight
    self.isTransposed = isTransposed
    (inputs, outputs) =
      isTransposed ? (weight.shape[1], weight.shape[0]) : (weight.shape[0], weight.shape[1])
    let size =
      steps > 1
      ? torus_columns_size(weight.dtype.c, Int64(rows), Int64(outputs), Int64(inputs)) : 0
    columns = size > 0 ? Tensor.uninitialized([Int(size)], weight.dtype) : nil
    if let columns {
      torus_columns_pack(
        weight.dtype.c, isTransposed, Int64(outputs), Int64(inputs), weight.pointer,
        Int64(weight.shape[1]), columns.pointer)
    }
  }

  /// c ← a op(W) + c of some rows.
  func add(_ rows: Int64, _ a: UnsafeMutableRawPointer, to c: UnsafeMutableRawPointer) {
    let (n, k, dtype) = (Int64(outputs), Int64(inputs), weight.dtype.c)
    if let columns {
      torus_columns_product(dtype, rows, n, k, a, columns.pointer, nil, 1, c)
    } else {
      torus_gemm(
        dtype, false, isTransposed, rows, n, k, 1, a, k, weight.pointer, Int64(weight.shape[1]), 1,
        c, n)
    }
  }

  /// c ← a Wᵀ + b of some rows.
  func multiply(
    _ rows: Int64, _ a: UnsafeMutableRawPointer, bias: Tensor?, into c: UnsafeMutableRawPointer
  ) {
    let (n, k, dtype) = (Int64(outputs), Int64(inputs), weight.dtype.c)
    if let columns {
      torus_columns_product(dtype, rows, n, k, a, columns.pointer, bias?.pointer, 0, c)
    } else {
      torus_linear(dtype, rows, k, n, a, weight.pointer, bias?.pointer, c)
    }
  }
}
