import Foundation
import Testing

/// The names of names.txt, by section.
struct NameTable {
  struct Name {
    let pytorch: String
    /// What is written here, or a dash and the reason why there is nothing.
    let spelling: String
    /// What somebody may write who knows PyTorch.
    let guesses: [String]

    var isAbsent: Bool { spelling.hasPrefix("- ") }

    /// PyTorch's name as it is where it has underscores, on what it belongs to here; nil for other names.
    var underscored: String? {
      guard let last = pytorch.split(separator: ".").last, last.contains("_"), !isAbsent else {
        return nil
      }
      switch pytorch.dropLast(last.count + 1) {
      case "F": return "F.\(last)(x)"
      case "torch.linalg": return "Linalg.\(last)(q)"
      case "nn.init": return "Init.\(last)(parameter)"
      case "Module": return "model.\(last)(1)"
      case "Optimizer": return "optimizer.\(last)"
      case "LRScheduler": return "scheduler.\(last)()"
      case "Tensor" where !last.hasSuffix("_"): return "x.\(last)"
      case "torch" where spelling.hasPrefix("x."): return "x.\(last)(1)"
      case "torch" where spelling.hasPrefix("Tensor.") && !spelling.hasPrefix("Tensor.where"):
        return "Tensor.\(last)(x)"
      default: return nil
      }
    }
  }

  private(set) var sections: [(title: String, names: [Name])] = []

  var names: [Name] { sections.flatMap(\.names) }

  /// The project's folder.
  static var project: URL {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
  }

  static func read() throws -> NameTable {
    let file = project.appending(path: "Tests/GuideTests/names.txt")
    var table = NameTable()
    for line in try String(contentsOf: file, encoding: .utf8).split(whereSeparator: \.isNewline) {
      if line.hasPrefix("## ") {
        table.sections.append((String(line.dropFirst(3)), []))
      } else if !line.hasPrefix("#") {
        // A name may hold a bar: those of fields stand between blanks, and `mask | mask` has two names
        // beside it.
        let fields = line.components(separatedBy: " | ")
        let isOr = fields.count > 2 && fields[1] == fields[2]
        let spelling = isOr ? "\(fields[1]) | \(fields[2])" : try #require(fields.dropFirst().first)
        let guesses = fields.dropFirst(isOr ? 3 : 2).first?.components(separatedBy: " ;; ") ?? []
        let last = try #require(table.sections.indices.last)
        table.sections[last].names.append(
          Name(pytorch: fields[0], spelling: spelling, guesses: guesses))
      }
    }
    return table
  }

  /// The page of the documentation.
  var markdown: String {
    var text = """
      # PyTorch's names

      What PyTorch calls it, and what is written here. A spelling that somebody who knows PyTorch may try
      first, such as `x.reshape(3, 2)` or `torch.zeros(2, 3)`, is refused by the compiler with the right
      one. In the snippets `x` and `y` are tensors `[2, 3]`, `i` and `j` hold indices, `p` probabilities,
      and `mask` truth values. Functions are methods of tensors, or static ones that make tensors;
      `torch.nn.functional` is `F`, `torch.linalg` is `Linalg`, and modules need no prefix. Words are joined
      as Swift joins them: `batch_first` is `batchFirst`. What changes a tensor in PyTorch, `x.add_(1)`, is
      an assignment here: `x += 1`.

      <!-- Written by Tests/GuideTests from names.txt. -->

      """
    for section in sections {
      text += "\n## \(section.title)\n\n| PyTorch | Torus |\n| --- | --- |\n"
      for name in section.names {
        let spelling =
          name.isAbsent
          ? String(name.spelling.dropFirst(2))
          : "`\(name.spelling.replacing("|", with: "\\|"))`"
        text += "| `\(name.pytorch)` | \(spelling) |\n"
      }
    }
    return text
  }
}
