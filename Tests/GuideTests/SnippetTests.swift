import Foundation
import Testing

/// Every piece of Swift in the README and in docs compiles, as the compiler itself is asked.
///
/// The pieces of a page share one function, so that a later one goes on from an earlier one; those with
/// imports, extensions or functions stand outside of it. A comment `<!-- swift: … -->` holds what a page takes
/// for granted, and `<!-- swift -->` alone begins a new function, where names start again.
@Suite("Snippets of the documentation")
struct SnippetTests {
  static let pages: [String] = {
    let docs = NameTable.project.appending(path: "docs").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: docs)) ?? []
    return ["README.md", "docs/Torus.docc/Torus.md"]
      + names.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
  }()

  @Test("what a page shows compiles", arguments: pages)
  func compiles(page: String) throws {
    let text = try String(contentsOf: NameTable.project.appending(path: page), encoding: .utf8)
    for scope in PageScope.all(of: text) {
      let errors = try Compiler.errors(in: scope.source)
      let words = errors.map { "\(page), \(scope.place(of: $0.line)): \($0.words)" }
      #expect(words.isEmpty, "\(words.joined(separator: "\n"))")
    }
  }

  @Test("pages with snippets are found, and mistakes in them")
  func mistakes() throws {
    #expect(Self.pages.count > 15)
    let page = "# A page\n\n```swift\nlet x = Tensor([1.0])\n```\n\n```swift\nprint(x.shap)\n```\n"
    let scope = try #require(PageScope.all(of: page).first)
    let errors = try Compiler.errors(in: scope.source)
    #expect(errors.count == 1 && errors.first?.words.contains("'shap'") == true)
    #expect(errors.first.map { scope.place(of: $0.line) } == "line 8")
  }
}

/// Pieces of a page that are compiled together.
struct PageScope {
  private var outside: [(line: Int, text: String)] = []
  private var inside: [(line: Int, text: String)] = []

  private static let head = [
    "import Foundation", "import Reports", "import Torus", "import TrainCommands",
  ]

  /// The Swift of this scope, whose lines ``place(of:)`` finds again.
  var source: String {
    (Self.head + outside.map(\.text) + ["func page() throws {"] + inside.map(\.text) + ["}"])
      .joined(separator: "\n")
  }

  /// Where on the page a line of the source stands.
  func place(of line: Int) -> String {
    let index = line - 1 - Self.head.count
    if outside.indices.contains(index) { return "line \(outside[index].line)" }
    let rest = index - outside.count - 1
    return inside.indices.contains(rest) ? "line \(inside[rest].line)" : "the page as a whole"
  }

  private var isEmpty: Bool { outside.isEmpty && inside.isEmpty }

  /// The scopes of a page.
  static func all(of page: String) -> [PageScope] {
    var scopes = [PageScope()]
    var piece: [(line: Int, text: String)] = []
    var kind = Kind.prose
    for (index, line) in page.split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline
    ).enumerated() {
      switch (kind, line) {
      case (.prose, "```swift"): kind = .snippet
      case (.prose, "<!-- swift:"): kind = .context
      case (.prose, "<!-- swift -->"): scopes.append(PageScope())
      case (.snippet, "```"), (.context, "-->"):
        scopes[scopes.count - 1].add(piece)
        piece = []
        kind = .prose
      case (.prose, _): break
      default: piece.append((index + 1, String(line)))
      }
    }
    return scopes.filter { !$0.isEmpty }
  }

  private enum Kind { case prose, snippet, context }

  private mutating func add(_ piece: [(line: Int, text: String)]) {
    // The entry point of a program is a type as any other here.
    let lines = piece.filter { $0.text != "@main" }
    let isDeclaration = lines.contains { $0.text.firstMatch(of: #/^(import|extension) /#) != nil }
    let isStatement = lines.contains { line in
      line.text.firstMatch(of: #/^(try|let|var|for|if|print|_ =|loss|[a-z]\w*[.(\[])/#) != nil
    }
    if isDeclaration, !isStatement {
      outside += lines
    } else {
      inside += lines.map { ($0.line, $0.text.hasPrefix("import ") ? "" : $0.text) }
    }
  }
}
