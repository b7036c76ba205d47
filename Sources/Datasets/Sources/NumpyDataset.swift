import Foundation
import TensorFiles
import Tensors

/// The rows of a NumPy array, mapped into memory: only what is read is loaded.
///
/// ```swift
/// let pairs = StackDataset(try NumpyDataset(path: "x.npy"), try NumpyDataset(path: "y.npy"))
/// ```
public struct NumpyDataset: Dataset, Sendable {
  /// Where the file is.
  public let path: String
  /// The array's size; the first dimension counts the records.
  public let shape: [Int]
  private let array: StoredTensor
  private let rowBytes: Int

  /// Opens a `.npy` file, or one array of a `.npz` archive.
  /// - Parameters:
  ///   - path: The file.
  ///   - name: The array in the archive. Compressed arrays are unpacked as a whole.
  /// - Throws: ``TensorFiles/CheckpointError`` where the file is damaged or holds no numbers;
  ///   ``DataError`` where the array has no dimension to count records by.
  public init(path: String, name: String? = nil) throws {
    array =
      if let name {
        try NumpyArchive(path: path).tensor(name)
      } else {
        try NumpyArray.read(path: path)
      }
    (self.path, shape) = (path, array.shape)
    guard let records = shape.first else {
      throw DataError(
        .malformed, path: path, "a single number has no rows", remedy: "Name an array of records")
    }
    rowBytes = records == 0 ? 0 : array.bytes.count / records
  }

  /// The number of records.
  public var count: Int { shape[0] }

  /// One row, in the array's own dtype; `uint16` as int32, `uint32` and `uint64` as int64.
  public subscript(index: Int) -> Tensor {
    get throws {
      require(index >= 0 && index < count, "NumpyDataset", "index \(index) of \(count) records")
      let start = array.bytes.startIndex + index * rowBytes
      return try StoredTensor(
        name: array.name, dtype: array.dtype, shape: Array(shape.dropFirst()),
        bytes: array.bytes[start..<start + rowBytes]
      ).widened(path: path).tensor(path: path)
    }
  }

  /// The size and number of rows, for the shard plan.
  public var fingerprint: SourceFingerprint {
    SourceFingerprint(file: path, records: count)
  }
}
