import Tokenizers
import Transformers

/// A conversation with a language model by its chat template.
public struct Conversation {
  private let writer: TextWriter
  private var messages: [(role: String, content: String)] = []
  /// What the model is told before everything; nil for nothing.
  public var system: String?
  /// Settings before the folder's own.
  public var config: GenerationConfig
  /// How many messages were dropped, since the context had no room for them.
  public private(set) var dropped = 0
  private let seed: UInt64
  /// What the model has read: a turn reads only what is new.
  private let read = PromptCache()
  private var turns: UInt64 = 0

  /// A conversation without messages.
  /// - Parameters:
  ///   - writer: The model with its tokenizer.
  ///   - system: What the model is told before everything.
  ///   - config: Settings before the folder's own; begin with ``TextWriter/config``.
  ///   - seed: What tokens are drawn from.
  /// - Throws: An error where the tokenizer has no chat template.
  public init(
    _ writer: TextWriter, system: String? = nil, config: GenerationConfig, seed: UInt64
  ) throws {
    guard try !writer.tokenizer.chatTemplates().isEmpty else {
      throw TextError(
        "the tokenizer has no chat template, so that the model cannot be talked to; use generate, or give the folder a chat_template.jinja"
      )
    }
    self.writer = writer
    self.system = system
    self.config = config
    self.seed = seed
  }

  /// The number of messages that the model still sees.
  public var count: Int { messages.count }

  /// How many tokens the model has read and need not read again.
  public var readTokens: Int { read.count }

  /// Forgets all messages.
  public mutating func reset() { (messages, dropped) = ([], 0) }

  /// Says something, and takes the answer into the conversation.
  ///
  /// Where the context has no room for all messages the oldest are dropped.
  /// - Parameters:
  ///   - text: What the user says.
  ///   - output: Takes each piece of the answer as soon as it is certain.
  /// - Throws: ``TextError`` where even the last message has no room, or what the template throws; the
  ///   conversation is then as it was.
  public mutating func say(_ text: String, output: ((String) -> Void)? = nil) throws -> String {
    let before = (messages, dropped)
    do {
      messages.append(("user", text))
      var ids = try ids()
      while let most = writer.contextLength, ids.count >= most, messages.count > 1 {
        // A user's message goes with its answer, so that turns go on alternating.
        let pair = min(2, messages.count - 1)
        messages.removeFirst(pair)
        dropped += pair
        ids = try self.ids()
      }
      try writer.checkRoom(ids.count, "the message")
      let answer = try writer.continuations(
        of: ids, config, seed: seed &+ turns, promptCache: read, output: output)[0]
      turns += 1
      messages.append(("assistant", answer))
      return answer
    } catch {
      (messages, dropped) = before
      throw error
    }
  }

  private func ids() throws -> [Int] {
    let all = (system.map { [("system", $0)] } ?? []) + messages.map { ($0.role, $0.content) }
    let ids = try writer.tokenizer.applyChatTemplate(
      all.map { ["role": .string($0.0), "content": .string($0.1)] }, addGenerationPrompt: true)
    guard !ids.isEmpty else {
      throw TextError("the chat template makes no text of the messages; correct it")
    }
    return ids
  }
}
