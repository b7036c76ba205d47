internal import CKernels

/// Orders: sorting, and searching in what is sorted.
extension Kernel {
  /// A dimension in order, NaN last, and where its elements were.
  static func sort(
    _ a: Tensor, dim: Int, isDescending: Bool = false, isStable: Bool = true
  ) -> (values: Tensor, indices: Tensor) {
    let (values, indices) = picks(a.shape, a.dtype)
    check(
      withInts(a.shape, a.strides, values.strides, indices.strides) {
        torus_sort(
          isDescending, isStable, a.dtype.c, Int32(a.rank), $0, Int32(dim), a.pointer, $1,
          values.pointer, $2, indices.int64s, $3)
      }, "sort", a.dtype)
    return (values, indices)
  }

  /// The k largest or smallest elements of a dimension and where they were.
  static func topK(
    _ a: Tensor, _ k: Int, dim: Int, isLargest: Bool, isSorted: Bool
  ) -> (values: Tensor, indices: Tensor) {
    var shape = a.shape
    shape[dim] = k
    let (values, indices) = picks(shape, a.dtype)
    check(
      withInts(a.shape, a.strides, values.strides, indices.strides) {
        torus_topk(
          Int64(k), isLargest, isSorted, a.dtype.c, Int32(a.rank), $0, Int32(dim), a.pointer, $1,
          values.pointer, $2, indices.int64s, $3)
      }, "topk", a.dtype)
    return (values, indices)
  }

  /// The k-th smallest element of a dimension, which is kept at size 1, and where it was.
  static func kthValue(_ a: Tensor, _ k: Int, dim: Int) -> (values: Tensor, indices: Tensor) {
    let (values, indices) = picks(reducedShape(a.shape, [dim]), a.dtype)
    check(
      withInts(a.shape, a.strides, values.strides, indices.strides) {
        torus_kth_value(
          Int64(k), a.dtype.c, Int32(a.rank), $0, Int32(dim), a.pointer, $1, values.pointer, $2,
          indices.int64s, $3)
      }, "kthvalue", a.dtype)
    return (values, indices)
  }

  /// The largest or smallest element of a dimension, which is kept at size 1, and where the first of
  /// them is.
  static func extremum(
    _ name: String, _ a: Tensor, dim: Int, isSmallest: Bool
  ) -> (values: Tensor, indices: Tensor) {
    let (values, indices) = picks(reducedShape(a.shape, [dim]), a.dtype)
    check(
      withInts(a.shape, a.strides, values.strides, indices.strides) {
        torus_arg_reduce(
          isSmallest, a.dtype.c, Int32(a.rank), $0, Int32(dim), a.pointer, $1, values.pointer, $2,
          indices.int64s, $3)
      }, name, a.dtype)
    return (values, indices)
  }

  /// Where values would be inserted into ascending rows, or into one row for all.
  static func searchSorted(_ rows: Tensor, _ values: Tensor, isRight: Bool) -> Tensor {
    let (rows, values) = (rows.bare.contiguous(), values.bare.contiguous())
    let out = Tensor.uninitialized(values.shape, .int64)
    let isShared = rows.rank == 1
    let width = isShared ? values.count : values.shape[rows.rank - 1]
    check(
      torus_search_sorted(
        isRight, rows.dtype.c, rows.pointer, Int64(rows.shape[rows.rank - 1]), isShared,
        values.pointer, Int64(width == 0 ? 0 : values.count / width), Int64(width), out.int64s),
      "searchsorted", rows.dtype)
    return out
  }

  /// The distinct elements, where each element is among them, and how often each occurs.
  static func distinct(
    _ x: Tensor, isConsecutive: Bool
  ) -> (values: Tensor, inverse: Tensor, counts: Tensor) {
    let x = x.contiguous()
    let (values, counts) = picks([x.count], x.dtype)
    let inverse = Tensor.uninitialized(x.shape, .int64)
    let found = Int(
      torus_unique(
        isConsecutive, x.dtype.c, Int64(x.count), x.pointer, values.pointer, inverse.int64s,
        counts.int64s))
    return (values.sliced(to: found), inverse, counts.sliced(to: found))
  }

  /// Where the distinct slices of the first dimension are, which of them each slice is, and how often
  /// each occurs.
  static func distinctRows(
    _ x: Tensor, isConsecutive: Bool
  ) -> (places: Tensor, inverse: Tensor, counts: Tensor) {
    let (x, size) = (x.contiguous(), x.shape[0])
    let (places, inverse) = picks([size], .int64)
    let counts = Tensor.uninitialized([size], .int64)
    let found = Int(
      torus_unique_rows(
        isConsecutive, x.dtype.c, Int64(size), Int64(size == 0 ? 0 : x.count / size), x.pointer,
        places.int64s, inverse.int64s, counts.int64s))
    return (places.sliced(to: found), inverse, counts.sliced(to: found))
  }

  private static func picks(_ shape: [Int], _ dtype: DType) -> (values: Tensor, indices: Tensor) {
    (Tensor.uninitialized(shape, dtype), Tensor.uninitialized(shape, .int64))
  }
}
