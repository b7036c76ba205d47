import Foundation
import Tensors

extension StoredTensor {
  /// The array with elements of a type that tensors have: unsigned integers of 16 bits as int32, those of 32
  /// and 64 bits as int64. Others are as they are.
  /// - Parameter path: What errors call the file.
  /// - Throws: ``CheckpointError`` where a number of 64 bits is beyond int64.
  package func widened(path: String) throws(CheckpointError) -> StoredTensor {
    switch dtype {
    case .uint16: return converted(UInt16.self, to: Int32.self, .int32)
    case .uint32: return converted(UInt32.self, to: Int64.self, .int64)
    case .uint64:
      let most = bytes.withUnsafeBytes { source in
        (0..<source.count / 8).reduce(UInt64(0)) {
          max($0, source.loadUnaligned(fromByteOffset: $1 * 8, as: UInt64.self))
        }
      }
      guard most <= UInt64(Int64.max) else {
        throw CheckpointError(
          .unsupported, path: path, tensor: name.isEmpty ? nil : name,
          "\(most) is beyond int64, the widest integers that tensors have",
          remedy: "Save the array as int64 or float64")
      }
      // The bits of what fits are the same.
      return StoredTensor(name: name, dtype: .int64, shape: shape, bytes: bytes)
    default: return self
    }
  }

  private func converted<Narrow: FixedWidthInteger, Wide: FixedWidthInteger>(
    _: Narrow.Type, to _: Wide.Type, _ wide: StoredDType
  ) -> StoredTensor {
    let size = MemoryLayout<Narrow>.size
    let values = bytes.withUnsafeBytes { source in
      (0..<source.count / size).map {
        Wide(source.loadUnaligned(fromByteOffset: $0 * size, as: Narrow.self))
      }
    }
    return StoredTensor(
      name: name, dtype: wide, shape: shape, bytes: values.withUnsafeBytes { Data($0) })
  }
}
