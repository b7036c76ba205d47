/// Python's `pprint.pformat`: values in lines of at most 80 characters, dictionaries by their keys.
struct TemplatePrinter {
  private static let width = 80

  static func text(of value: TemplateValue) -> String {
    var result = ""
    TemplatePrinter().write(value, indent: 0, room: 0, to: &result)
    return result
  }

  /// - Parameters:
  ///   - indent: The column that further lines begin at.
  ///   - room: How much stands behind the value on its last line.
  private func write(
    _ value: TemplateValue, indent: Int, room: Int, to result: inout String
  ) {
    let plain = Self.ordered(value).representation
    guard plain.unicodeScalars.count > Self.width - indent - room else {
      result += plain
      return
    }
    switch value {
    case .list(let values): write(values, "[", "]", indent, room, to: &result)
    case .tuple(let values):
      write(values, "(", values.count == 1 ? ",)" : ")", indent, room, to: &result)
    case .dictionary(let dictionary):
      result += "{"
      let places = Self.order(dictionary)
      for (number, place) in places.enumerated() {
        let isLast = number == places.count - 1
        let key = dictionary.keys[place].value.representation
        result += key + ": "
        write(
          dictionary.values[place], indent: indent + key.unicodeScalars.count + 3,
          room: isLast ? room + 1 : 1, to: &result)
        if !isLast { result += ",\n" + String(repeating: " ", count: indent + 1) }
      }
      result += "}"
    case .string(let text): write(text, indent, room, to: &result)
    default: result += plain
    }
  }

  private func write(
    _ values: [TemplateValue], _ open: String, _ close: String, _ indent: Int, _ room: Int,
    to result: inout String
  ) {
    result += open
    for (place, value) in values.enumerated() {
      let isLast = place == values.count - 1
      write(value, indent: indent + 1, room: isLast ? room + close.count : 1, to: &result)
      if !isLast { result += ",\n" + String(repeating: " ", count: indent + 1) }
    }
    result += close
  }

  /// A long text as several literals, divided behind space.
  private func write(_ text: String, _ indent: Int, _ room: Int, to result: inout String) {
    var (indent, room) = (indent, room)
    let isOutermost = result.isEmpty
    if isOutermost { (indent, room) = (indent + 1, room + 1) }
    var chunks: [String] = []
    let lines = PythonText.lines(text, keepingEnds: true)
    for (number, line) in lines.enumerated() {
      let isLast = number == lines.count - 1
      let most = Self.width - indent - (isLast ? room : 0)
      let whole = PythonText.quoted(line)
      if whole.unicodeScalars.count <= most {
        chunks.append(whole)
        continue
      }
      let parts = Self.parts(of: line)
      var current = ""
      for (place, part) in parts.enumerated() {
        let candidate = current + part
        let limit = Self.width - indent - (isLast && place == parts.count - 1 ? room : 0)
        if PythonText.quoted(candidate).unicodeScalars.count > limit {
          if !current.isEmpty { chunks.append(PythonText.quoted(current)) }
          current = part
        } else {
          current = candidate
        }
      }
      if !current.isEmpty { chunks.append(PythonText.quoted(current)) }
    }
    let text = chunks.joined(separator: "\n" + String(repeating: " ", count: indent))
    result += chunks.count > 1 && isOutermost ? "(" + text + ")" : text
  }

  /// Words with the space behind them.
  private static func parts(of line: String) -> [String] {
    var result: [String] = []
    var part = String.UnicodeScalarView()
    var wasSpace = false
    for scalar in line.unicodeScalars {
      let isSpace = PythonText.isSpace(scalar)
      if wasSpace, !isSpace {
        result.append(String(part))
        part = String.UnicodeScalarView()
      }
      part.append(scalar)
      wasSpace = isSpace
    }
    if !part.isEmpty { result.append(String(part)) }
    return result
  }

  /// The places of a dictionary's keys in their order; keys that have none stay as they are.
  private static func order(_ dictionary: TemplateDictionary) -> [Int] {
    let places = Array(dictionary.keys.indices)
    let sorted = try? TemplateOrder.sorted(places) {
      try $0.isLess(than: $1)
    } by: {
      dictionary.keys[$0].value
    }
    return sorted ?? places
  }

  /// The value with all dictionaries in the order of their keys.
  private static func ordered(_ value: TemplateValue) -> TemplateValue {
    switch value {
    case .list(let values): return .list(values.map(ordered))
    case .tuple(let values): return .tuple(values.map(ordered))
    case .dictionary(let dictionary):
      var result = TemplateDictionary()
      for place in order(dictionary) {
        result.set(dictionary.keys[place], ordered(dictionary.values[place]))
      }
      return .dictionary(result)
    default: return value
    }
  }
}
