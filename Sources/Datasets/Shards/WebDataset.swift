import Foundation
import Tensors

/// A record of a tar shard: files of one name that differ in what follows its first point.
public struct ShardRecord: Sendable, Equatable {
  /// The name with its folder, up to the first point.
  public var key: String
  /// The files' contents by what follows the point: `jpg`, `cls`, `seg.png`.
  public var fields: [String: Data]

  /// A record of the given files.
  public init(key: String, fields: [String: Data]) { (self.key, self.fields) = (key, fields) }

  /// A field.
  /// - Throws: ``DataError`` where there is no such field.
  public func data(_ name: String) throws(DataError) -> Data {
    guard let field = fields[name] else {
      throw DataError(
        .malformed, path: "", at: "record \(key)", "there is no field “\(name)”",
        remedy: "It has \(fields.keys.sorted().joined(separator: ", "))")
    }
    return field
  }

  /// A field that is a text.
  public func string(_ name: String) throws(DataError) -> String {
    String(decoding: try data(name), as: UTF8.self)
  }

  /// A field that is a whole number in digits, such as a class.
  public func int(_ name: String) throws(DataError) -> Int {
    let text = try string(name).trimmingCharacters(in: .whitespacesAndNewlines)
    guard let number = Int(text) else {
      throw DataError(
        .malformed, path: "", at: "record \(key), “\(name)”",
        "“\(text.prefix(40))” is no whole number",
        remedy: "Write the number in digits")
    }
    return number
  }

  /// A field that is an image: `uint8 [channels, height, width]`.
  public func image(_ name: String, mode: ImageMode = .rgb) throws(DataError) -> Tensor {
    try ImageFile.decode(try data(name), path: "\(key).\(name)", mode: mode)
  }
}

/// Records in tar archives (WebDataset's), read one after another.
///
/// ```swift
/// let shards = try WebDataset("train-{000000..000099}.tar", shuffleShards: true, seed: 1)
/// let pipeline = Pipeline.from(stream: shards.shard(count: worldSize, index: rank))
///   .shuffle(buffer: 1000)
///   .map(parallel: 2) { (ToFloat()(try $0.image("jpg")), try $0.int("cls")) }
///   .batch(32)
/// ```
///
/// Archives are mapped and passed over by their headers, so that going on in the middle reads no contents before it.
public struct WebDataset: IterableDataset, Sendable {
  /// The archives.
  public let paths: [String]
  private let shuffleShards: Bool
  private let seed: UInt64

  /// Records of the given archives, gzip or plain.
  /// - Parameters:
  ///   - paths: The archives in order.
  ///   - shuffleShards: Whether each epoch has another order of archives.
  ///   - seed: What the order comes from.
  public init(paths: [String], shuffleShards: Bool = false, seed: UInt64 = 0) {
    (self.paths, self.shuffleShards, self.seed) = (paths, shuffleShards, seed)
  }

  /// Records of the archives that a pattern stands for: `train-{000..099}.tar`.
  /// - Throws: ``DataError`` where braces are not two whole numbers in rising order.
  public init(
    _ pattern: String, shuffleShards: Bool = false, seed: UInt64 = 0
  ) throws(DataError) {
    self.init(paths: try Self.expanded(pattern), shuffleShards: shuffleShards, seed: seed)
  }

  /// One of `count` shares of the archives: each rank reads files of its own.
  /// - Precondition: There are at least `count` archives.
  public func shard(count: Int, index: Int) -> WebDataset {
    require(
      count > 0 && (0..<count).contains(index) && paths.count >= count, "WebDataset.shard",
      "share \(index) of \(count) cannot be made of \(paths.count) archives")
    return WebDataset(
      paths: stride(from: index, to: paths.count, by: count).map { paths[$0] },
      shuffleShards: shuffleShards, seed: seed)
  }

  /// Opens the first archive.
  public func reader(epoch: Int) throws -> Reader {
    let order =
      shuffleShards
      ? IndexGenerator(seed: seed &+ UInt64(epoch)).permutation(paths.count)
      : Array(paths.indices)
    return Reader(paths: order.map { paths[$0] }[...])
  }

  private static func expanded(_ pattern: String) throws(DataError) -> [String] {
    guard let open = pattern.firstIndex(of: "{") else { return [pattern] }
    let rest = pattern[pattern.index(after: open)...]
    func fault() -> DataError {
      DataError(
        .malformed, path: pattern, "the braces hold no range of numbers",
        remedy: "Write a pattern such as train-{000..099}.tar")
    }
    guard let close = rest.firstIndex(of: "}") else { throw fault() }
    let bounds = rest[..<close].components(separatedBy: "..")
    guard
      bounds.count == 2, let low = Int(bounds[0]), let high = Int(bounds[1]), low >= 0, low <= high,
      high - low < 1 << 20
    else { throw fault() }
    let tails = try expanded(String(rest[rest.index(after: close)...]))
    return (low...high).flatMap { number -> [String] in
      let digits = String(number)
      let zeros = String(repeating: "0", count: max(0, bounds[0].count - digits.count))
      return tails.map { pattern[..<open] + zeros + digits + $0 }
    }
  }

  /// Reads archives one after another.
  public struct Reader: RecordReader {
    fileprivate var paths: ArraySlice<String>
    private var archive: TarFile?
    /// The first file of the next record.
    private var waiting: TarFile.Entry?

    fileprivate init(paths: ArraySlice<String>) { self.paths = paths }

    /// The next record.
    public mutating func next() throws -> ShardRecord? {
      guard let (key, entries, archive) = try group() else { return nil }
      var fields: [String: Data] = [:]
      for entry in entries { fields[Self.split(entry.name).field] = archive.contents(of: entry) }
      return ShardRecord(key: key, fields: fields)
    }

    /// Passes over records by the archives' headers.
    public mutating func skip(_ count: Int) throws -> Int {
      for passed in 0..<count where try group() == nil { return passed }
      return count
    }

    /// The files of the next record.
    private mutating func group() throws -> (String, [TarFile.Entry], TarFile)? {
      while true {
        if archive == nil {
          guard let path = paths.popFirst() else { return nil }
          archive = try TarFile(path: path)
        }
        var entries = waiting.map { [$0] } ?? []
        waiting = nil
        while let entry = try archive?.next() {
          // A name that begins with a point is a folder's note, as __MACOSX has them.
          if Self.split(entry.name).key.hasSuffix("/") || entry.name.hasPrefix(".") { continue }
          if let first = entries.first, Self.split(first.name).key != Self.split(entry.name).key {
            waiting = entry
            break
          }
          entries.append(entry)
        }
        if let first = entries.first, let archive {
          if waiting == nil { self.archive = nil }
          return (Self.split(first.name).key, entries, archive)
        }
        archive = nil
      }
    }

    /// The name up to the first point of its last part, and what follows.
    private static func split(_ name: String) -> (key: String, field: String) {
      let start = name.lastIndex(of: "/").map { name.index(after: $0) } ?? name.startIndex
      guard let point = name[start...].firstIndex(of: ".") else { return (name, "") }
      return (String(name[..<point]), String(name[name.index(after: point)...]))
    }
  }
}
