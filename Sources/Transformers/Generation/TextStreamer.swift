import Base
import Foundation

/// Is given tokens while they are generated (`transformers.generation.streamers.BaseStreamer`).
public protocol GenerationStreamer: AnyObject {
  /// Takes the prompt, and then each new token.
  func put(_ tokens: [Int])
  /// Is told that no more will come.
  func end()
}

/// Passes text on as soon as it is certain (`transformers.TextStreamer`).
///
/// Letters, digits and spaces go out at once; symbols wait for a space, since they may begin
/// something, and so do bytes that do not make a character yet. A new line empties everything.
public final class TextStreamer: GenerationStreamer {
  private let decode: ([Int]) -> String
  private let output: (String) -> Void
  private let skipsPrompt: Bool
  private var tokens: [Int] = []
  private var printed = 0
  private var isPromptNext = true

  /// - Parameters:
  ///   - skipPrompt: Whether the prompt is left out.
  ///   - decode: Makes text of tokens.
  ///   - output: Takes each new piece of text; by default it is printed.
  public init(
    skipPrompt: Bool = false, decode: @escaping ([Int]) -> String,
    output: @escaping (String) -> Void = TextStreamer.print
  ) {
    (skipsPrompt, self.decode, self.output) = (skipPrompt, decode, output)
  }

  /// Writes text to standard output at once.
  public static func print(_ text: String) {
    StandardStream.output.write(text)
  }

  /// Takes the prompt, and then each new token.
  public func put(_ new: [Int]) {
    if isPromptNext {
      isPromptNext = false
      if skipsPrompt { return }
    }
    tokens += new
    let text = Array(decode(tokens).unicodeScalars)
    let fresh = text.dropFirst(printed)
    if text.last == "\n" {
      send(fresh)
      // The last token stays: what comes next may depend on it.
      tokens = tokens.suffix(1)
      printed = decode(tokens).unicodeScalars.count
    } else if text.last.map(TextStreamer.isIdeograph) ?? false
      || fresh.allSatisfy(TextStreamer.isPlain)
    {
      send(fresh)
      printed += fresh.count
    } else if let space = text.lastIndex(of: " "), space + 1 > printed {
      send(text[printed...space])
      printed = space + 1
    }
  }

  /// Passes on what is left and makes ready for another text.
  public func end() {
    send(decode(tokens).unicodeScalars.dropFirst(printed))
    (tokens, printed, isPromptNext) = ([], 0, true)
  }

  private func send(_ scalars: some Sequence<Unicode.Scalar>) {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars)
    if !text.isEmpty { output(String(text)) }
  }

  /// Whether a character is a letter with its marks, a digit or a space.
  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.properties.isWhitespace { return true }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber:
      return true
    default: return false
    }
  }

  /// Whether a character is one of the ideographs that Chinese is written with.
  private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x3400...0x4dbf, 0x4e00...0x9fff, 0xf900...0xfaff, 0x20000...0x2a6df, 0x2a700...0x2b73f,
      0x2b740...0x2b81f, 0x2b820...0x2ceaf, 0x2f800...0x2fa1f:
      true
    default: false
    }
  }
}
