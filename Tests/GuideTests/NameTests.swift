import Foundation
import Testing

/// PyTorch's names: what is documented compiles, and what somebody may guess is answered by the compiler
/// with the right spelling. The compiler itself is asked, once for all of them.
@Suite("Names of PyTorch")
struct NameTests {
  @Test("every spelling of the table compiles")
  func spellings() async throws {
    let table = try NameTable.read()
    let snippets = table.names.filter { !$0.isAbsent }
    #expect(snippets.count > 450)
    let answers = try await Compiler.answers(to: snippets.map(\.spelling))
    for (name, answer) in zip(snippets, answers) {
      #expect(answer.isEmpty, "\(name.pytorch): \(name.spelling)")
    }
  }

  @Test("every guess is answered with the right spelling")
  func guesses() async throws {
    let guesses = try NameTable.read().names.flatMap { name in name.guesses.map { (name, $0) } }
    #expect(guesses.count > 250)
    let answers = try await Compiler.answers(to: guesses.map(\.1))
    for ((name, guess), answer) in zip(guesses, answers) {
      #expect(
        answer.contains(where: Compiler.isHint), "\(name.pytorch), guessed as \(guess): \(answer)")
    }
  }

  @Test("PyTorch's own spelling, underscores and all, is answered with the right one")
  func underscores() async throws {
    let names = try NameTable.read().names.compactMap { name in name.underscored.map { (name, $0) }
    }
    #expect(names.count > 120)
    let answers = try await Compiler.answers(to: names.map(\.1))
    for ((name, guess), answer) in zip(names, answers) {
      #expect(answer.contains(where: Compiler.isHint), "\(name.pytorch), as \(guess): \(answer)")
    }
  }

  @Test("docs/names.md is the table")
  func guide() throws {
    let file = NameTable.project.appending(path: "docs/names.md")
    let wanted = try NameTable.read().markdown
    if ProcessInfo.processInfo.environment["TORUS_TEST_WRITE"] == "docs" {
      try Data(wanted.utf8).write(to: file)
    }
    let found = try String(contentsOf: file, encoding: .utf8)
    #expect(
      found == wanted, "TORUS_TEST_WRITE=docs ./launch/test --filter NameTests writes it anew")
  }
}
