import ArgumentParser
import Base
import Foundation
import RunCommands
import Torus

/// `ddp-train chat FOLDER`: talks with a language model by its chat template.
struct ChatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat", abstract: "Talks with a language model's folder by its chat template.",
    discussion: """
      Each line is a message; answers are written as they come. /reset begins anew, /system TEXT says \
      what the model is told before everything (and begins anew), /exit or the end of input ends. Where \
      the context has no room for all messages the oldest are dropped. Where messages come from a file or \
      a pipe and one could not be answered, the end's code is 1.
      """)

  @Argument(
    help: "The model's folder, or the run directory of a fine-tuning.",
    completion: .directory,
    transform: { ModelPlace.folder(try UserPath.expanded($0)) })
  var folder: String

  @Option(help: "What the model is told before everything.")
  var system: String?

  @OptionGroup var options: GenerationOptions

  func run() throws {
    try reporting {
      // The template first: without one there is nothing to load weights for.
      let templates = try AutoTokenizer.fromPretrained(folder).chatTemplates()
      guard !templates.isEmpty else {
        throw TextError(
          "\(folder) has no chat template, so that the model cannot be talked to; use generate, or give the folder a chat_template.jinja"
        )
      }
      // One that cannot be read would refuse every message.
      if let source = templates["default"] { _ = try ChatTemplate(source) }
      let writer = try options.writer(folder)
      var conversation = try Conversation(
        writer, system: system, config: try options.config(writer), seed: options.seed)
      let isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
      if isTerminal { StandardStream.output.write("/reset, /system TEXT, /exit\n") }
      var input = InputLines()
      var hasFailed = false
      while true {
        if isTerminal { StandardStream.output.write("> ") }
        guard let line = input.next() else {
          if isTerminal { StandardStream.output.write("\n") }
          break
        }
        if !answer(line, &conversation) { hasFailed = true }
        if isExit(line) { break }
      }
      // Who reads the errors at a terminal has seen them; a program looks at the end's code.
      if hasFailed, isatty(STDIN_FILENO) != 1 { throw ExitCode.failure }
    }
  }

  private func isExit(_ line: [UInt8]) -> Bool {
    ["/exit", "/quit"].contains(String(decoding: line, as: UTF8.self))
  }

  /// Takes one line. A message that cannot be answered is said to be so, and the conversation goes on.
  /// - Returns: Whether it was answered.
  private func answer(_ line: [UInt8], _ conversation: inout Conversation) -> Bool {
    do {
      let text = try OutsideText.text(line, "the message")
      let said = text.drop { $0.isWhitespace }
      switch said.split(separator: " ", maxSplits: 1).first {
      case nil, "/exit", "/quit": break
      case "/reset": conversation.reset()
      case "/system":
        conversation.reset()
        let rest = said.dropFirst("/system".count).drop { $0.isWhitespace }
        conversation.system = rest.isEmpty ? nil : String(rest)
      case let word? where word.first == "/":
        throw TextError("there is no \(word); there are /reset, /system TEXT and /exit")
      default:
        let before = conversation.dropped
        _ = try conversation.say(text) { StandardStream.output.write($0) }
        StandardStream.output.write("\n")
        let dropped = conversation.dropped - before
        if dropped > 0 {
          StandardStream.error.write(
            "ddp-train: the oldest \(dropped) messages were dropped, since the context is full\n")
        }
      }
      return true
    } catch {
      StandardStream.error.write("ddp-train: \(error)\n")
      return false
    }
  }
}

/// The lines of standard input, as soon as each is there.
private struct InputLines {
  private var buffer: [UInt8] = []
  private var isAtEnd = false

  /// The next line without its end; nil at the end of input.
  mutating func next() -> [UInt8]? {
    var searched = 0
    while true {
      if let end = buffer[searched...].firstIndex(of: 0x0a) {
        defer { buffer.removeFirst(end + 1) }
        let line = buffer[..<end]
        return Array(line.last == 0x0d ? line.dropLast() : line)
      }
      searched = buffer.count
      if isAtEnd {
        defer { buffer = [] }
        return buffer.isEmpty ? nil : buffer
      }
      var block = [UInt8](repeating: 0, count: 65_536)
      let count = read(STDIN_FILENO, &block, block.count)
      if count > 0 {
        buffer += block[..<count]
      } else if count == 0 || errno != EINTR {
        isAtEnd = true
      }
    }
  }
}
