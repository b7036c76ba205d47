import Base
import NN
import Tensors

/// The adapters of a model: what `get_peft_model` and `PeftModel` do.
///
/// Adapters stand beside the layers of the model itself, which computes with them from then on; all
/// other parameters are frozen, so that optimizers made of those that require a gradient, and
/// data-parallel models, hold the adapters alone.
///
/// ```swift
/// let model = try AutoModelForCausalLM.fromPretrained("models/llama")
/// let peft = try PeftModel(model, LoraConfig(r: 8, targetModules: ["q_proj", "v_proj"]))
/// let optimizer = AdamW(peft.trainableParameters, lr: 2e-4)
/// // … training steps with `model` …
/// try peft.savePretrained("adapters/mine")
/// ```
public final class PeftModel {
  /// The model, which computes with the adapters.
  public let model: Module
  /// The settings that the adapters were made by.
  public let config: LoraConfig
  /// The adapted layers, by name.
  public let layers: [(name: String, layer: any AdaptableLayer)]
  /// The modules that train in full, by name.
  public let savedModules: [(name: String, module: Module)]
  /// What the model's own parameters were that train: biases and modules that train in full.
  private var originals: [(parameter: Parameter, value: Tensor)] = []
  /// Tables that train beside a model which does not read them, with the weight that they shared.
  private var unread: [(table: Embedding, weight: Parameter)] = []
  /// What the weights were that hold updates.
  private var merged: [(parameter: Parameter, value: Tensor)] = []

  /// Puts new adapters beside the layers of a model and freezes the rest (`get_peft_model`).
  /// - Throws: ``ModelError`` that names a setting that cannot be followed.
  public convenience init(_ model: Module, _ config: LoraConfig) throws {
    try self.init(model, config, path: "LoraConfig", isTrainable: true)
  }

  /// - Parameter path: What errors call the configuration.
  init(_ model: Module, _ config: LoraConfig, path: String, isTrainable: Bool) throws {
    var config = config
    try Self.check(config, path)
    let modules = model.namedModules()
    guard !modules.contains(where: { $0.module is LayerAdapter }) else {
      throw ModelError(
        .unsupported, path: path, "the model has adapters already",
        remedy: "Merge or unload them first")
    }
    config.targetModules = try config.targetModules ?? Self.usualTargets(model, path)
    let linear = Self.linearNames(modules, config)
    let targets = try LoraTargets(config, linear: linear, path: path)
    if config.targetModules == .allLinear { config.targetModules = .list(linear) }
    config.modulesToSave += config.headsOfTask.filter { !config.modulesToSave.contains($0) }
    self.model = model
    self.config = config
    savedModules = try Self.savedModules(modules, config, path)
    var layers: [(String, any AdaptableLayer)] = []
    for (name, module) in modules where targets.contains(name) {
      guard let layer = module as? any AdaptableLayer else {
        throw ModelError(
          .unsupported, path: path, field: "target_modules",
          "\(name) is a \(type(of: module)), which has no adapters",
          remedy: "Name linear layers or embeddings")
      }
      if config.loraBias && layer is Embedding {
        throw ModelError(
          .unsupported, path: path, field: "lora_bias",
          "\(name) is an embedding, which has no bias",
          remedy: "Leave embeddings out of target_modules, or set lora_bias to false")
      }
      layers.append((name, layer))
    }
    guard !layers.isEmpty else {
      throw ModelError(
        .unsupported, path: path, field: "target_modules",
        "no module of the model is meant by them",
        remedy: "Name modules as they stand in the model, such as \(linear.first ?? "query")")
    }
    self.layers = layers
    for (name, layer) in layers {
      let (rank, scale) = (targets.rank(of: name), targets.scale(of: name))
      layer.adapter =
        (layer as? Embedding).map { LoraEmbedding($0, rank: rank, scale: scale, config) }
        ?? LoraLinear(layer, rank: rank, scale: scale, config)
      layer.adapter?.train(layer.isTraining)
    }
    untieSavedModules()
    freeze()
    // Adapters are new; what else trains was something before.
    let own = Set(layers.flatMap { $0.1.adapter?.parameters() ?? [] }.map { ObjectIdentifier($0) })
    for parameter in trainableParameters where !own.contains(ObjectIdentifier(parameter)) {
      originals.append((parameter, parameter.value.detach().clone()))
    }
    if !isTrainable { model.requiresGrad(false) }
  }

