import Foundation
import Tensors

/// Token ids in one binary file, mapped into memory (nanoGPT's `train.bin`): contexts of ids and those that
/// follow, of which only what is read is loaded.
///
/// ```swift
/// let tokens = try TokenFile(path: "train.bin", context: 256)
/// for (inputs, targets) in DataLoader(tokens, batchSize: 12, shuffle: true) { … }
/// ```
public struct TokenFile: Dataset, Sendable {
  /// How an id is stored, in little-endian order.
  public enum Width: Int, Sendable, CaseIterable {
    /// Two bytes without a sign: vocabularies of at most 65,536 ids.
    case uint16 = 2
    /// Four bytes without a sign.
    case uint32 = 4
  }

  /// Where the file is.
  public let path: String
  /// Ids in a context.
  public let context: Int
  /// How many ids lie between two contexts' beginnings.
  public let stride: Int
  /// How many ids the file holds.
  public let tokenCount: Int
  private let width: Width
  private let data: Data

  /// Maps a file.
  /// - Parameters:
  ///   - path: The file: ids one after another, without a header.
  ///   - width: How an id is stored.
  ///   - context: Ids in a context.
  ///   - stride: How many ids lie between two contexts' beginnings; nil for `context`, so that each id is
  ///     predicted once.
  /// - Throws: ``DataError`` where the file is missing, no whole number of ids, or shorter than a context and
  ///   the id that follows.
  public init(
    path: String, width: Width = .uint16, context: Int, stride: Int? = nil
  ) throws(DataError) {
    let stride = stride ?? context
    require(
      context > 0 && stride > 0, "TokenFile",
      "context \(context) and stride \(stride) are not positive")
    let size = try SourceFile.size(of: path)
    guard size % width.rawValue == 0 else {
      throw DataError(
        .malformed, path: path,
        "its \(size) bytes are no whole number of \(width.rawValue)-byte ids",
        remedy: "Check the width, and that the file was copied whole")
    }
    tokenCount = size / width.rawValue
    guard tokenCount > context else {
      throw DataError(
        .tooSmall, path: path,
        "it holds \(tokenCount) ids, and a context takes \(context) and one more",
        remedy: "Use a smaller context")
    }
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    } catch {
      throw DataError(
        .unreadable, path: path, "the file cannot be read: \(error.localizedDescription)",
        remedy: "Check its permissions")
    }
    guard data.count == size else {
      throw DataError(
        .mismatch, path: path, "it changes while it is read", remedy: "Wait until it is written")
    }
    (self.path, self.width, self.context, self.stride) = (path, width, context, stride)
  }

  /// The number of contexts that have an id behind them.
  public var count: Int { (tokenCount - context - 1) / stride + 1 }

  /// A context's ids, and for each of them the one that follows.
  public subscript(index: Int) -> ([Int], [Int]) {
    require(index >= 0 && index < count, "TokenFile", "index \(index) of \(count) contexts")
    let ids = data.withUnsafeBytes { bytes in
      let start = index * stride
      return (start...start + context).map { place in
        switch width {
        case .uint16:
          Int(
            UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: place * 2, as: UInt16.self)))
        case .uint32:
          Int(
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place * 4, as: UInt32.self)))
        }
      }
    }
    return (Array(ids.dropLast()), Array(ids.dropFirst()))
  }

  /// The size and number of contexts, for the shard plan.
  public var fingerprint: SourceFingerprint {
    SourceFingerprint(
      records: count,
      files: [
        SourceFingerprint.File(
          name: SourceFile.name(of: path), bytes: tokenCount * width.rawValue, records: count)
      ])
  }
}
