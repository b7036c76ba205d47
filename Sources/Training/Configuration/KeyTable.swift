import Settings

extension RunConfiguration {
  /// Every key as tables in Markdown: those of every run, then those of each thing that can be named.
  /// `docs/configuration.md` has them as they are here.
  package static var keyTables: String {
    let keys = keys()
    var text = row("Key", "Default", "Purpose") + row("---", "---", "---")
    for key in keys where key.takers.isEmpty {
      text += row("`\(key.path)`", shown(key.standard), purpose(key))
    }
    var sections: [String] = []
    for key in keys where !key.choices.isEmpty {
      let section = key.path.hasSuffix(".name") ? String(key.path.dropLast(5)) : key.path
      if !sections.contains(section) { sections.append(section) }
    }
    for section in sections {
      text += "\n" + row("`\(section)`", "Keys with their defaults", "Purpose")
      text += row("---", "---", "---")
      for choice in keys.flatMap({ key in
        key.path == "\(section).name" || key.path == section ? key.choices : []
      }) {
        text += row("`\(choice.name)`", "", choice.summary)
        for key in keys
        where key.path.hasPrefix("\(section).") && key.takers.contains(choice.name) {
          let name = key.path.dropFirst(section.count + 1)
          text += row("", "`\(name): \(key.standard ?? "…")`", purpose(key))
        }
      }
    }
    return text
  }

  private static func row(_ cells: String...) -> String {
    "| " + cells.joined(separator: " | ") + " |\n"
  }

  private static func shown(_ standard: String?) -> String {
    standard.map { $0.contains(" ") && !$0.hasPrefix("[") ? $0 : "`\($0)`" } ?? "to be set"
  }

  /// What a key is for, with the words that it can have.
  private static func purpose(_ key: KeyDescription) -> String {
    guard key.choices.isEmpty, key.expectation.hasPrefix("one of ") else { return key.help }
    return "\(key.help): \(key.expectation.dropFirst("one of ".count))"
  }
}
