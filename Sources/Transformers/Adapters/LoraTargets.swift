import Base

/// Which modules a configuration speaks of, by their names.
struct LoraTargets {
  private let targets: Rule
  private let excluded: Rule
  private let saved: [Regex<AnyRegexOutput>]
  private let layers: Set<Int>?
  private let layerPatterns: [Regex<AnyRegexOutput>]
  private let ranks: [(Regex<AnyRegexOutput>, Int)]
  private let alphas: [(Regex<AnyRegexOutput>, Double)]
  private let config: LoraConfig

  private enum Rule {
    case list([String])
    case regex(Regex<AnyRegexOutput>)

    func matches(_ name: String) -> Bool {
      switch self {
      case .list(let names): names.contains { name == $0 || name.hasSuffix(".\($0)") }
      case .regex(let regex): name.wholeMatch(of: regex) != nil
      }
    }
  }

  /// - Parameters:
  ///   - linear: The names that stand for all linear layers but the output head.
  ///   - path: What errors call the configuration.
  init(_ config: LoraConfig, linear: [String], path: String) throws {
    func compiled(_ pattern: String, _ field: String) throws -> Regex<AnyRegexOutput> {
      do {
        return try Regex(pattern)
      } catch {
        throw ModelError(
          .unsupported, path: path, field: field, "“\(pattern)” is no regular expression: \(error)",
          remedy: "Correct the pattern")
      }
    }
    func rule(_ names: LoraConfig.Names?, _ field: String) throws -> Rule {
      switch names {
      case nil: .list([])
      case .list(let list): .list(list)
      case .regex(let pattern): .regex(try compiled(pattern, field))
      case .allLinear: .list(linear)
      }
    }
    self.config = config
    targets = try rule(config.targetModules, "target_modules")
    excluded = try rule(config.excludeModules, "exclude_modules")
    saved = try (config.modulesToSave + config.headsOfTask).map {
      try compiled("(.*\\.)?(?:\($0))(\\..*)?", "modules_to_save")
    }
    layers = config.layersToTransform.flatMap { $0.isEmpty ? nil : Set($0) }
    // The first number in a name is the layer's; later ones count parts of it.
    let any = config.layersPattern.isEmpty
    layerPatterns = try (any ? ["[^.]*"] : config.layersPattern).map {
      try compiled((any ? ".*?\\." : "(?:.*?\\.)??") + "(?:\($0))\\.(\\d+)\\.", "layers_pattern")
    }
    ranks = try config.rankPattern.map {
      (try compiled("(.*\\.)?(?:\($0.0))", "rank_pattern"), $0.1)
    }
    alphas = try config.alphaPattern.map {
      (try compiled("(.*\\.)?(?:\($0.0))", "alpha_pattern"), $0.1)
    }
  }

  /// Whether a module is adapted.
  func contains(_ name: String) -> Bool {
    if excluded.matches(name) || saved.contains(where: { name.wholeMatch(of: $0) != nil }) {
      return false
    }
    guard targets.matches(name) else { return false }
    guard case .list(let names) = targets, let layers, !names.contains(name) else { return true }
    for pattern in layerPatterns {
      guard let match = name.prefixMatch(of: pattern) else { continue }
      return match.output.last?.substring.flatMap { Int($0) }.map(layers.contains) ?? false
    }
    return false
  }

  /// The rank of a module's adapter.
  func rank(of name: String) -> Int {
    ranks.first { name.wholeMatch(of: $0.0) != nil }?.1 ?? config.r
  }

  /// What the adapter's output is multiplied with.
  func scale(of name: String) -> Double {
    let alpha = alphas.first { name.wholeMatch(of: $0.0) != nil }?.1 ?? config.loraAlpha
    let rank = Double(rank(of: name))
    return alpha / (config.usesRSLora ? rank.squareRoot() : rank)
  }
}
