import Foundation
import Testing

/// What people who know PyTorch or Keras write first, and is wrong here: the compiler's answer names the right
/// spelling. `TORUS_TEST_SHOW=guesses` prints every answer.
@Suite("Wrong guesses")
struct GuessTests {
  private struct Guess {
    let section: String
    let code: String
    let answer: String
  }

  private static func read() throws -> [Guess] {
    let file = NameTable.project.appending(path: "Tests/GuideTests/guesses.txt")
    var (guesses, section) = ([Guess](), "")
    for line in try String(contentsOf: file, encoding: .utf8).split(whereSeparator: \.isNewline) {
      if line.hasPrefix("## ") {
        section = String(line.dropFirst(3))
      } else if !line.hasPrefix("#") {
        let fields = line.components(separatedBy: " | ")
        try #require(fields.count == 2, "\(line)")
        guesses.append(Guess(section: section, code: fields[0], answer: fields[1]))
      }
    }
    return guesses
  }

  @Test("each is answered with the right spelling")
  func answers() async throws {
    let guesses = try Self.read()
    #expect(guesses.count > 50)
    let answers = try await Compiler.answers(to: guesses.map(\.code), areStatements: true)
    let shows = ProcessInfo.processInfo.environment["TORUS_TEST_SHOW"] == "guesses"
    for (guess, answer) in zip(guesses, answers) {
      if shows { print(([guess.code] + answer.map { "    error: \($0)" }).joined(separator: "\n")) }
      #expect(answer.contains { $0.contains(guess.answer) }, "\(guess.code): \(answer)")
    }
  }

  @Test("what is right is taken as it is, beside all that is refused")
  func right() async throws {
    let snippets = [
      "if x.sum().item() < 0.5 { }", "let m = x > 0; _ = m.sum()", "_ = (x > 0) & (y < 1)",
      "let m: Tensor = x >= y; _ = m", "_ = Double(x.item()) + Double(3) + Double(Float(2))",
      "_ = Tensor.cat([x, y]); _ = Tensor.stack([x, y], dim: 1)",
      "_ = x.sum(dim: 1) + x.sum(dims: [0, 1])", "_ = [1, 2].filter { $0 > 0 && $0 <= 2 }.count",
      "_ = Adam(model.parameters(), lr: 0.1)", "x.grad = nil", "let len = 3; _ = len + 1",
    ]
    let answers = try await Compiler.answers(to: snippets, areStatements: true)
    for (snippet, answer) in zip(snippets, answers) { #expect(answer.isEmpty, "\(snippet)") }
  }

  @Test("docs/guesses.md lists them")
  func guide() throws {
    let file = NameTable.project.appending(path: "docs/guesses.md")
    var wanted = """
      # Wrong guesses

      What people who know PyTorch or Keras write first, and what the compiler's answer to it says. In the
      snippets `x` and `y` are tensors, `mask` holds truth values, and `model` is a module.
      `TORUS_TEST_SHOW=guesses ./launch/test --filter GuessTests` prints the answers in full.

      <!-- Written by Tests/GuideTests from guesses.txt. -->

      """
    var section = ""
    for guess in try Self.read() {
      if guess.section != section {
        section = guess.section
        wanted += "\n## \(section)\n\n| Guess | Says |\n| --- | --- |\n"
      }
      wanted += "| `\(guess.code)` | `\(guess.answer)` |\n"
    }
    if ProcessInfo.processInfo.environment["TORUS_TEST_WRITE"] == "docs" {
      try Data(wanted.utf8).write(to: file)
    }
    let found = try String(contentsOf: file, encoding: .utf8)
    #expect(
      found == wanted, "TORUS_TEST_WRITE=docs ./launch/test --filter GuessTests writes it anew")
  }
}
