import ArgumentParser
import Base
import Foundation
import RunCommands
import Torus

/// `ddp-train generate RUN|FOLDER --prompt TEXT`: continues a text with a trained character model, or
/// with a language model's folder.
struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Continues a text with a trained char-gpt, or with a language model's folder.",
    discussion: """
      RUN is the directory of a char-gpt run, or of a fine-tuning that has ended; FOLDER holds a model as Hugging Face's are published \
      (config.json, weights, tokenizer), or is a name that the hub's cache holds. A folder's text is \
      written as it comes.
      """)

  @Argument(
    help: "The run directory, or the model's folder.",
    completion: .directory,
    transform: { ModelPlace.folder(try UserPath.expanded($0)) })
  var path: String

  @Option(
    help: """
      What the text begins with; for a run by default the end of a line, and characters that the model \
      has not seen are an error.
      """)
  var prompt: String?

  @Option(
    help: "A file that holds the prompt; - for standard input.",
    completion: .file(),
    transform: { try UserPath.expanded($0) })
  var promptFile: String?

  @Option(help: "How many characters to add (for a run; by default 500).")
  var count: Int?

  @Option(help: "How many continuations to give (for a folder).")
  var numReturnSequences: Int?

  @Option(
    help: "A smaller model of the same vocabulary that drafts tokens (for a folder).",
    completion: .file(),
    transform: { try UserPath.expanded($0) })
  var assistant: String?

  @Option(
    help: "What --set guidance_scale=NUMBER leads away from (for a folder).")
  var negativePrompt: String?

  @OptionGroup var options: GenerationOptions

  /// The most characters of one text.
  private static let mostCharacters = 10_000_000

  func validate() throws {
    if let count, !(1...Self.mostCharacters).contains(count) {
      throw ValidationError(
        "--count must be between 1 and \(Self.mostCharacters), and \(count) was given")
    }
    guard prompt == nil || promptFile == nil else {
      throw ValidationError("give one of --prompt and --prompt-file")
    }
    if let numReturnSequences, !(1...10_000).contains(numReturnSequences) {
      throw ValidationError(
        "--num-return-sequences must be between 1 and 10000, and \(numReturnSequences) was given")
    }
  }

  func run() throws {
    try reporting {
      let text = try promptFile.map(OutsideText.contents(of:)) ?? prompt
      let isRun = FileManager.default.fileExists(atPath: "\(path)/config.yaml")
      if isRun { try continueRun(text) } else { try continueFolder(text) }
    }
  }

  private func continueRun(_ text: String?) throws {
    if let kind = try RunKinds.kind(of: "\(path)/config.yaml") {
      throw TextError(
        "\(path) has no model yet, since the run has not ended; go on with ddp-train \(kind.command) \(path)/config.yaml --resume"
      )
    }
    let foreign =
      options.ofFolders
      + [
        ("--num-return-sequences", numReturnSequences != nil), ("--assistant", assistant != nil),
        ("--negative-prompt", negativePrompt != nil),
      ].filter(\.1).map(\.0)
    if let option = foreign.first {
      throw TextError(
        "\(option) is for a model's folder, and \(path) is a run over characters; such a run takes --count, --temperature, --top-k and --seed"
      )
    }
    guard text?.isEmpty != true else { throw TextError("the prompt must hold a character") }
    let generation = try TextGeneration(runDirectory: path)
    let text = try generation.generate(
      prompt: text ?? "\n", count: count ?? 500, temperature: options.temperature ?? 0.8,
      topK: options.topK, seed: options.seed)
    guard StandardStream.output.print(text) else { throw ExitCode.failure }
  }

  private func continueFolder(_ text: String?) throws {
    guard count == nil else {
      throw TextError("--count is for the characters of a run; use --max-new-tokens for a folder")
    }
    var writer = try options.writer(path)
    if let assistant {
      let draft = try options.writer(assistant)
      writer.assistant = draft.model
    }
    var config = try options.config(writer)
    if let numReturnSequences { config.numReturnSequences = numReturnSequences }
    var isStreamed = false
    let texts = try writer.continuations(
      of: text ?? "", config, seed: options.seed,
      negativePrompt: negativePrompt
    ) {
      isStreamed = true
      StandardStream.output.write($0)
    }
    if isStreamed {
      StandardStream.output.write("\n")
    } else {
      for text in texts { StandardStream.output.write(text + "\n") }
    }
  }
}
