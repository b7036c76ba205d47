import Foundation
import Tensors

/// What a file says of a tensor before its bytes.
package struct TensorEntry: Sendable, Equatable {
  package let name: String
  package let dtype: StoredDType
  package let shape: [Int]

  package init(name: String, dtype: StoredDType, shape: [Int]) {
    (self.name, self.dtype, self.shape) = (name, dtype, shape)
  }

  /// The bytes of the elements.
  package var byteCount: Int { dtype.byteCount(of: shape) ?? 0 }
}

/// A tensor as bytes: what is read from a file and what is written to one.
public struct StoredTensor: Sendable, Equatable {
  /// The name; compared by its bytes.
  public let name: String
  /// The type of the elements.
  public let dtype: StoredDType
  /// The size of each dimension.
  public let shape: [Int]
  /// The elements in row-major order, little-endian. Of a file that was read they are mapped, so
  /// that they are loaded when they are touched.
  public let bytes: Data

  package var entry: TensorEntry { TensorEntry(name: name, dtype: dtype, shape: shape) }

  /// A tensor of the given bytes.
  /// - Precondition: `bytes` are as many as the shape holds.
  public init(name: String, dtype: StoredDType, shape: [Int], bytes: Data) {
    require(
      dtype.byteCount(of: shape) == bytes.count, "StoredTensor",
      "\(bytes.count) bytes do not fill \(shape) of \(dtype.rawValue) for \(name)")
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.bytes = bytes
  }

  /// A copy of a tensor's elements.
  public init(name: String, _ tensor: Tensor) {
    let tensor = noGrad { tensor.contiguous() }
    self.init(
      name: name, dtype: StoredDType(tensor.dtype), shape: tensor.shape,
      bytes: tensor.withBytes { Data($0) })
  }

  /// A tensor's elements where they are, which must not change any more.
  package init(name: String, lending tensor: Tensor) {
    let tensor = noGrad { tensor.contiguous() }
    let count = tensor.count * tensor.dtype.size
    let storage = tensor.storage
    let bytes =
      count == 0
      ? Data()
      : Data(
        bytesNoCopy: tensor.lentMemory, count: count,
        deallocator: .custom { _, _ in withExtendedLifetime(storage) {} })
    self.init(name: name, dtype: StoredDType(tensor.dtype), shape: tensor.shape, bytes: bytes)
  }

  /// The tensor, in memory of its own.
  /// - Parameter path: What errors call the file.
  /// - Throws: ``CheckpointError`` where tensors have no such dtype.
  public func tensor(path: String = "") throws(CheckpointError) -> Tensor {
    guard let dtype = dtype.dtype else {
      throw CheckpointError(
        .unsupported, path: path, tensor: name.isEmpty ? nil : name,
        "elements of type \(self.dtype.rawValue) have no tensor type here",
        remedy: "Convert them to F32, F16, BF16 or I64")
    }
    // A tensor's strides multiply also those dimensions that are beside an empty one.
    var extent = 8
    for size in shape {
      let (product, overflow) = extent.multipliedReportingOverflow(by: max(size, 1))
      guard !overflow else {
        throw CheckpointError(
          .unsupported, path: path, tensor: name, "the shape \(shape) is beyond any tensor",
          remedy: "Leave the tensor out, which holds nothing")
      }
      extent = product
    }
    let tensor = Tensor.empty(shape, dtype: dtype)
    bytes.withUnsafeBytes { tensor.fill(with: $0) }
    return tensor
  }

  /// The tensor in the bytes' own memory, such as a file's mapping, where all processes share what none
  /// changes; nil where tensors have no such dtype, the bytes begin off their size's multiples, or are few.
  package func shared() -> Tensor? {
    guard let dtype = dtype.dtype, bytes.count >= 4096 else { return nil }
    return bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress, UInt(bitPattern: base) % UInt(dtype.size) == 0 else {
        return nil
      }
      return Tensor(
        borrowing: UnsafeMutableRawPointer(mutating: base), shape: shape, dtype: dtype,
        owner: BytesHolder(bytes))
    }
  }

  /// Overwrites a tensor of the same shape with the elements, converted to its dtype, in one pass.
  /// - Parameter path: What errors call the file.
  /// - Throws: ``CheckpointError`` where tensors have no such dtype or the shapes differ.
  package func copy(into target: Tensor, path: String = "") throws(CheckpointError) {
    guard target.shape == shape else {
      throw CheckpointError(
        .mismatch, path: path, tensor: name, "it is of \(shape), not \(target.shape)",
        remedy: "Load it into a model of its own shape")
    }
    guard let dtype = dtype.dtype else {
      return target.copyInPlace(try tensor(path: path))
    }
    let isDone = bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress else { return true }
      // Files may start a tensor anywhere.
      guard UInt(bitPattern: base) % UInt(dtype.size) == 0 else { return false }
      target.copyInPlace(
        Tensor(
          borrowing: UnsafeMutableRawPointer(mutating: base), shape: shape, dtype: dtype,
          owner: Lender()))
      return true
    }
    if !isDone { target.copyInPlace(try tensor(path: path)) }
  }
}

/// Keeps bytes that a tensor lies in.
private final class BytesHolder {
  private let bytes: Data
  package init(_ bytes: Data) { self.bytes = bytes }
}

/// Stands for whoever keeps borrowed memory alive.
private final class Lender {}