  // MARK: Training

  /// The parameters that train, with their names.
  public var trainable: [(name: String, parameter: Parameter)] {
    model.namedParameters().filter { $0.parameter.requiresGrad }
  }

  /// The parameters that train.
  public var trainableParameters: [Parameter] { trainable.map(\.parameter) }

  private func freeze() {
    model.requiresGrad(false)
    for (_, layer) in layers {
      layer.adapter?.requiresGrad(true)
      if config.bias == .loraOnly { layer.ownBias?.requiresGrad = true }
    }
    for (_, module) in savedModules { module.requiresGrad(true) }
    guard config.bias == .all else { return }
    for (name, parameter) in model.namedParameters()
    where name == "bias" || name.hasSuffix(".bias") {
      parameter.requiresGrad = true
    }
  }

  /// A module that trains in full has weights of its own: others that shared them keep the old ones.
  private func untieSavedModules() {
    let tables = model.modules().compactMap { $0 as? Embedding }
    for (name, module) in savedModules {
      for case let table as Embedding in module.modules()
      where tables.contains(where: { $0 !== table && $0.weight === table.weight }) {
        // Encoder and decoder read their own tables.
        if name == "shared" || name.hasSuffix(".shared") { unread.append((table, table.weight)) }
        table.untie()
      }
    }
    let saved = Set(savedModules.flatMap { $0.module.parameters() }.map { ObjectIdentifier($0) })
    for case let layer as TiedLinear in model.modules() where layer.isTied {
      guard saved.contains(ObjectIdentifier(layer.weight)) else { continue }
      layer.untie(bias: false)
      // An encoder-decoder's setting speaks of its other tables, too; files hold what differs.
      if model is any Seq2SeqLanguageModel { continue }
      (model as? PretrainedModel)?.configuration["tie_word_embeddings"] = false
    }
  }

  // MARK: Merging

  /// Whether the updates stand in the layers' weights.
  public private(set) var isMerged = false

  /// Writes the updates into the layers' weights, so that the model computes as fast as without
  /// adapters. ``unmerge()`` takes them out again.
  /// - Throws: ``ModelError`` where B has a bias and a layer none to take it.
  public func merge() throws {
    guard !isMerged else { return }
    for (name, layer) in layers where config.loraBias && layer.ownBias == nil {
      throw ModelError(
        .unsupported, path: name, "the layer has no bias that could take the one of lora_B",
        remedy: "Keep the adapters beside the model")
    }
    for (_, layer) in layers {
      guard let adapter = layer.adapter as? LoraAdapter else { continue }
      let (weight, bias) = (adapter.mergedWeight(of: layer), adapter.mergedBias(of: layer))
      // A weight in blocks becomes numbers, since blocks hold the update only roughly.
      layer.weight.unquantize()
      merged.append((layer.weight, layer.weight.value.detach().clone()))
      layer.weight.assign(weight)
      if let bias, let own = layer.ownBias {
        merged.append((own, own.value.detach().clone()))
        own.assign(bias)
      }
      adapter.isMerged = true
    }
    isMerged = true
  }

  /// Takes the updates out of the weights again, which are then bit for bit what they were.
  public func unmerge() {
    // In reverse, since layers may share a weight.
    for (parameter, value) in merged.reversed() { parameter.assign(value) }
    merged = []
    for (_, layer) in layers { (layer.adapter as? LoraAdapter)?.isMerged = false }
    isMerged = false
  }

  /// A parameter's value without the updates.
  func unmerged(_ parameter: Parameter) -> Tensor {
    merged.first { $0.parameter === parameter }?.value ?? parameter.value.detach()
  }

  /// Writes the updates into the weights and takes the adapters away (`merge_and_unload`): the model is
  /// then one like any other, to be saved and trained as such.
  /// - Throws: As ``merge()``.
  public func mergeAndUnload() throws {
    try merge()
    merged = []
    model.unquantizeLinearWeights()
    unload()
  }

