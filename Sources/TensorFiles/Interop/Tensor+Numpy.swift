import Tensors

extension Tensor {
  /// Reads a `.npy` file in the shape and, byte order aside, the dtype that NumPy gave it
  /// (`torch.from_numpy(numpy.load(path))`).
  ///
  /// ```swift
  /// let features = try Tensor(npy: "features.npy")
  /// ```
  ///
  /// The elements are copied; `NumpyDataset` maps rows of a large array into memory instead.
  /// - Throws: ``TensorFiles/CheckpointError`` where the file is missing or malformed, holds objects or records, or has
  ///   elements of a type that tensors do not have.
  public init(npy path: String) throws(CheckpointError) {
    self = try NumpyArray.read(path: path).tensor(path: path)
  }

  /// Writes a `.npy` file, which appears complete or not at all (`numpy.save(path, tensor.numpy())`).
  /// - Throws: ``TensorFiles/CheckpointError`` where it cannot be written, or NumPy has no such dtype, such as
  ///   bfloat16.
  public func save(npy path: String) throws(CheckpointError) {
    try NumpyArray.write(StoredTensor(name: "", self), to: path)
  }
}
