import ArgumentParser
import Base
import Foundation
import Torus

/// `ddp-train generate RUN --prompt TEXT`: samples from a trained character model.
struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Continues a text with a trained char-gpt.")

  @Argument(help: "The run directory.", transform: { try UserPath.expanded($0) })
  var runDirectory: String

  @Option(
    help: """
      What the text begins with, by default the end of a line; characters that the model has not seen \
      are an error.
      """)
  var prompt: String?

  @Option(help: "How many characters to add.")
  var count = 500

  @Option(help: "Divides the logits: below 1 safer, above 1 bolder, 0 always the likeliest.")
  var temperature = 0.8

  @Option(help: "Draw only among this many likeliest characters.")
  var topK: Int?

  @Option(help: "Seed of the draws.")
  var seed: UInt64 = 1

  /// The most characters of one text, and the highest temperature: all are as likely long before.
  private static let (mostCharacters, highestTemperature) = (10_000_000, 1e6)

  func validate() throws {
    guard (1...Self.mostCharacters).contains(count) else {
      throw ValidationError(
        "--count must be between 1 and \(Self.mostCharacters), and \(count) was given")
    }
    guard temperature >= 0, temperature <= Self.highestTemperature else {
      throw ValidationError(
        "--temperature must be a number between 0 and \(Int(Self.highestTemperature)), and \(temperature) was given"
      )
    }
    guard topK ?? 1 > 0 else {
      throw ValidationError("--top-k must be at least 1, and \(topK ?? 0) was given")
    }
    guard prompt?.isEmpty != true else { throw ValidationError("--prompt must hold a character") }
  }

  func run() throws {
    let text: String
    do {
      text = try TextGeneration(runDirectory: runDirectory)
        .generate(
          prompt: prompt ?? "\n", count: count, temperature: temperature, topK: topK, seed: seed)
    } catch {
      StandardStream.error.print("ddp-train: \(error)")
      throw ExitCode.failure
    }
    guard StandardStream.output.print(text) else { throw ExitCode.failure }
  }
}
