import Tensors

extension Tensor {
  /// Reads a `.npy` file in the shape and, byte order aside, the dtype that NumPy gave it
  /// (`torch.from_numpy(numpy.load(path))`).
  ///
  /// ```swift
  /// let features = try Tensor(npy: "features.npy")
  /// ```
  ///
  /// The elements are copied; `NumpyDataset` maps rows of a large array into memory instead. Unsigned integers that
  /// tensors do not have come in the smallest type that holds them: `uint16` as int32, `uint32` and `uint64` as
  /// int64.
  /// - Throws: ``TensorFiles/CheckpointError`` where the file is missing or malformed, holds objects or records, has
  ///   elements of another type that tensors do not have, or a `uint64` beyond int64.
  public init(npy path: String) throws(CheckpointError) {
    self = try NumpyArray.read(path: path).widened(path: path).tensor(path: path)
  }

  /// Writes a `.npy` file, which appears complete or not at all (`numpy.save(path, tensor.numpy())`).
  /// - Throws: ``TensorFiles/CheckpointError`` where it cannot be written, or NumPy has no such dtype, such as
  ///   bfloat16.
  public func save(npy path: String) throws(CheckpointError) {
    try NumpyArray.write(StoredTensor(name: "", self), to: path)
  }
}
