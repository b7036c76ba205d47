import NN
import Optimizers

/// How the parameters of a pretrained model are divided for an optimizer: which decay, which learn
/// more slowly, and which not at all.
public struct FineTuningGroups {
  /// The learning rate of the head, and of all where ``layerDecay`` is 1.
  public var lr: Double
  /// The weight decay of those that decay.
  public var weightDecay: Double
  /// By what each layer's learning rate is that of the layer above it, 1 for all alike.
  public var layerDecay: Double

  /// - Parameters:
  ///   - lr: The learning rate.
  ///   - weightDecay: The weight decay.
  ///   - layerDecay: By what a layer's learning rate is that of the one above it.
  public init(lr: Double, weightDecay: Double = 0, layerDecay: Double = 1) {
    self.lr = lr
    self.weightDecay = weightDecay
    self.layerDecay = layerDecay
  }

  /// The groups of a model's parameters that are trained: those that decay first, then those that do
  /// not, and by layers from the head down where these learn at different rates.
  public func callAsFunction(_ model: Module) -> [ParameterGroup] {
    let decaying = Self.decayingNames(of: model)
    let parameters = model.namedParameters().filter { $0.parameter.requiresGrad }
    let depths = LayerDepths(parameters.map(\.name))
    let levels = layerDecay == 1 ? [depths.top] : Array((0...depths.top).reversed())
    return levels.flatMap { level in
      [true, false].compactMap { decays in
        let members = parameters.filter {
          decaying.contains($0.name) == decays
            && (layerDecay == 1 || depths.depth(of: $0.name) == level)
        }
        guard !members.isEmpty else { return nil }
        var rate = lr
        for _ in level..<depths.top { rate *= layerDecay }
        return ParameterGroup(
          members,
          options: [
            "lr": .double(rate), "weight_decay": .double(decays ? weightDecay : 0),
          ])
      }
    }
  }

  /// The parameters that weight decay is meant for, as transformers' Trainer chooses: not those of
  /// layer norms, and none whose name says bias or norm. Embeddings do decay.
  public static func decayingNames(of model: Module) -> Set<String> {
    var norms = Set<String>()
    for (path, module) in model.namedModules() where module is LayerNorm {
      for (name, _) in module.ownParameters {
        norms.insert(path.isEmpty ? name : "\(path).\(name)")
      }
    }
    return Set(model.namedParameters().map(\.name).filter { !norms.contains($0) && decays($0) })
  }

  private static func decays(_ name: String) -> Bool {
    let name = name.lowercased()
    if ["bias", "layernorm", "rmsnorm"].contains(where: name.contains) { return false }
    return !name.split(separator: ".").contains { $0 == "norm" || $0.hasSuffix("_norm") }
  }
}

/// How deep parameters lie in a model: 0 for embeddings, then the layers, and the head on top.
struct LayerDepths {
  private static let lists: Set<Substring> = ["layer", "layers", "h", "block", "blocks"]
  private static let tables = [
    "embed", "wte", "wpe", "shared", "relative_attention_bias", "rel_embeddings",
  ]

  /// The depth of what stands above all layers.
  let top: Int

  init(_ names: [String]) { top = (names.compactMap(Self.layer).max() ?? -1) + 2 }

  /// The number of the layer that a parameter belongs to; nil where it belongs to none.
  private static func layer(_ name: String) -> Int? {
    let parts = name.split(separator: ".")
    return zip(parts, parts.dropFirst()).lazy
      .compactMap { lists.contains($0) ? Int($1) : nil }.first
  }

  func depth(of name: String) -> Int {
    if let layer = Self.layer(name) { return layer + 1 }
    let isTable = name.split(separator: ".").contains { part in
      Self.tables.contains { part.contains($0) } && part != "embed_out"
    }
    return isTable ? 0 : top
  }
}

extension Module {
  /// Keeps parameters from being trained.
  /// - Parameter patterns: Parts of names, whole between dots: `embeddings`, `encoder.layer.0`.
  /// - Returns: How many parameters were frozen by each pattern.
  @discardableResult
  public func freeze(_ patterns: [String]) -> [Int] {
    patterns.map { pattern in
      let wanted = pattern.split(separator: ".")
      var count = 0
      for (name, parameter) in namedParameters() {
        let parts = name.split(separator: ".")
        guard parts.count >= wanted.count, !wanted.isEmpty,
          (0...(parts.count - wanted.count)).contains(where: {
            parts[$0..<$0 + wanted.count].elementsEqual(wanted)
          })
        else { continue }
        parameter.requiresGrad = false
        count += 1
      }
      return count
    }
  }
}