  /// Takes the adapters away (`unload`). Modules that trained in full keep what they learned, but for a
  /// table that encoder and decoder do not read, which shares their weight again.
  public func unload() {
    unmerge()
    for (_, layer) in layers { layer.adapter = nil }
    for (table, weight) in unread { table.weight = weight }
    unread = []
    originals = []
    model.requiresGrad(true)
  }

  /// Runs a body in which the model computes as it did without adapters (`disable_adapter`).
  public func withoutAdapters<Result>(_ body: () throws -> Result) rethrows -> Result {
    let adapters = layers.compactMap { $0.layer.adapter as? LoraAdapter }
    let changed = (merged + originals).map { ($0.parameter, $0.parameter.value.detach().clone()) }
    // What it was at first comes last: a bias may both have trained and have taken in that of B.
    for (parameter, value) in merged.reversed() + originals { parameter.assign(value) }
    for adapter in adapters { adapter.isDisabled = true }
    defer {
      for adapter in adapters { adapter.isDisabled = false }
      for (parameter, value) in changed { parameter.assign(value) }
    }
    return try body()
  }
}

/// What a configuration means in a model.
extension PeftModel {
  private static func check(_ config: LoraConfig, _ path: String) throws {
    func refuse(_ field: String, _ message: String) -> ModelError {
      ModelError(.unsupported, path: path, field: field, message, remedy: "Correct the setting")
    }
    let ranks = [("r", config.r)] + config.rankPattern.map { ("rank_pattern", $0.1) }
    for (field, rank) in ranks where !(1...1 << 20).contains(rank) {
      throw refuse(field, "a rank is a number from 1 to 1048576, not \(rank)")
    }
    guard (0...1).contains(config.loraDropout) else {
      throw refuse("lora_dropout", "\(config.loraDropout) is no probability")
    }
    if config.loraBias && config.usesDora {
      throw refuse("lora_bias", "B has no bias where use_dora is set")
    }
    if case .regex = config.targetModules, config.layersToTransform != nil {
      throw refuse("layers_to_transform", "it needs target_modules to be a list")
    }
    if !config.layersPattern.isEmpty && config.layersToTransform == nil {
      throw refuse("layers_pattern", "it needs layers_to_transform")
    }
  }

  private static func usualTargets(_ model: Module, _ path: String) throws -> LoraConfig.Names {
    let type = (model as? PretrainedModel)?.configuration["model_type"]?.string
    guard let names = type.flatMap({ LoraConfig.usualTargets[$0] }) else {
      throw ModelError(
        .unsupported, path: path, field: "target_modules",
        "which layers to adapt is not said, and nothing is usual for \(type ?? "this model")",
        remedy: "Name them")
    }
    return .list(names)
  }

  /// The linear layers but the output head.
  private static func linearNames(
    _ modules: [(name: String, module: Module)], _ config: LoraConfig
  ) -> [String] {
    // Heads that score tokens are tied, or could be; a classifier's has one of two names.
    let scoresTokens = modules.contains { $0.module is TiedLinear }
    let head =
      !scoresTokens && config.taskType == "SEQ_CLS"
      ? ["score", "classifier"].first { name in modules.contains { $0.name == name } } : nil
    return modules.filter {
      ($0.module is Linear || $0.module is Conv1D) && $0.name != head
    }.map(\.name)
  }

  /// Modules that train in full: those whose names end so, but for parts of others.
  private static func savedModules(
    _ modules: [(name: String, module: Module)], _ config: LoraConfig, _ path: String
  ) throws -> [(name: String, module: Module)] {
    var found: [(name: String, module: Module)] = []
    for (name, module) in modules where config.modulesToSave.contains(where: name.hasSuffix) {
      if !found.contains(where: { name.hasPrefix("\($0.name).") }) { found.append((name, module)) }
    }
    let missing = config.modulesToSave.filter { end in
      !config.headsOfTask.contains(end) && !modules.contains { $0.name.hasSuffix(end) }
    }
    guard missing.isEmpty else {
      throw ModelError(
        .unsupported, path: path, field: "modules_to_save",
        "the model has no \(missing.joined(separator: ", "))", remedy: "Correct the names")
    }
    return found
  }
}
