internal import CKernels

/// The matrices in the last two dimensions of a tensor, each column by column and one after the
/// other: as LAPACK reads and overwrites them.
struct Matrices {
  /// The matrices under their own shape: a transposed view of row-major memory.
  let tensor: Tensor

  private init(_ tensor: Tensor) { self.tensor = tensor }

  /// Memory that nobody has written yet.
  init(_ batch: [Int], _ rows: Int, _ columns: Int, _ dtype: DType) {
    tensor = noGrad { Tensor.uninitialized(batch + [columns, rows], dtype).transposed() }
  }

  /// A copy, repeated over a batch where one is given.
  init(copying source: Tensor, batch: [Int]? = nil) {
    self.init(
      batch ?? Array(source.shape.dropLast(2)), source.size(-2), source.size(-1), source.dtype)
    Kernel.copy(source, into: tensor)
  }

  /// The tensor itself where it lies so already, else a copy. Not to be written.
  init(reading source: Tensor, batch: [Int]) {
    let lies = noGrad { source.bare.transposed().isContiguous }
    if lies && Array(source.shape.dropLast(2)) == batch {
      self.init(source.bare)
    } else {
      self.init(copying: source, batch: batch)
    }
  }

  var rows: Int { tensor.size(-2) }
  var columns: Int { tensor.size(-1) }
  var batch: [Int] { Array(tensor.shape.dropLast(2)) }
  var dtype: torus_dtype { tensor.dtype.c }
  /// Elements from column to column.
  var leading: Int64 { Int64(max(rows, 1)) }

  /// Where a matrix begins.
  subscript(index: Int) -> UnsafeMutableRawPointer {
    tensor.pointer + index * rows * columns * tensor.dtype.size
  }

  /// What a matrix, or a triangle of it, holds beside finite numbers: flags of `torus_not_finite`.
  func notFinite(_ index: Int, lower: Bool = true, upper: Bool = true) -> Int32 {
    torus_not_finite(
      tensor.dtype.c, lower, upper, Int64(rows), Int64(columns), self[index], leading)
  }

  /// Runs a routine on each matrix, spread over the threads.
  /// - Parameter routine: Computes at an index and returns LAPACK's report. Runs on any thread, so
  ///   it touches memory only.
  /// - Returns: The reports, as `int32` in the batch's shape. Empty matrices succeed.
  func each(_ routine: (Int) -> Int64) -> Tensor {
    let info = Tensor.zeros(batch, dtype: .int32)
    let reports = info.pointer.assumingMemoryBound(to: Int32.self)
    if rows == 0 || columns == 0 { return info }
    let work = rows * columns * min(rows, columns)
    Kernel.parallel(info.count, grain: (1 << 16) / work + 1) { index in
      reports[index] = Int32(truncatingIfNeeded: routine(index))
    }
    return info
  }
}

extension Kernel {
  /// Calls a body for 0 ..< count, spread over the threads in pieces of at least `grain`. The body
  /// touches memory only.
  static func parallel(_ count: Int, grain: Int, _ body: (Int) -> Void) {
    struct Context { let body: (Int) -> Void }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: Context(body: body)) { context in
        torus_parallel_for(
          Int64(count), Int64(grain),
          { begin, end, context in
            guard let context else { return }
            let body = context.assumingMemoryBound(to: Context.self).pointee.body
            for index in begin..<end { body(Int(index)) }
          }, UnsafeMutableRawPointer(mutating: context))
      }
    }
  }
}
