import Base
import Collectives
import Foundation
import TextTasks
import Training

/// Features of records, made once: the ranks of each node make a part each and write it to a file, and all
/// of them map the files. A later run of the same records, tokenizer and settings finds them.
///
/// Every rank calls each method, in the same order; waits last no longer than the group's. Files that are
/// damaged, or of something else, are made anew. Where the folder cannot be written, features stay in
/// memory. Nothing is ever removed: the folder may be, at any time.
final class TokenCache {
  /// Where files are; nil for nowhere.
  let folder: String?
  private let group: ProcessGroup
  /// What became of each file, in words.
  private(set) var notes: [String] = []

  /// - Parameters:
  ///   - folder: Where files are, the same path on all nodes, shared or not; nil for memory alone.
  ///   - group: The ranks that make features together.
  init(_ folder: String?, _ group: ProcessGroup) {
    self.folder = folder
    self.group = group
  }

  /// What features are made of.
  struct Source {
    /// How many records there are.
    let count: Int
    /// The features of some of them.
    let encode: (Range<Int>) throws -> [TextFeature]
  }

  /// Records that are made into features at once, between which ranks hear of each other.
  private static let portion = 4096

  /// The features of a source.
  /// - Parameters:
  ///   - name: What the records are called, for the file's name and for words.
  ///   - key: What they are made of.
  ///   - source: Reads the records, where they are not found.
  func features(
    _ name: String, _ key: TokenCacheKey, _ source: () throws -> Source
  ) throws -> TextFeatures {
    guard folder != nil else { return try whole(source()) }
    let stem = Self.stem(name, key)
    let looks = try group.allGather(
      object: group.localRank == 0 ? look(stem, key) : Look(), label: "token cache")
    var look = looks[leader]
    // The ranks of a node read its shards through together.
    if let manifest = look.manifest {
      for (index, shard) in manifest.shards.enumerated()
      where index % group.localSize == group.localRank && look.fault == nil {
        look.fault = fault(of: shard)
      }
    }
    let faults = try group.allGather(object: Look(fault: look.fault), label: "token cache")
    let isBroken = (0..<group.size).map { rank in
      let others = (0..<group.size).filter { group.node(of: $0) == group.node(of: rank) }
      return others.contains { faults[$0].fault != nil }
        || looks[others[0]].manifest == nil
    }
    if let fault = faults.lazy.compactMap(\.fault).first {
      notes.append("\(fault); it is made anew")
    }
    guard isBroken.contains(true) else {
      notes.append("\(name): tokens from \(folder ?? "")")
      return try mapped(look.manifest?.shards ?? [])
    }
    let isOwn = isBroken[group.rank]
    let made = try make(stem, key, isOwn ? source() : nil)
    if let shards = isOwn ? made : look.manifest?.shards { return try mapped(shards) }
    return try whole(source())
  }

  /// The first rank on this rank's node.
  private var leader: Int {
    (0..<group.size).first { group.node(of: $0) == group.node(of: group.rank) } ?? 0
  }

  private static func stem(_ name: String, _ key: TokenCacheKey) -> String {
    let letters = name.unicodeScalars.map { scalar in
      scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
        ? Character(scalar) : "-"
    }
    return String(letters.prefix(40)) + "-" + key.digest
  }

  /// All features, in this rank's memory.
  private func whole(_ source: Source) throws -> TextFeatures {
    var builder = FeatureShard.Builder()
    try add(source, 0..<source.count, to: &builder)
    return TextFeatures([try FeatureShard(builder.bytes())])
  }

  private func add(
    _ source: Source, _ range: Range<Int>, to builder: inout FeatureShard.Builder
  ) throws {
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.portion) {
      let part = start..<min(range.upperBound, start + Self.portion)
      for feature in try source.encode(part) { try builder.add(feature) }
    }
  }

  /// What a rank has written.
  private struct Written: Codable {
    var shard: Shard?
    var fault: String?
  }

  /// Makes this rank's part, and its node's manifest; the node's shards, or nil where they could not be
  /// written. Ranks of nodes that have nothing to make pass nil.
  private func make(
    _ stem: String, _ key: TokenCacheKey, _ source: Source?
  ) throws -> [Shard]? {
    let count = source?.count ?? 0
    let range =
      count * group.localRank / group.localSize..<count * (group.localRank + 1) / group.localSize
    var builder = FeatureShard.Builder()
    var start = range.lowerBound
    // A word after each portion, so that no wait is longer than a portion takes.
    while true {
      let part = start..<min(range.upperBound, start + Self.portion)
      if let source, !part.isEmpty { try add(source, part, to: &builder) }
      start = part.upperBound
      let more = try group.allReduce(
        [Int64(start < range.upperBound ? 1 : 0)], op: .maximum, label: "tokens")
      if more[0] == 0 { break }
    }
    var written = Written()
    if source != nil {
      do {
        written.shard = try write(
          try builder.bytes(), "\(stem).\(group.localRank + 1)-of-\(group.localSize).tokens")
      } catch {
        written.fault = "\(error)"
      }
    }
    let all = try group.allGather(object: written, label: "tokens")
    let ranks = (0..<group.size).filter { group.node(of: $0) == group.node(of: group.rank) }
    let shards = ranks.compactMap { all[$0].shard }
    var outcome = Written(fault: ranks.lazy.compactMap { all[$0].fault }.first)
    if source != nil, outcome.fault == nil, group.rank == ranks[0] {
      do {
        try write(Manifest(key: key.text, shards: shards), stem)
      } catch {
        outcome.fault = "\(error)"
      }
    }
    let outcomes = try group.allGather(object: outcome, label: "tokens")
    if let fault = outcomes.lazy.compactMap(\.fault).first {
      notes.append("tokens stay in memory: \(fault)")
    } else {
      notes.append("\(stem): tokens kept in \(folder ?? "")")
    }
    // The manifest may be missing; the shards are there all the same.
    return ranks.contains { outcomes[$0].fault != nil } && shards.count < ranks.count
      ? nil : shards
  }

  // MARK: Values

  /// A value that is made once by all ranks and kept for later runs, such as a vocabulary.
  /// - Parameter make: Makes it; called on every rank.
  func value(_ name: String, _ key: TokenCacheKey, _ make: () throws -> String) throws -> String {
    guard folder != nil else { return try make() }
    let stem = Self.stem(name, key)
    let found = try group.madeOnce("kept value") { () -> [String] in
      guard let data = FileManager.default.contents(atPath: "\(folder ?? "")/\(stem).json") else {
        return []
      }
      guard let kept = try? JSONReading.decode(Kept.self, from: data),
        kept.key.utf8.elementsEqual(key.text.utf8),
        kept.crc32 == Self.crc(Data(kept.value.utf8))
      else {
        notes.append(
          "\(folder ?? "")/\(stem).json is damaged, or of other records; it is made anew")
        return []
      }
      return [kept.value]
    }
    if let value = found.first { return value }
    let value = try make()
    if group.rank == 0 {
      let kept = Kept(key: key.text, value: value, crc32: Self.crc(Data(value.utf8)))
      // Without it a later run makes the value again.
      _ = try? write(try JSONEncoder().encode(kept), "\(stem).json")
    }
    return value
  }
}
