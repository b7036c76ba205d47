import Base
import Foundation
import Tokenizers

/// Chat templates on conversations: a folder's `cases.json` with `templates` by name and cases with
/// their text and ids, or the words of their error.
struct ChatSuite: Suite {
  let units: [String]
  private let cases: Grouped<(number: Int, item: JSONValue)>
  private let templates: JSONValue?
  private let folder: String

  init(_ path: URL) throws {
    folder = path.path
    let url = path.appendingPathComponent("cases.json")
    let file: JSONValue
    do {
      file = try JSONParser.parse([UInt8](Data(contentsOf: url)))
    } catch {
      throw RunnerError("\(url.path): \(error)")
    }
    templates = file["templates"]
    let all = (file["cases"]?.array ?? []).enumerated().map { (number: $0, item: $1) }
    cases = Grouped(all) { $0.item["template"]?.string ?? "default" }
    units = cases.units
  }

  func checks(of unit: String) throws -> [Check] {
    let tokenizer = Result { try AutoTokenizer.fromPretrained(folder) }
    let template = templates?[unit]?.string
    return cases[unit].map { number, item in
      Check(id: "\(number)") { try Self.check(item, template, try tokenizer.get()) }
    }
  }

  private static func check(
    _ item: JSONValue, _ template: String?, _ tokenizer: PreTrainedTokenizer
  ) throws {
    func values(_ json: JSONValue?) -> [TemplateValue]? {
      json?.array.map { $0.map { TemplateValue($0) } }
    }
    let messages = values(item["messages"]) ?? []
    var variables: [String: TemplateValue] = [:]
    var tools: [TemplateValue]?
    var documents: [TemplateValue]?
    var (prompts, continues) = (false, false)
    for member in item["settings"]?.members ?? [] {
      switch member.name {
      case "tools": tools = values(member.value)
      case "documents": documents = values(member.value)
      case "add_generation_prompt": prompts = member.value.bool ?? false
      case "continue_final_message": continues = member.value.bool ?? false
      default: variables[member.name] = TemplateValue(member.value)
      }
    }
    do {
      let text = try tokenizer.renderChatTemplate(
        messages, tools: tools, documents: documents, chatTemplate: template,
        addGenerationPrompt: prompts, continueFinalMessage: continues, variables: variables)
      guard let expected = item["text"]?.string else {
        throw Mismatch("taken, though it must be refused")
      }
      guard text.utf8.elementsEqual(expected.utf8) else {
        throw Mismatch("text: expected \"\(expected)\", got \"\(text)\"")
      }
    } catch let error as ChatTemplateError {
      guard let expected = item["error"]?.string else { throw Mismatch("refused: \(error)") }
      // Only the template's own words are the same everywhere.
      guard error.kind != .raised || error.message == expected else {
        throw Mismatch("error: expected \"\(expected)\", got \"\(error.message)\"")
      }
      return
    }
    guard let ids = item["ids"]?.array?.compactMap(\.int) else { return }
    let own = try tokenizer.applyChatTemplate(
      messages, tools: tools, documents: documents, chatTemplate: template,
      addGenerationPrompt: prompts, continueFinalMessage: continues, variables: variables)
    guard own == ids else { throw Mismatch("ids: expected \(ids), got \(own)") }
  }
}
