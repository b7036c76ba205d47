import Tensors

extension ModelFamily {
  /// A family of decoders, with a head for each task.
  /// - Parameters:
  ///   - decoder: The family's decoder.
  ///   - modelTypes: The `model_type`s of its configurations.
  ///   - tasks: What transformers has classes for.
  ///   - names: The names of classes that are not made of the family's name and the task.
  ///   - fields: Fields that some classes of the family read and the others need not.
  public init<Decoder: DecoderModel>(
    decoder: Decoder.Type, _ modelTypes: [String],
    tasks: [ModelTask] = [
      .base, .causalLM, .sequenceClassification, .tokenClassification, .questionAnswering,
    ], names: [ModelTask: String] = [:], fields: Set<String> = []
  ) {
    let makers: [ModelTask: Maker] = [
      .base: { try Decoder($0) },
      .causalLM: { try DecoderForCausalLM<Decoder>($0) },
      .sequenceClassification: { try DecoderForSequenceClassification<Decoder>($0) },
      .tokenClassification: { try DecoderForTokenClassification<Decoder>($0) },
      .questionAnswering: { try DecoderForQuestionAnswering<Decoder>($0) },
    ]
    self.init(
      modelTypes, name: decoder.familyName,
      fields: fields.union([
        "classifier_dropout", "hidden_dropout", "token_classification_bias",
      ]),
      architectures: makers.filter { tasks.contains($0.key) }, names: names)
  }
}

extension ModelConfiguration {
  /// A number of keys that tokens see, or nil for all.
  /// - Throws: ``ModelError`` where it is not positive.
  public func window(_ name: String, _ fallback: Int?) throws -> Int? {
    guard let window = try self[name] == nil ? fallback : optionalInt(name) else { return nil }
    guard window > 0 else { throw fault(name, "\(window) is no number of keys") }
    return window
  }
}
