import Base
import Foundation
import Tensors

/// Writes records to tar archives of limited size: `train-000000.tar`, `train-000001.tar`, …
///
/// The same records give the same bytes. An archive is complete when the next one begins, or by ``close()``.
public final class WebDatasetWriter {
  /// The archives that were begun, in order.
  public private(set) var paths: [String] = []
  private let prefix: String
  private let maximumRecords, maximumBytes: Int
  private var file: FileHandle?
  private var records = 0
  private var bytes = 0

  /// Begins no archive yet.
  /// - Parameters:
  ///   - prefix: What stands before the number in the archives' paths: `train-`.
  ///   - maximumRecords: How many records are in an archive.
  ///   - maximumBytes: How large an archive becomes, but for its last record.
  public init(prefix: String, maximumRecords: Int = 100_000, maximumBytes: Int = 3_000_000_000) {
    require(
      maximumRecords > 0 && maximumBytes > 0, "WebDatasetWriter", "the limits must be positive")
    (self.prefix, self.maximumRecords) = (prefix, maximumRecords)
    self.maximumBytes = maximumBytes
  }

  deinit { try? close() }

  /// Appends a record.
  /// - Throws: ``DataError`` where a name cannot stand in an archive, or the file cannot be written.
  public func write(_ record: ShardRecord) throws(DataError) {
    if file != nil, records >= maximumRecords || bytes >= maximumBytes { try close() }
    if file == nil { try open() }
    for (field, contents) in record.fields.sorted(by: {
      $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
    }) {
      let name = "\(record.key).\(field)"
      guard
        let last = record.key.split(separator: "/", omittingEmptySubsequences: false).last,
        !last.isEmpty, !last.contains("."),
        (1...100).contains(name.utf8.count), !name.utf8.contains(0), contents.count < 1 << 33
      else {
        throw DataError(
          .malformed, path: paths.last ?? prefix, at: "record \(record.key)",
          "“\(name)” cannot name a file of at most 8 GiB in an archive",
          remedy: "Use a key without points, and at most 100 bytes with its field")
      }
      var block = header(name, contents.count)
      block += contents
      block.append(Data(repeating: 0, count: (512 - contents.count % 512) % 512))
      try put(block)
    }
    records += 1
  }

  /// Completes the archive at hand.
  public func close() throws(DataError) {
    guard let file else { return }
    try put(Data(repeating: 0, count: 1024))
    self.file = nil
    (records, bytes) = (0, 0)
    do {
      try file.close()
    } catch {
      throw unwritable(error)
    }
  }

  private func open() throws(DataError) {
    let number = String(paths.count)
    let path = prefix + String(repeating: "0", count: max(0, 6 - number.count)) + number + ".tar"
    paths.append(path)
    guard
      FileManager.default.createFile(atPath: path, contents: nil),
      let file = FileHandle(forWritingAtPath: path)
    else {
      throw DataError(
        .unreadable, path: path, "the file cannot be created",
        remedy: "Check that its folder is there and may be written to")
    }
    self.file = file
  }

  private func put(_ data: Data) throws(DataError) {
    do {
      try file?.write(contentsOf: data)
      bytes += data.count
    } catch {
      throw unwritable(error)
    }
  }

  private func unwritable(_ error: any Error) -> DataError {
    DataError(
      .unreadable, path: paths.last ?? prefix, "the file cannot be written: \(error)",
      remedy: "Check the space on its disk")
  }

  private func header(_ name: String, _ size: Int) -> Data {
    var header = [UInt8](repeating: 0, count: 512)
    func set(_ place: Int, _ text: String) {
      header.replaceSubrange(place..<place + text.utf8.count, with: text.utf8)
    }
    func octal(_ number: Int, _ digits: Int) -> String {
      let text = String(number, radix: 8)
      return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
    set(0, name)
    set(100, "0000644")
    set(108, "0000000")
    set(116, "0000000")
    set(124, octal(size, 11))
    set(136, octal(0, 11))
    set(156, "0")
    set(257, "ustar")
    set(263, "00")
    set(148, octal(TarFile.checksum(header), 6))
    header[155] = 0x20
    return Data(header)
  }
}
