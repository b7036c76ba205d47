import Archives
import Foundation

/// A `.npz` archive, of which each array is read when it is asked for.
public struct NumpyArchive: Sendable {
  /// Where the archive is.
  public let path: String
  /// The names of all members, also of those that are no arrays of numbers.
  public let names: [String]
  private let archive: ZipReader

  /// Opens an archive.
  /// - Throws: ``CheckpointError`` where it is missing or its directory is broken.
  public init(path: String) throws(CheckpointError) {
    archive = try TensorFiles.archive(at: path)
    self.path = path
    names = archive.entries.filter { $0.name.hasSuffix(".npy") }.map {
      String($0.name.dropLast(4))
    }
    // A small archive must not fill the memory by many members.
    let total = archive.entries.reduce(0) { sum, entry in
      let (total, overflow) = sum.addingReportingOverflow(entry.size)
      return overflow ? .max : total
    }
    let limit = InflationLimit.bytes(from: archive.byteCount)
    guard total <= limit else {
      throw CheckpointError(
        .unsupported, path: path,
        "its members have \(total) bytes, and at most \(limit) are taken from an archive of "
          + "\(archive.byteCount)", remedy: "Save it again with numpy.savez, without compression")
    }
  }

  /// One array, stored or compressed.
  /// - Throws: ``CheckpointError`` where there is none of that name, or it is damaged or holds
  ///   something other than numbers.
  public func tensor(_ name: String) throws(CheckpointError) -> StoredTensor {
    guard let entry = archive.entry(name + ".npy") else {
      throw CheckpointError(
        .missing, path: path, tensor: name, "the archive does not hold it",
        remedy: "Name one of \(names.prefix(20).joined(separator: ", "))")
    }
    let contents = try archived(path, tensor: name) { () throws(ArchiveError) in
      try archive.contents(of: entry)
    }
    return try NumpyArray.parse(contents, name: name, path: path)
  }
}
