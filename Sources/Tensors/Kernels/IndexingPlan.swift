internal import CKernels

/// What the indexing kernels need to know, by PyTorch's rule: where the index tensors stand side by
/// side, the result's index dimensions take their place, else they come first.
struct IndexingPlan {
  let resultShape: [Int]
  private let indexed: [Int]
  private let sliced: [Int]
  private let tensors: [Tensor]
  private let indexShape: [Int]
  private let indexPosition: Int

  init(data: Tensor, tensors: [Tensor?]) {
    let indexed = tensors.indices.filter { tensors[$0] != nil }
    let sliced = (0..<data.rank).filter { !tensors.indices.contains($0) || tensors[$0] == nil }
    let given = tensors.compactMap { $0 }
    let adjacent = zip(indexed, indexed.dropFirst()).allSatisfy { $1 == $0 + 1 }
    let position = adjacent ? sliced.filter { $0 < (indexed.first ?? 0) }.count : 0
    let indexShape = broadcastShape(given.map(\.shape), "index")
    var shape = sliced.map { data.shape[$0] }
    shape.insert(contentsOf: indexShape, at: position)
    self.indexed = indexed
    self.sliced = sliced
    self.tensors = given
    self.indexShape = indexShape
    indexPosition = position
    resultShape = shape
  }

  /// The elements that the index tensors name.
  func get(_ data: Tensor, _ name: String) -> Tensor {
    let out = Tensor.uninitialized(resultShape, data.dtype)
    run(data: data, other: out, name) { indexing, bad, position in
      torus_index_get(data.dtype.c, indexing, data.pointer, out.pointer, bad, position)
    }
    return out
  }

  /// Writes values, of the result's shape, over the elements that the index tensors name, or adds
  /// them.
  func put(_ values: Tensor, into data: Tensor, accumulate: Bool, _ name: String) {
    run(data: data, other: values, name) { indexing, bad, position in
      torus_index_put(
        accumulate ? .add : .set, data.dtype.c, indexing, data.pointer,
        values.pointer, bad, position)
    }
  }

  /// Describes the work to C and stops with a message on an index out of range.
  private func run(
    data: Tensor, other: Tensor, _ name: String,
    _ body: (
      UnsafePointer<torus_indexing>, UnsafeMutablePointer<Int64>, UnsafeMutablePointer<Int32>
    )
      -> torus_status
  ) {
    let n = indexShape.count
    let sizes = indexed.map { Int64(data.shape[$0]) }
    let dataStrides = indexed.map { Int64(data.strides[$0]) }
    let pointers: [UnsafePointer<Int64>?] = tensors.map {
      UnsafePointer($0.pointer.assumingMemoryBound(to: Int64.self))
    }
    let indexStrides = tensors.flatMap { $0.broadcastStrides(to: indexShape).map(Int64.init) }
    let shape = indexShape.map(Int64.init)
    let sliceShape = sliced.map { Int64(data.shape[$0]) }
    let sliceStrides = sliced.map { Int64(data.strides[$0]) }
    let otherIndex = other.strides[indexPosition..<(indexPosition + n)].map(Int64.init)
    var otherSlice = other.strides.map(Int64.init)
    otherSlice.removeSubrange(indexPosition..<(indexPosition + n))
    var bad: Int64 = 0
    var position: Int32 = 0
    let status = pointers.withUnsafeBufferPointer { pointers in
      withSlices(
        [sizes, dataStrides, indexStrides, shape, sliceShape, sliceStrides, otherIndex, otherSlice]
      ) { c in
        var indexing = torus_indexing(
          count: Int32(indexed.count), sizes: c[0], data_strides: c[1],
          indices: pointers.baseAddress, indices_strides: c[2], index_rank: Int32(n),
          index_shape: c[3], slice_rank: Int32(sliced.count), slice_shape: c[4],
          slice_data_strides: c[5], other_index_strides: c[6], other_slice_strides: c[7])
        return body(&indexing, &bad, &position)
      }
    }
    withExtendedLifetime(tensors) {}
    if status == TORUS_INDEX_OUT_OF_RANGE {
      let dim = indexed[Int(position)]
      fail(
        name, "index \(bad) is out of range for dimension \(dim) of size \(data.shape[dim])")
    }
    Kernel.check(status, name, data.dtype)
  }

  /// Several arrays as pointers into one block.
  private func withSlices<R>(_ arrays: [[Int64]], _ body: ([UnsafePointer<Int64>]) -> R) -> R {
    let all = Array(arrays.joined()) + [0]
    return all.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return body([]) }
      var start = 0
      let pointers = arrays.map { array in
        defer { start += array.count }
        return base + start
      }
      return body(pointers)
    }
  }
}
