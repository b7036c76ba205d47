/// Messages as templates see them: without fields that are none, with reasoning under all the names
/// that templates read, and with a mark behind the text that is to be continued.
struct ChatConversation {
  private static let mark = "CONTINUE_FINAL_MESSAGE_TAG"
  private static let reasoningFields = ["reasoning_content", "thinking", "reasoning"]

  /// The messages for the template.
  private(set) var messages: [TemplateValue]
  /// The text that is to be continued.
  private var finalText: String?

  /// - Throws: ``ChatTemplateError`` where there are none or one is no dictionary.
  init(_ given: [TemplateValue]) throws {
    guard !given.isEmpty else {
      throw ChatTemplateError(
        .call, "the conversation is empty; give at least one message")
    }
    messages = try given.map { message in
      guard let fields = message.dictionary else {
        throw ChatTemplateError(
          .call,
          "a message must be a dictionary with a role and a content, not "
            + message.representation)
      }
      return .dictionary(Self.normalized(fields))
    }
  }

  private static func normalized(_ fields: TemplateDictionary) -> TemplateDictionary {
    var present = TemplateDictionary()
    for (key, value) in zip(fields.keys, fields.values) where !value.isNone {
      present.set(key, value)
    }
    guard let reasoning = reasoningFields.lazy.compactMap({ present[$0] }).first else {
      return present
    }
    var result = TemplateDictionary()
    result["thinking"] = reasoning
    for (key, value) in zip(present.keys, present.values) { result.set(key, value) }
    result["reasoning_content"] = reasoning
    return result
  }

  /// Marks the end of the last message's content: its text, or the last of its text parts.
  mutating func markFinalMessage(for template: String) throws {
    guard var message = messages.last?.dictionary, let content = message["content"] else {
      throw ChatTemplateError(.call, "continueFinalMessage: the last message has no content")
    }
    guard PythonSearch.contains(template, "content") else {
      throw ChatTemplateError(.call, "continueFinalMessage: the chat template reads no content")
    }
    if case .string(let text) = content {
      finalText = text
      message["content"] = .string(text + Self.mark + " ")
    } else {
      var parts = (try? content.elements()) ?? []
      guard let place = parts.lastIndex(where: { $0.dictionary?["text"]?.string != nil }),
        var part = parts[place].dictionary, let text = part["text"]?.string
      else {
        throw ChatTemplateError(.call, "continueFinalMessage: the last message has no text")
      }
      finalText = text
      part["text"] = .string(text + Self.mark + " ")
      parts[place] = .dictionary(part)
      message["content"] = .list(parts)
    }
    messages[messages.count - 1] = .dictionary(message)
  }

  /// A rendered text up to the mark.
  func cutAtMark(_ text: String) throws -> String {
    let bytes = Array(text.utf8)
    guard let finalText,
      PythonSearch.contains(text, PythonText.stripped(finalText, nil)),
      let place = PythonSearch.findLast(Array(Self.mark.utf8), in: bytes)
    else {
      throw ChatTemplateError(
        .call,
        "continueFinalMessage: the final message does not appear in the rendered chat; the chat "
          + "template may drop or change parts of it")
    }
    let kept = String(decoding: bytes[..<place], as: UTF8.self)
    let end = place + Self.mark.utf8.count
    let isWhole = end < bytes.count && bytes[end] == 0x20
    // Where the template trims messages, the mark has lost its space, and the text loses its own.
    return isWhole ? kept : PythonText.stripped(kept, nil, left: false)
  }
}
