/// `adapter_config.json`, as PEFT writes it.
extension LoraConfig {
  /// Reads a file's fields.
  /// - Throws: ``ModelError`` that names a field that cannot be followed.
  init(_ file: ModelConfiguration) throws {
    self.init()
    try file.expect("peft_type", "LORA")
    r = try file.size("r", 8)
    loraAlpha = try file.double("lora_alpha", 8)
    loraDropout = try file.probability("lora_dropout", 0)
    targetModules = try Self.names("target_modules", file)
    excludeModules = try Self.names("exclude_modules", file)
    modulesToSave = try file.optionalStrings("modules_to_save") ?? []
    if let value = file.value("layers_to_transform") {
      let numbers = value.int.map { [$0] } ?? value.list?.compactMap(\.int)
      guard let numbers, value.list.map({ $0.count == numbers.count }) ?? true else {
        throw file.fault("layers_to_transform", "a number or a list of numbers is expected")
      }
      layersToTransform = numbers
    }
    if let value = file.value("layers_pattern") {
      layersPattern = try value.string.map { [$0] } ?? file.optionalStrings("layers_pattern") ?? []
      layersPattern.removeAll(where: \.isEmpty)
    }
    rankPattern = try Self.pattern("rank_pattern", file).map { name, value in
      guard let rank = value.int, (1...1 << 31).contains(rank) else {
        throw file.fault("rank_pattern", "ranks are whole numbers from 1 to 2147483648")
      }
      return (name, rank)
    }
    alphaPattern = try Self.pattern("alpha_pattern", file).map { name, value in
      guard let alpha = value.double else {
        throw file.fault("alpha_pattern", "alphas are numbers")
      }
      return (name, alpha)
    }
    let word = try file.string("bias", "none")
    guard let bias = Bias(rawValue: word) else {
      throw file.fault("bias", "“\(word)” is none of none, all and lora_only")
    }
    self.bias = bias
    loraBias = try file.bool("lora_bias", false)
    usesRSLora = try file.bool("use_rslora", false)
    usesDora = try file.bool("use_dora", false)
    initialization = try Self.initialization(file)
    taskType = try file.optionalString("task_type")
    baseModelNameOrPath = try file.optionalString("base_model_name_or_path")
    revision = try file.optionalString("revision")
    try Self.refuseOthers(file)
  }

  private static func names(_ field: String, _ file: ModelConfiguration) throws -> Names? {
    guard let value = file.value(field) else { return nil }
    if let word = value.string {
      return word.lowercased() == "all-linear" ? .allLinear : .regex(word)
    }
    return .list(try file.optionalStrings(field) ?? [])
  }

  private static func pattern(
    _ field: String, _ file: ModelConfiguration
  ) throws -> [(String, ConfigurationValue)] {
    guard let value = file.value(field) else { return [] }
    guard let members = value.members else { throw file.fault(field, "an object is expected") }
    return members.map { ($0.name, $0.value) }
  }

  private static func initialization(_ file: ModelConfiguration) throws -> Initialization {
    switch file.value("init_lora_weights") {
    case nil, .bool(true)?: return .standard
    case .bool(false)?: return .random
    case .string(let word)? where word.lowercased() == "gaussian": return .gaussian
    case let other?:
      throw file.fault(
        "init_lora_weights",
        "\(other.json()) changes the base model's weights, which is not done here",
        remedy:
          "Convert the adapter to plain LoRA with PEFT's path_initial_model_for_weight_conversion")
    }
  }

  /// Fields that say nothing of what is computed.
  private static let descriptive: Set<String> = [
    "auto_mapping", "peft_version", "inference_mode", "megatron_core", "qalora_group_size",
    "fan_in_fan_out", "runtime_config",
  ]

  /// Any other field is honoured only where it asks for nothing.
  private static func refuseOthers(_ file: ModelConfiguration) throws {
    let nothing: [ConfigurationValue] = [.null, false, .object([]), .list([]), ""]
    for field in file.fields
    where !file.honoured.contains(field.name) && !descriptive.contains(field.name)
      && !nothing.contains(field.value)
    {
      throw file.fault(
        field.name, "the setting \(field.value.json()) is not honoured",
        remedy: "Use an adapter without it")
    }
  }

  /// The fields as PEFT writes them.
  var fields: ConfigurationValue {
    func strings(_ list: [String]) -> ConfigurationValue { .list(list.map { .string($0) }) }
    func names(_ names: Names?) -> ConfigurationValue {
      switch names {
      case nil: .null
      case .list(let list): strings(list)
      case .regex(let pattern): .string(pattern)
      case .allLinear: "all-linear"
      }
    }
    func text(_ text: String?) -> ConfigurationValue { text.map { .string($0) } ?? .null }
    func number(_ value: Double) -> ConfigurationValue {
      Int(exactly: value).map { .int($0) } ?? .double(value)
    }
    let start: ConfigurationValue =
      switch initialization {
      case .standard: true
      case .gaussian: "gaussian"
      case .random: false
      }
    return [
      "peft_type": "LORA", "task_type": text(taskType), "auto_mapping": .null,
      "base_model_name_or_path": text(baseModelNameOrPath), "revision": text(revision),
      "inference_mode": true, "r": .int(r), "lora_alpha": number(loraAlpha),
      "lora_dropout": .double(loraDropout), "target_modules": names(targetModules),
      "exclude_modules": names(excludeModules),
      "modules_to_save": modulesToSave.isEmpty ? .null : strings(modulesToSave),
      "layers_to_transform": layersToTransform.map { .list($0.map { .int($0) }) } ?? .null,
      "layers_pattern": layersPattern.isEmpty ? .null : strings(layersPattern),
      "rank_pattern": .object(rankPattern.map { .init($0.0, .int($0.1)) }),
      "alpha_pattern": .object(alphaPattern.map { .init($0.0, number($0.1)) }),
      "bias": .string(bias.rawValue), "lora_bias": .bool(loraBias), "fan_in_fan_out": false,
      "use_rslora": .bool(usesRSLora), "use_dora": .bool(usesDora), "init_lora_weights": start,
    ]
  }
}
