import Base
import Tensors

/// Entities found in sequences of tags (`seqeval`): an entity is right where its type, its first and
/// its last token are.
///
/// Tags are `B-PER`, `I-PER`, `O`, also with `E-` and `S-` (IOBES); where a sequence breaks the scheme,
/// entities are read as conlleval reads them: an `I-` after another type begins one.
public struct EntityScores: MergeableMetric, Equatable {
  /// Counts by type.
  public private(set) var types: [String: BinaryCounts] = [:]
  /// Tags that were predicted right, and tags in all.
  public private(set) var (correctTags, tags) = (0, 0)

  private enum CodingKeys: CodingKey { case types, correctTags, tags }

  /// Of no sequences.
  public init() {}

  /// An entity: its type and its tokens.
  public struct Entity: Hashable, Sendable {
    /// What follows the dash of its tags; `_` where nothing does.
    public let type: String
    /// Its tokens.
    public let tokens: ClosedRange<Int>
  }

  /// Adds a sequence.
  public mutating func add(labels: [String], predictions: [String]) {
    require(
      labels.count == predictions.count,
      "EntityScores", "\(labels.count) labels for \(predictions.count) predictions")
    tags += labels.count
    correctTags += zip(labels, predictions).count { $0.0 == $0.1 }
    let right = Set(Self.entities(labels))
    let found = Set(Self.entities(predictions))
    for entity in right {
      if found.contains(entity) {
        types[entity.type, default: BinaryCounts()].truePositives += 1
      } else {
        types[entity.type, default: BinaryCounts()].falseNegatives += 1
      }
    }
    for entity in found where !right.contains(entity) {
      types[entity.type, default: BinaryCounts()].falsePositives += 1
    }
  }

  /// Adds other sequences.
  public mutating func merge(_ other: EntityScores) {
    tags += other.tags
    correctTags += other.correctTags
    for (type, counts) in other.types { types[type, default: BinaryCounts()].merge(counts) }
  }

  /// The share of tags that were predicted right.
  public var accuracy: Double { ratio(correctTags, tags) }

  private var counts: [BinaryCounts] { types.inKeyOrder.map(\.value) }

  /// Precision over the types; by default of all entities together.
  public func precision(_ average: Average = .micro) -> Double {
    counts.averaged(average, \.precision)
  }
  /// Recall over the types.
  public func recall(_ average: Average = .micro) -> Double { counts.averaged(average, \.recall) }
  /// F1 over the types.
  public func f1(_ average: Average = .micro) -> Double { counts.averaged(average, \.f1) }

  /// The entities of a sequence of tags.
  public static func entities(_ tags: [String]) -> [Entity] {
    var entities: [Entity] = []
    var previous: (tag: Character, type: String) = ("O", "")
    var start = 0
    for (index, text) in (tags + ["O"]).enumerated() {
      let tag = text.first ?? "O"
      let rest = text.dropFirst()
      let name = rest.firstIndex(of: "-").map { rest[rest.index(after: $0)...] } ?? rest
      let type = name.isEmpty ? "_" : String(name)
      if ends(previous, before: (tag, type)) {
        entities.append(Entity(type: previous.type, tokens: start...(index - 1)))
      }
      if begins((tag, type), after: previous) { start = index }
      previous = (tag, type)
    }
    return entities
  }

  private static func ends(
    _ previous: (tag: Character, type: String), before next: (tag: Character, type: String)
  ) -> Bool {
    switch previous.tag {
    case "E", "S": return true
    case "O", ".": return false
    case "B", "I": if "BSO".contains(next.tag) { return true }
    default: break
    }
    return previous.type != next.type
  }

  private static func begins(
    _ next: (tag: Character, type: String), after previous: (tag: Character, type: String)
  ) -> Bool {
    switch next.tag {
    case "B", "S": return true
    case "O", ".": return false
    case "E", "I": if "ESO".contains(previous.tag) { return true }
    default: break
    }
    return previous.type != next.type
  }
}
