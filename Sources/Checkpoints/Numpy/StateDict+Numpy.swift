import NN
import TensorFiles
import Tensors

extension StateDict {
  /// Reads all arrays of a `.npz` archive by their names (`numpy.load(path)`): `uint16` as
  /// int32, `uint32` and `uint64` as int64, the rest in its own dtype.
  /// - Parameters:
  ///   - path: The archive, stored or compressed.
  ///   - leftOut: Is told of every member that is not an array of numbers that tensors have; by default it is named
  ///     on standard error.
  /// - Throws: ``TensorFiles/CheckpointError`` where the archive or a member is damaged.
  public init(
    npz path: String, leftOut: (CheckpointError) -> Void = sayLeftOut
  ) throws(CheckpointError) {
    self.init()
    for array in try NumpyArray.readArchive(path: path, leftOut: leftOut) {
      do throws(CheckpointError) {
        self[array.name] = try array.widened(path: path).tensor(path: path)
      } catch  where error.problem == .unsupported {
        leftOut(error)
      }
    }
  }

  /// Writes all tensors to a `.npz` archive under their names (`numpy.savez(path, **arrays)`), which appears
  /// complete or not at all.
  /// - Throws: ``TensorFiles/CheckpointError`` where it cannot be written, or NumPy has no such dtype, such as
  ///   bfloat16.
  public func save(npz path: String) throws(CheckpointError) {
    try NumpyArray.writeArchive(stored(), to: path)
  }
}
