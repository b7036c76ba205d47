import Archives
import Base
import Checkpoints
import Foundation
import TextTasks
import Training

/// The files of a cache: shards of features, and beside them a manifest that is written last, so that
/// what it names is whole.
extension TokenCache {
  /// A file of features.
  struct Shard: Codable {
    var name: String
    var bytes: Int
    var crc32: UInt32
  }

  /// What belongs together.
  struct Manifest: Codable {
    var key: String
    var shards: [Shard]
  }

  /// What a node has of some features.
  struct Look: Codable {
    var manifest: Manifest?
    /// Why what is there cannot be used; nil where it can, or where nothing is there.
    var fault: String?
  }

  /// A value that is kept as it is.
  struct Kept: Codable {
    var key: String
    var value: String
    var crc32: UInt32
  }

  static func crc(_ data: Data) -> UInt32 { data.withUnsafeBytes { crc32(of: $0) } }

  /// Looks for a manifest.
  func look(_ stem: String, _ key: TokenCacheKey) -> Look {
    let path = "\(folder ?? "")/\(stem).json"
    guard let data = FileManager.default.contents(atPath: path) else { return Look() }
    guard let manifest = try? JSONReading.decode(Manifest.self, from: data) else {
      return Look(fault: "\(path) is damaged")
    }
    guard manifest.key.utf8.elementsEqual(key.text.utf8) else {
      return Look(fault: "\(path) is of other records")
    }
    guard manifest.shards.allSatisfy({ !$0.name.contains("/") }) else {
      return Look(fault: "\(path) is damaged")
    }
    return Look(manifest: manifest)
  }

  /// Reads a shard through; what is wrong with it, or nil.
  func fault(of shard: Shard) -> String? {
    let path = "\(folder ?? "")/\(shard.name)"
    guard let data = try? mappedContents(of: path) else { return "\(path) is missing" }
    guard data.count == shard.bytes else {
      return "\(path) has \(data.count) bytes instead of \(shard.bytes)"
    }
    guard Self.crc(data) == shard.crc32 else { return "\(path) is damaged" }
    do throws(FeatureShardError) {
      _ = try FeatureShard(data)
      return nil
    } catch {
      return "\(path) is damaged: \(error)"
    }
  }

  /// Maps shards.
  func mapped(_ shards: [Shard]) throws -> TextFeatures {
    TextFeatures(
      try shards.map { try FeatureShard(mappedContents(of: "\(folder ?? "")/\($0.name)")) })
  }

  /// Writes a file into the folder, which is made where it is missing.
  func write(_ data: Data, _ name: String) throws -> Shard {
    let folder = folder ?? ""
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let written = try AtomicFile.write(to: "\(folder)/\(name)") {
      (sink: inout FileSink) throws(CheckpointError) in try sink.write(data)
    }
    return Shard(name: name, bytes: written.count, crc32: written.checksum)
  }

  func write(_ manifest: Manifest, _ stem: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    _ = try write(try encoder.encode(manifest), "\(stem).json")
  }
}
