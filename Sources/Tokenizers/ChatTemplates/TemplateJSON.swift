import Base

/// Python's `json.dumps` with its settings.
struct TemplateJSON {
  private var ensuresASCII = false
  private var indent: String?
  private var itemSeparator = ", "
  private var keySeparator = ": "
  private var sortsKeys = false
  private var result = ""

  /// The filter `tojson(ensure_ascii=false, indent=none, separators=none, sort_keys=false)`.
  static func filter(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue
  {
    try arguments.check(["ensure_ascii", "indent", "separators", "sort_keys"], for: "tojson")
    var writer = TemplateJSON()
    writer.ensuresASCII = arguments.flag(0, "ensure_ascii")
    if let indent = arguments.value(1, "indent"), !indent.isNone {
      switch indent {
      case .string(let text), .markup(let text): writer.indent = text
      default:
        let width = try arguments.integer(1, "indent", usual: 0)
        guard width <= 1000 else {
          throw ChatTemplateError(.limit, "an indent of \(width) is too large")
        }
        writer.indent = String(repeating: " ", count: max(width, 0))
      }
      writer.itemSeparator = ","
    }
    if let separators = arguments.value(2, "separators"), !separators.isNone {
      let texts = try separators.elements().map(\.string)
      guard texts.count == 2, let item = texts[0], let key = texts[1] else {
        throw ChatTemplateError(.value, "tojson: separators must be two strings")
      }
      (writer.itemSeparator, writer.keySeparator) = (item, key)
    }
    writer.sortsKeys = arguments.flag(3, "sort_keys")
    try writer.write(value, level: 0)
    return .string(writer.result)
  }

  private mutating func check() throws {
    guard result.utf8.count <= TemplateLimits.maximumBytes else {
      throw ChatTemplateError(.limit, "the JSON text is too large")
    }
  }

  private mutating func breakLine(_ level: Int) {
    guard let indent else { return }
    result += "\n"
    for _ in 0..<level { result += indent }
  }

  private mutating func write(_ value: TemplateValue, level: Int) throws {
    switch value {
    case .none: result += "null"
    case .bool(let value): result += value ? "true" : "false"
    case .int(let value): result += String(value)
    case .double(let value): result += Self.number(value)
    case .string(let text), .markup(let text): write(text)
    case .list(let values), .tuple(let values):
      try write("[", "]", values.count, level) { writer, index in
        try writer.write(values[index], level: level + 1)
      }
    case .dictionary(let dictionary):
      var order = Array(dictionary.keys.indices)
      if sortsKeys {
        order = try TemplateOrder.sorted(order) {
          try $0.isLess(than: $1)
        } by: {
          dictionary.keys[$0].value
        }
      }
      try write("{", "}", dictionary.count, level) { writer, index in
        let place = order[index]
        try writer.write(key: dictionary.keys[place].value)
        writer.result += writer.keySeparator
        try writer.write(dictionary.values[place], level: level + 1)
      }
    case .object(let object as TemplateLargeInteger): result += object.digits
    default:
      throw ChatTemplateError(
        .value, "Object of type \(value.typeName) is not JSON serializable")
    }
  }

  private mutating func write(
    _ open: String, _ close: String, _ count: Int, _ level: Int,
    _ element: (inout TemplateJSON, Int) throws -> Void
  ) throws {
    result += open
    for index in 0..<count {
      if index > 0 { result += itemSeparator }
      breakLine(level + 1)
      try element(&self, index)
      try check()
    }
    if count > 0 { breakLine(level) }
    result += close
  }

  private mutating func write(key: TemplateValue) throws {
    switch key {
    case .string(let text), .markup(let text): write(text)
    case .none: result += "\"null\""
    case .bool(let value): result += value ? "\"true\"" : "\"false\""
    case .int(let value): result += "\"\(value)\""
    case .double(let value): result += "\"" + Self.number(value) + "\""
    default:
      throw ChatTemplateError(
        .value,
        "keys must be str, int, float, bool or None, not \(key.typeName)")
    }
  }

  private static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    return value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : PythonText.number(value)
  }

  private mutating func write(_ text: String) {
    guard ensuresASCII else {
      result += quotedJSON(text)
      return
    }
    for scalar in quotedJSON(text).unicodeScalars {
      if scalar.isASCII {
        result.unicodeScalars.append(scalar)
        continue
      }
      for unit in String(scalar).utf16 {
        let digits = String(unit, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
  }
}

/// Sorting as Python does: stable, by a key, with an order that can fail.
enum TemplateOrder {
  /// The elements by their keys, computed once each.
  static func sorted<Element>(
    _ elements: [Element], _ isLess: (TemplateValue, TemplateValue) throws -> Bool,
    by key: (Element) throws -> TemplateValue
  ) throws -> [Element] {
    let keyed = try elements.enumerated().map { (place: $0, element: $1, key: try key($1)) }
    return try keyed.sorted { a, b in
      if try isLess(a.key, b.key) { return true }
      return try isLess(b.key, a.key) ? false : a.place < b.place
    }.map(\.element)
  }

  /// The key that ignores the case of texts, unless it is asked for.
  static func key(_ value: TemplateValue, caseSensitive: Bool) -> TemplateValue {
    if let text = value.string, !caseSensitive { return .string(text.lowercased()) }
    return value
  }
}
