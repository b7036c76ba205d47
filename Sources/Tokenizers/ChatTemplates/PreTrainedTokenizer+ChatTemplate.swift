import Base
import Foundation

extension PreTrainedTokenizer {
  /// The folder's chat templates by name; one that stands alone is `default`.
  ///
  /// chat_template.jinja and additional_chat_templates/NAME.jinja are read first, then the
  /// `chat_template` of tokenizer_config.json, which is a text or a list of names and templates.
  /// - Throws: An error that names a file that cannot be read.
  public func chatTemplates() throws -> [String: String] {
    var result: [String: String] = [:]
    if let text = configuration["chat_template"]?.string {
      result["default"] = text
    } else {
      for item in configuration["chat_template"]?.array ?? [] {
        guard let name = item["name"]?.string, let text = item["template"]?.string else {
          throw ChatTemplateError(
            .call, "tokenizer_config.json: chat_template has an entry without name or template")
        }
        result[name] = text
      }
    }
    guard let folder else { return result }
    var files: [String: String] = [:]
    if let bytes = try folder.bytes(of: "chat_template.jinja") {
      files["default"] = String(decoding: bytes, as: UTF8.self)
    }
    let more = folder.path + "/additional_chat_templates"
    for name in (try? FileManager.default.contentsOfDirectory(atPath: more)) ?? []
    where name.hasSuffix(".jinja") {
      if let bytes = try folder.bytes(of: "additional_chat_templates/" + name) {
        files[String(name.dropLast(6))] = String(decoding: bytes, as: UTF8.self)
      }
    }
    return files.isEmpty ? result : files
  }

  /// The template of a name, or that which is meant where none is given: `tool_use` where there are
  /// tools and such a template, else `default`. Any other text is taken for a template itself.
  private func template(_ given: String?, hasTools: Bool) throws -> String {
    let templates = try chatTemplates()
    if let given { return templates[given] ?? given }
    if hasTools, let template = templates["tool_use"] { return template }
    if let template = templates["default"] { return template }
    guard templates.isEmpty else {
      throw ChatTemplateError(
        .call,
        "there are several chat templates and none is the default; give one of "
          + templates.keys.sorted().joined(separator: ", "))
    }
    throw ChatTemplateError(
      .call, "the tokenizer has no chat template; give one as chatTemplate")
  }

  /// The text of a conversation by the chat template.
  ///
  /// - Parameters:
  ///   - messages: Dictionaries with `role`, `content` and what else the template reads.
  ///   - tools: Functions that the model may call, as JSON schemas.
  ///   - documents: Dictionaries with `title` and `text`.
  ///   - chatTemplate: A template or the name of one; nil is the folder's.
  ///   - addGenerationPrompt: Whether the beginning of an answer follows.
  ///   - continueFinalMessage: Whether the text ends with the last message's content, which the model
  ///     is to go on with.
  ///   - variables: Further variables of the template, such as `enable_thinking`.
  /// - Throws: ``ChatTemplateError``, also where the template refuses the conversation.
  public func renderChatTemplate(
    _ messages: [TemplateValue], tools: [TemplateValue]? = nil,
    documents: [TemplateValue]? = nil, chatTemplate: String? = nil,
    addGenerationPrompt: Bool = false, continueFinalMessage: Bool = false,
    variables: [String: TemplateValue] = [:]
  ) throws -> String {
    try rendering(
      messages, tools, documents, chatTemplate, addGenerationPrompt, continueFinalMessage, variables
    ).text
  }

