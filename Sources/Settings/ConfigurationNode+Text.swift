import Base

extension ConfigurationNode {
  /// The node as YAML text that reads back as an equal node.
  public var yaml: String {
    guard let entries else { return yamlInline + "\n" }
    return entries.reduce(into: "") { text, entry in
      guard entry.node.entries?.isEmpty == false else {
        text += "\(entry.key): \(entry.node.yamlInline)\n"
        return
      }
      text += "\(entry.key):\n"
      for line in entry.node.yaml.lines { text += "  \(line)\n" }
    }
  }

  /// The node on one line.
  package var yamlInline: String {
    switch content {
    case .scalar(let text, plain: true): text
    case .scalar(let text, plain: false): Self.needsQuotes(text) ? Self.quoted(text) : text
    case .list(let elements): "[" + elements.map(\.yamlInline).joined(separator: ", ") + "]"
    case .section(let entries):
      "{" + entries.map { "\($0.key): \($0.node.yamlInline)" }.joined(separator: ", ") + "}"
    }
  }

  /// Whether plain YAML would read the text as something else, or not at all.
  private static func needsQuotes(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first,
      !ConfigurationNode(.scalar(text, plain: true)).isNull
    else { return true }
    func isWord(_ scalar: Unicode.Scalar) -> Bool {
      scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
    }
    return !(isWord(first) || first == "/" || first == "." || first == "_")
      || !text.unicodeScalars.allSatisfy { isWord($0) || "/._-+=@".unicodeScalars.contains($0) }
  }

  private static func quoted(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "\"") { result, scalar in
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
        let digits = String(scalar.value, radix: 16, uppercase: true)
        result += "\\x" + (digits.count == 1 ? "0" : "") + digits
      default: result.unicodeScalars.append(scalar)
      }
    } + "\""
  }
}
