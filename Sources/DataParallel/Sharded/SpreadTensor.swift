import Tensors

/// A tensor of which each rank has a part, or none. All ranks know its name, dtype and shape.
package struct SpreadTensor {
  package let name: String
  package let dtype: DType
  package let shape: [Int]
  /// This rank's parts: the index of the first number in row-major order, and the numbers, where they lie.
  package let parts: [(start: Int, values: Tensor)]

  /// A tensor that one rank has whole.
  init(name: String, whole: Tensor, isHere: Bool) {
    let values = noGrad { whole.detach().contiguous().flattened() }
    self.init(
      name: name, dtype: whole.dtype, shape: whole.shape, parts: isHere ? [(0, values)] : [])
  }

  init(name: String, dtype: DType, shape: [Int], parts: [(start: Int, values: Tensor)]) {
    (self.name, self.dtype, self.shape, self.parts) = (name, dtype, shape, parts)
  }
}
