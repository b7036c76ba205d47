import Tensors

/// How what is written is marked (`transformers.WatermarkingConfig`).
public struct WatermarkingConfig: Sendable, Equatable {
  /// What the likelier tokens follow from.
  public enum SeedingScheme: String, Sendable {
    /// The token before.
    case leftHash = "lefthash"
    /// The tokens before, and the one itself.
    case selfHash = "selfhash"
  }

  /// The share of the vocabulary that becomes likelier.
  public var greenlistRatio: Double
  /// What is added to its scores.
  public var bias: Double
  /// The key that whoever looks for the mark needs.
  public var hashingKey: Int
  /// What the likelier tokens follow from.
  public var seedingScheme: SeedingScheme
  /// How many tokens are looked at.
  public var contextWidth: Int

  /// A way to mark.
  ///
  /// - Parameters:
  ///   - greenlistRatio: The share of the vocabulary that becomes likelier.
  ///   - bias: What is added to its scores.
  ///   - hashingKey: The key that whoever looks for the mark needs.
  ///   - seedingScheme: What the likelier tokens follow from.
  ///   - contextWidth: How many tokens are looked at.
  public init(
    greenlistRatio: Double = 0.25, bias: Double = 2, hashingKey: Int = 15_485_863,
    seedingScheme: SeedingScheme = .leftHash, contextWidth: Int = 1
  ) {
    (self.greenlistRatio, self.bias, self.hashingKey) = (greenlistRatio, bias, hashingKey)
    (self.seedingScheme, self.contextWidth) = (seedingScheme, contextWidth)
  }

  /// The settings of `watermarking_config`; nil where one is unknown or of another kind.
  init?(_ value: ConfigurationValue) {
    self.init()
    for member in value.members ?? [.init("", .null)] {
      switch (member.name, member.value) {
      case ("seeding_scheme", .string(let text)):
        guard let scheme = SeedingScheme(rawValue: text) else { return nil }
        seedingScheme = scheme
      case ("greenlist_ratio", let value):
        guard let ratio = value.double else { return nil }
        greenlistRatio = ratio
      case ("bias", let value):
        guard let given = value.double else { return nil }
        bias = given
      case ("hashing_key", let value):
        guard let key = value.int else { return nil }
        hashingKey = key
      case ("context_width", let value):
        guard let width = value.int else { return nil }
        contextWidth = width
      default: return nil
      }
    }
  }

  /// The settings as generation_config.json has them.
  var value: ConfigurationValue {
    .object([
      .init("bias", .double(bias)), .init("context_width", .int(contextWidth)),
      .init("greenlist_ratio", .double(greenlistRatio)), .init("hashing_key", .int(hashingKey)),
      .init("seeding_scheme", .string(seedingScheme.rawValue)),
    ])
  }
}

/// Makes tokens likelier that follow by chance, as a key has it, from those before, so that whoever has the
/// key can tell what was written so (Kirchenbauer et al. 2023).
public final class WatermarkLogitsProcessor: LogitsProcessor {
  private let config: WatermarkingConfig
  private let vocabularySize: Int
  /// How many of a row's likeliest tokens the scheme `selfhash` tries.
  private static let tried = 40
  private static let tableSize = 1_000_003
  /// Numbers of tokens under the scheme `selfhash`.
  private lazy var table = Tensor.randperm(
    Self.tableSize, generator: Generator(seed: UInt64(bitPattern: Int64(config.hashingKey)))
  ).array(of: Int.self)

  /// A mark on tokens of a vocabulary.
  /// - Throws: ``GenerationError`` where a setting is out of range.
  public init(vocabularySize: Int, _ config: WatermarkingConfig) throws(GenerationError) {
    let name = "watermarking_config"
    guard config.greenlistRatio > 0, config.greenlistRatio < 1 else {
      throw GenerationError(
        name,
        "greenlist_ratio must lie between 0 and 1, both excluded, not \(config.greenlistRatio)")
    }
    guard config.contextWidth >= 1, config.hashingKey >= 0 else {
      throw GenerationError(
        name, "context_width must be at least 1, and hashing_key not negative")
    }
    (self.vocabularySize, self.config) = (vocabularySize, config)
  }

  /// Scores with the bias on the tokens that follow by the key; as they are while rows are shorter than the
  /// context.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    guard inputIds[0].count >= config.contextWidth else { return scores }
    var (rows, tokens): ([Int], [Int]) = ([], [])
    for (row, ids) in inputIds.enumerated() {
      let green =
        config.seedingScheme == .leftHash
        ? Array(greenlist(ids)) : accepted(ids, scores.select(dim: 0, index: row))
      rows += [Int](repeating: row, count: green.count)
      tokens += green
    }
    if tokens.isEmpty { return scores }
    let places = [Tensor(rows), Tensor(tokens)]
    return scores.indexPut(
      places, values: scores.indexed(places.map { .tensor($0) }) + config.bias)
  }

  /// Of the likeliest tokens those that are in the list which follows from themselves.
  private func accepted(_ ids: [Int], _ scores: Tensor) -> [Int] {
    let best = scores.sorted(dim: -1, descending: true).indices.array(of: Int.self)
    return best.prefix(Self.tried).filter { greenlist(ids + [$0]).contains($0) }
  }

  /// The tokens that are likelier behind ids.
  private func greenlist(_ ids: [Int]) -> ArraySlice<Int> {
    let order = Tensor.randperm(vocabularySize, generator: Generator(seed: seed(ids)))
    return order.array(of: Int.self).prefix(Int(Double(vocabularySize) * config.greenlistRatio))
  }

  /// The number that ids stand for, less than 2⁶⁴ − 1.
  private func seed(_ ids: [Int]) -> UInt64 {
    let last = ids[ids.count - 1]
    guard config.seedingScheme == .selfHash else {
      let product = UInt64(config.hashingKey).multipliedFullWidth(by: UInt64(last))
      return UInt64.max.dividingFullWidth(product).remainder
    }
    let own = table[last % Self.tableSize] + 1
    let least =
      ids.suffix(config.contextWidth)
      .map { config.hashingKey &* (table[$0 % Self.tableSize] + 1) &* own }.min() ?? 0
    return least < 0 ? UInt64.max - UInt64(least.magnitude) : UInt64(least)
  }
}