  /// The ids of a conversation by the chat template, without any special tokens but the template's
  /// own. The parameters are those of
  /// ``renderChatTemplate(_:tools:documents:chatTemplate:addGenerationPrompt:continueFinalMessage:variables:)``.
  /// - Throws: ``ChatTemplateError``, also where the template refuses the conversation, or
  ///   ``TokenizerError``.
  public func applyChatTemplate(
    _ messages: [TemplateValue], tools: [TemplateValue]? = nil,
    documents: [TemplateValue]? = nil, chatTemplate: String? = nil,
    addGenerationPrompt: Bool = false, continueFinalMessage: Bool = false,
    variables: [String: TemplateValue] = [:]
  ) throws -> [Int] {
    let text = try renderChatTemplate(
      messages, tools: tools, documents: documents, chatTemplate: chatTemplate,
      addGenerationPrompt: addGenerationPrompt, continueFinalMessage: continueFinalMessage,
      variables: variables)
    return try backend.encode(text, addSpecialTokens: false).ids
  }

  /// The ids of a conversation, and 1 for each token of the template's `{% generation %}` blocks: what
  /// the assistant wrote, and what a loss is to be taken of.
  /// - Throws: ``ChatTemplateError``, also where the template has no such block, or
  ///   ``TokenizerError``.
  public func applyChatTemplateWithAssistantMask(
    _ messages: [TemplateValue], tools: [TemplateValue]? = nil,
    documents: [TemplateValue]? = nil, chatTemplate: String? = nil,
    variables: [String: TemplateValue] = [:]
  ) throws -> (inputIds: [Int], assistantMask: [Int]) {
    let source = try template(chatTemplate, hasTools: tools != nil)
    guard PythonSearch.contains(source, "endgeneration") else {
      throw ChatTemplateError(
        .call, "the chat template has no {% generation %} block to take the assistant's words from")
    }
    let rendering = try rendering(
      messages, tools, documents, source, false, false, variables)
    let encoding = try backend.encode(rendering.text, addSpecialTokens: false)
    var spans = rendering.generationSpans[...]
    let mask = encoding.offsets.map { token in
      while let span = spans.first, token.lowerBound >= span.upperBound { spans.removeFirst() }
      return spans.first.map { token.upperBound > $0.lowerBound } ?? false ? 1 : 0
    }
    return (encoding.ids, mask)
  }

  private func rendering(
    _ messages: [TemplateValue], _ tools: [TemplateValue]?, _ documents: [TemplateValue]?,
    _ chatTemplate: String?, _ addGenerationPrompt: Bool, _ continueFinalMessage: Bool,
    _ variables: [String: TemplateValue]
  ) throws -> ChatTemplate.Rendering {
    let source = try template(chatTemplate, hasTools: tools != nil)
    var conversation = try ChatConversation(messages)
    if continueFinalMessage {
      guard !addGenerationPrompt else {
        throw ChatTemplateError(
          .call, "continueFinalMessage and addGenerationPrompt exclude each other; give one")
      }
      try conversation.markFinalMessage(for: source)
    }
    var all: [String: TemplateValue] = [:]
    for (name, part) in SpecialTokens.names {
      if let token = specialTokens[keyPath: part] { all[name] = .string(token) }
    }
    all.merge(variables) { $1 }
    all["messages"] = .list(conversation.messages)
    all["tools"] = tools.map { .list($0) } ?? TemplateValue.none
    all["documents"] = documents.map { .list($0) } ?? TemplateValue.none
    all["add_generation_prompt"] = .bool(addGenerationPrompt)
    let rendering = try ChatTemplate(source).render(all)
    guard continueFinalMessage else { return rendering }
    return ChatTemplate.Rendering(
      text: try conversation.cutAtMark(rendering.text), generationSpans: rendering.generationSpans)
  }

  /// Writes the folder's template files beside those of the tokenizer.
  func saveChatTemplates(_ folder: String) throws {
    guard configuration["chat_template"] == nil || self.folder?.file("chat_template.jinja") != nil
    else { return }
    for (name, text) in try chatTemplates() {
      var path = folder + "/chat_template.jinja"
      if name != "default" {
        let more = folder + "/additional_chat_templates"
        try FileManager.default.createDirectory(atPath: more, withIntermediateDirectories: true)
        path = "\(more)/\(name).jinja"
      }
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
  }
}
