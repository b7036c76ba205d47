/// An output of a node, as an input of another.
struct Edge {
  let node: Node
  let output: Int
}

/// What the engine must know of a tensor that it does not keep.
struct TensorMeta {
  let shape: [Int]
  let dtype: DType

  init(shape: [Int], dtype: DType) { (self.shape, self.dtype) = (shape, dtype) }

  init(_ tensor: Tensor) { (shape, dtype) = (tensor.shape, tensor.dtype) }
}

/// A tensor on the way that keeps its gradient; held weakly, since it holds the node.
struct Retained {
  let output: Int
  weak var meta: AutogradMeta?
}

/// Which operands and results of an operation are kept for its gradient, by their places.
struct SavedPlaces {
  var operands: [Int] = []
  var results: [Int] = []
}
