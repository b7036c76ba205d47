import Datasets
import Foundation

/// Records of text as models take them, read by index from shards in memory or in mapped files.
public struct TextFeatures: Dataset, Sendable {
  /// What is read.
  private enum Form: Sendable {
    /// Each shard's records, one after another.
    case records
    /// Blocks of so many tokens of all records, one after another.
    case blocks(Int, hasLabels: Bool)
  }

  private let shards: [FeatureShard]
  /// Where each shard ends, counted in records, or in tokens of blocks.
  private let ends: [Int]
  private let form: Form
  private let range: Range<Int>
  private let hidden: Set<String>

  private init(
    _ shards: [FeatureShard], _ ends: [Int], _ form: Form, _ range: Range<Int>,
    hidden: Set<String> = []
  ) {
    self.shards = shards
    self.ends = ends
    self.form = form
    self.range = range
    self.hidden = hidden
  }

  /// The records of shards, one after another.
  public init(_ shards: [FeatureShard]) {
    let shards = shards.filter { $0.count > 0 }
    let ends = Self.sums(shards.map(\.count))
    self.init(shards, ends, .records, 0..<(ends.last ?? 0))
  }

  /// Records, kept as compactly as in a file.
  /// - Throws: ``FeatureShardError`` where they have different fields, or fields that are texts.
  public init(_ features: [TextFeature]) throws {
    var builder = FeatureShard.Builder()
    for feature in features { try builder.add(feature) }
    self.init([try FeatureShard(builder.bytes())])
  }

  private static func sums(_ counts: [Int]) -> [Int] {
    var total = 0
    return counts.map { count in
      total += count
      return total
    }
  }

  /// The number of records.
  public var count: Int { range.count }

  /// How many ids each record has.
  public var lengths: [Int] {
    if case .blocks(let length, _) = form { return range.map { min(length, tokens - $0 * length) } }
    var lengths: [Int] = []
    lengths.reserveCapacity(count)
    for index in range {
      let (shard, place) = find(index)
      guard let column = shard.column("input_ids"), column.kind == .ints else {
        lengths.append(0)
        continue
      }
      lengths.append(shard.offset(place + 1, of: column) - shard.offset(place, of: column))
    }
    return lengths
  }

  /// How many tokens all records have.
  private var tokens: Int { ends.last ?? 0 }

  /// The record at `index`.
  public subscript(index: Int) -> TextFeature {
    let index = range.lowerBound + index
    if case .blocks(let length, let hasLabels) = form { return block(index, length, hasLabels) }
    let (shard, place) = find(index)
    var feature = shard[place]
    for name in hidden { feature[name] = nil }
    return feature
  }

  /// A field of a record, be it left out of it or not.
  func field(_ name: String, of index: Int) -> FeatureValue? {
    let (shard, place) = find(range.lowerBound + index)
    return shard.column(name).map { shard.value($0, of: place) }
  }

  /// The shard of a place, and what the place is in it.
  private func find(_ index: Int) -> (shard: FeatureShard, place: Int) {
    let number = ends.partitioningIndex { $0 > index }
    return (shards[number], index - (number == 0 ? 0 : ends[number - 1]))
  }

  /// Some of the records.
  public func slice(_ part: Range<Int>) -> TextFeatures {
    TextFeatures(
      shards, ends, form,
      range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound, hidden: hidden)
  }

  /// The records without some fields.
  public func leavingOut(_ names: Set<String>) -> TextFeatures {
    TextFeatures(shards, ends, form, range, hidden: hidden.union(names))
  }

  // MARK: Blocks

  /// The texts one after another, cut into blocks of `length` tokens; the last tokens that fill none are
  /// left out. Of one block or less there is one.
  ///
  /// - Parameters:
  ///   - length: The tokens of a block.
  ///   - hasLabels: Whether blocks have labels: the records' own, or where they have none their
  ///     ids.
  public func packed(_ length: Int, hasLabels: Bool = true) -> TextFeatures {
    let ends = Self.sums(shards.map { $0.column("input_ids")?.count ?? 0 })
    let total = ends.last ?? 0
    let blocks = total == 0 ? 0 : max(1, total / length)
    return TextFeatures(shards, ends, .blocks(length, hasLabels: hasLabels), 0..<blocks)
  }

  private func block(_ number: Int, _ length: Int, _ hasLabels: Bool) -> TextFeature {
    let range = number * length..<min(tokens, (number + 1) * length)
    let ids = numbers(range, "input_ids")
    var feature: TextFeature = [
      "input_ids": .ints(ids), "attention_mask": .ints([Int](repeating: 1, count: ids.count)),
    ]
    if hasLabels {
      let isLabelled = shards.allSatisfy { shard in
        shard.column("labels").map { $0.count == shard.column("input_ids")?.count } ?? false
      }
      feature["labels"] = .ints(isLabelled ? numbers(range, "labels") : ids)
    }
    return feature
  }

  /// Numbers of a field whose rows are as long as the ids.
  private func numbers(_ range: Range<Int>, _ name: String) -> [Int] {
    var numbers: [Int] = []
    var place = range.lowerBound
    while place < range.upperBound {
      let number = ends.partitioningIndex { $0 > place }
      let first = number == 0 ? 0 : ends[number - 1]
      let end = min(range.upperBound, ends[number])
      guard let column = shards[number].column(name) else { break }
      numbers += shards[number].whole(place - first..<end - first, of: column)
      place = end
    }
    return numbers
  }
}

extension [Int] {
  /// The first place whose element the condition holds for, of elements for which it holds from some place
  /// on.
  fileprivate func partitioningIndex(_ holds: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
