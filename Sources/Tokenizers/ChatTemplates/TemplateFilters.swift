/// Jinja's filters: what stands behind `|`. Those that take other filters' names are the renderer's.
enum TemplateFilters {
  typealias Body = @Sendable (TemplateValue, TemplateArguments) throws -> TemplateValue

  private static let table: [String: Body] = texts.merging(lists) { a, _ in a }
    .merging(numbers) { a, _ in a }.merging(marks) { a, _ in a }

  private static let takeNothing: Set<String> = [
    "upper", "lower", "capitalize", "title", "string", "safe", "e", "escape", "forceescape",
    "length",
    "count", "list", "items", "first", "last", "reverse", "striptags", "pprint", "urlencode",
    "wordcount", "abs",
  ]

  /// Jinja's filters that are not here.
  private static let missing: Set<String> = ["random"]

  static func exists(_ name: String) -> Bool {
    table[name] != nil || missing.contains(name)
      || ["map", "select", "reject", "selectattr", "rejectattr"].contains(name)
  }

  /// What a filter makes of a value.
  /// - Throws: ``ChatTemplateError`` where there is no such filter or it does not fit the value.
  static func apply(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws -> TemplateValue {
    guard let body = table[name] else {
      throw ChatTemplateError(
        .unsupported,
        missing.contains(name)
          ? "The filter \(PythonText.quoted(name)) is not supported."
          : "No filter named \(PythonText.quoted(name)).")
    }
    if takeNothing.contains(name) { try arguments.check([], for: name) }
    guard case .markup(let text) = value, !TemplateMarkup.filters.contains(name) else {
      return try body(value, arguments)
    }
    // Some filters keep what counts as escaped so, the others see the text alone.
    let result = try body(.string(text), arguments)
    guard TemplateMarkup.keepers.contains(name), let made = result.string else { return result }
    return .markup(made)
  }

  /// Texts with a text between them.
  static func joined(_ texts: [String], _ separator: String) throws -> String {
    let size = texts.reduce(0) { $0 + $1.utf8.count + separator.utf8.count }
    guard size <= TemplateLimits.maximumBytes + separator.utf8.count else {
      throw ChatTemplateError(.limit, "a joined text of \(size) bytes is too large")
    }
    return texts.joined(separator: separator)
  }

  /// A text with its parts replaced, within the limit.
  static func replaced(
    _ text: String, _ old: String, _ new: String, count: Int
  ) throws -> String {
    let (size, overflows) = (text.utf8.count + 1).multipliedReportingOverflow(by: new.utf8.count)
    if overflows || size > TemplateLimits.maximumBytes, new.utf8.count > old.utf8.count {
      let found =
        old.isEmpty
        ? text.utf8.count + 1
        : PythonSearch.split(text, by: old, limit: count, fromRight: false).count - 1
      let (growth, overflows) = found.multipliedReportingOverflow(by: new.utf8.count)
      guard !overflows, growth <= TemplateLimits.maximumBytes else {
        throw ChatTemplateError(.limit, "the replaced text is too large")
      }
    }
    return PythonSearch.replace(text, old, new, count: count)
  }

  // MARK: Texts

  private static let texts: [String: Body] = [
    "upper": { value, _ in .string(value.text.uppercased()) },
    "lower": { value, _ in .string(PythonText.lowercased(value.text)) },
    "capitalize": { value, _ in .string(PythonText.capitalized(value.text)) },
    "title": { value, _ in .string(titled(value.text)) },
    "trim": { value, arguments in
      let characters = arguments.value(0, "chars") ?? .none
      return .string(
        PythonText.stripped(
          value.text, characters.isNone ? nil : try arguments.text(0, "chars")))
    },
    "string": { value, _ in .string(value.text) },
    "replace": { value, arguments in
      let count = arguments.value(2, "count") ?? .none
      return .string(
        try replaced(
          value.text, try arguments.require(0, "old").text, try arguments.require(1, "new").text,
          count: count.isNone ? -1 : try arguments.integer(2, "count", usual: -1)))
    },
    "indent": indented,
    "center": { value, arguments in
      var only = TemplateArguments()
      only.positional = [.int(try arguments.integer(0, "width", usual: 80))]
      return try TemplateMethods.call("center", on: .string(value.text), only)
    },
    "format": { value, arguments in
      var values = TemplateValue.tuple(arguments.positional)
      if !arguments.named.isEmpty {
        guard arguments.positional.isEmpty else {
          throw ChatTemplateError(
            .value, "can't handle positional and keyword arguments at the same time")
        }
        var dictionary = TemplateDictionary()
        for (name, value) in arguments.named { dictionary[name] = value }
        values = .dictionary(dictionary)
      }
      if case .markup(let text) = value { return try TemplateMarkup.formatted(text, values) }
      return .string(try PythonFormat.percent(value.text, values))
    },
    "truncate": truncated,
    "wordcount": { value, _ in
      let separated = value.text.unicodeScalars.split {
        !($0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType != nil)
      }
      return .int(separated.count)
    },
    "tojson": { try TemplateJSON.filter($0, $1) },
    "default": { value, arguments in try usual(value, arguments) },
    "d": { value, arguments in try usual(value, arguments) },
    "attr": { value, arguments in
      let name = try arguments.text(0, "name")
      return TemplateMethods.has(name, value) || value.dictionary == nil
        ? try value.attribute(name)
        : .undefined("'dict object' has no attribute \(PythonText.quoted(name))")
    },
  ]

  private static func usual(
    _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws -> TemplateValue {
    try arguments.check(["default_value", "boolean"], for: "default")
    let isMissing = value.isUndefined || (arguments.flag(1, "boolean") && !value.isTrue)
    return isMissing ? arguments.value(0, "default_value") ?? .string("") : value
  }

  /// Large letters behind space, hyphens and opening brackets, small ones elsewhere.
  private static func titled(_ text: String) -> String {
    var result = ""
    var isInside = false
    for scalar in text.unicodeScalars {
      if "-({[<".unicodeScalars.contains(scalar) || PythonText.isSpace(scalar) {
        isInside = false
        result.unicodeScalars.append(scalar)
      } else {
        result += isInside ? scalar.properties.lowercaseMapping : scalar.properties.uppercaseMapping
        isInside = true
      }
    }
    return result
  }

  private static let indented: Body = { value, arguments in
    try arguments.check(["width", "first", "blank"], for: "indent")
    guard value.string != nil else {
      throw ChatTemplateError(
        .value, "unsupported operand type(s) for +=: '\(try value.defined().typeName)' and 'str'")
    }
    let indent: String
    if let text = arguments.value(0, "width")?.string {
      indent = text
    } else {
      let width = try arguments.integer(0, "width", usual: 4)
      guard width <= 1000 else {
        throw ChatTemplateError(.limit, "an indent of \(width) is too large")
      }
      indent = String(repeating: " ", count: max(width, 0))
    }
    let blank = arguments.flag(2, "blank")
    let lines = PythonText.lines(value.text + "\n").enumerated().map { index, line in
      index == 0 || (line.isEmpty && !blank) ? line : indent + line
    }
    let text = try joined(lines, "\n")
    return .string(arguments.flag(1, "first") ? indent + text : text)
  }

  private static let truncated: Body = { value, arguments in
    let length = try arguments.integer(0, "length", usual: 255)
    let end = try arguments.text(2, "end", usual: "...")
    let leeway = try arguments.integer(3, "leeway", usual: 5)
    guard case .string(let text) = value else {
      guard try value.length() - leeway > length else { return value }
      throw ChatTemplateError(.value, "truncate needs a str, not \(value.typeName)")
    }
    let scalars = text.unicodeScalars
    let endCount = end.unicodeScalars.count
    guard length >= endCount, leeway >= 0 else {
      throw ChatTemplateError(
        .value,
        leeway < 0
          ? "expected leeway >= 0, got \(leeway)"
          : "expected length >= \(endCount), got \(length)")
    }
    if scalars.count - leeway <= length { return value }
    var kept = String(scalars.prefix(length - endCount))
    if !arguments.flag(1, "killwords") {
      kept = PythonSearch.split(kept, by: " ", limit: 1, fromRight: true)[0]
    }
    return .string(kept + end)
  }
}
