import Archives
import Collectives
import Datasets
import Foundation

/// What a run's records are made of, so that a resumed run is not taken to other ones: the size and the
/// CRC-32 of each file with training or held-out records, in the order in which they are read.
///
/// Each host's files are read, by one rank. Names and folders do not count: data may move. Of the digits
/// the records are summed, not their file.
public struct DataContents: Codable, Equatable, Sendable {
  /// One file.
  public struct File: Codable, Equatable, Sendable {
    /// The last part of its path, for messages.
    public var name: String
    /// Its size.
    public var bytes: Int
    /// Its CRC-32.
    public var crc32: UInt32
  }

  /// The files, in the order in which they are read.
  public var files: [File]

  private init(sums files: [File]) { self.files = files }

  /// Reads the files through, a piece at a time.
  /// - Throws: ``Datasets/DataError`` where one cannot be read.
  public init(files paths: [String]) throws(DataError) {
    var files: [File] = []
    for path in paths { files.append(try Self.sum(path)) }
    self.files = files
  }

  /// Sums records that are in memory, such as those that a formula makes.
  public init(name: String, numbers: [Float]) {
    let crc = numbers.withUnsafeBytes { Archives.crc32(of: $0) }
    files = [File(name: name, bytes: numbers.count * MemoryLayout<Float>.size, crc32: crc)]
  }

  /// Sums texts that say what folders hold, such as names and sizes of very many files.
  package init(listings: [(path: String, text: String)]) {
    files = listings.map { path, text in
      let bytes = Array(text.utf8)
      return File(
        name: (path as NSString).lastPathComponent, bytes: bytes.count,
        crc32: bytes.withUnsafeBytes { Archives.crc32(of: $0) })
    }
  }

  /// Sums the digits' records.
  package init(_ digits: Digits) {
    var crc: UInt32 = 0
    for index in 0..<digits.count {
      let digit = digits[index]
      crc = (digit.pixels + [Float(digit.label)]).withUnsafeBytes { crc32(of: $0, continuing: crc) }
    }
    files = [File(name: "digits", bytes: digits.count, crc32: crc)]
  }

  private static func sum(_ path: String) throws(DataError) -> File {
    func unreadable() -> DataError {
      DataError(
        .unreadable, path: path, String(cString: strerror(errno)), remedy: "Check its permissions")
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable() }
    defer { close(descriptor) }
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    var file = File(name: (path as NSString).lastPathComponent, bytes: 0, crc32: 0)
    while true {
      let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count == 0 { return file }
      if count < 0 {
        if errno == EINTR { continue }
        throw unreadable()
      }
      file.bytes += count
      file.crc32 = piece.withUnsafeBytes {
        crc32(of: UnsafeRawBufferPointer(rebasing: $0[..<count]), continuing: file.crc32)
      }
    }
  }

  /// What differs in `other`, in words; nil where nothing does.
  package func difference(from other: DataContents) -> String? {
    guard files.count == other.files.count else {
      return "there are \(other.files.count) files instead of \(files.count)"
    }
    for (file, now) in zip(files, other.files) where file.bytes != now.bytes {
      return "\(now.name) has \(now.bytes) bytes instead of \(file.bytes)"
    }
    for (file, now) in zip(files, other.files) where file.crc32 != now.crc32 {
      return "\(now.name) has other contents of the same size"
    }
    return nil
  }
}

extension DataContents {
  /// The sums that all hosts have alike; every rank takes part.
  ///
  /// A host may have files of its own by the same paths, so the first rank of each sums its host's,
  /// once for all ranks there.
  /// - Throws: What `sum` throws; ``OtherHostData`` on all ranks where a host has others than rank 0's.
  package init(onHostsOf group: ProcessGroup, _ sum: () throws -> DataContents) throws {
    let own = group.localRank == 0 ? try sum() : nil
    let all = try group.allGather(object: own, label: "data contents")
    let first = all.lazy.compactMap { $0 }.first ?? DataContents(sums: [])
    for (rank, other) in all.enumerated() {
      if let difference = other.flatMap({ first.difference(from: $0) }) {
        throw OtherHostData(rank: rank, difference: difference)
      }
    }
    self = first
  }
}

/// Hosts that have different files by the same paths.
package struct OtherHostData: Error, Equatable, CustomStringConvertible {
  /// The first rank of the host whose files differ from rank 0's.
  package let rank: Int
  /// What differs there, in words.
  package let difference: String

  package var description: String {
    "the data on the host of rank \(rank) differ from those on rank 0's: there, \(difference); "
      + "copy rank 0's files to that host, or name a folder that all hosts share"
  }
}
