/// The methods of Python's texts, lists and dictionaries. Those that change a value are none of
/// them, as in the sandbox that transformers renders in.
enum TemplateMethods {
  private static let ofText: Set<String> = [
    "split", "rsplit", "strip", "lstrip", "rstrip", "startswith", "endswith", "replace", "upper",
    "lower", "title", "capitalize", "swapcase", "casefold", "join", "find", "rfind", "index",
    "rindex", "count", "splitlines", "isdigit", "isnumeric", "isdecimal", "isalpha", "isalnum",
    "isspace", "isupper", "islower", "format", "zfill", "ljust", "rjust", "center", "removeprefix",
    "removesuffix", "partition", "rpartition",
  ]
  private static let ofList: Set<String> = ["index", "count", "copy"]
  private static let ofDictionary: Set<String> = ["get", "items", "keys", "values", "copy"]

  /// Whether a value has a method.
  static func has(_ name: String, _ value: TemplateValue) -> Bool {
    switch value {
    case .string: ofText.contains(name)
    case .list, .tuple: ofList.contains(name)
    case .dictionary: ofDictionary.contains(name)
    default: false
    }
  }

  /// The names of methods that change their value, which templates may not.
  static func changes(_ name: String) -> Bool {
    [
      "append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "update",
      "setdefault", "popitem",
    ].contains(name)
  }

  /// What a method gives.
  static func call(
    _ name: String, on value: TemplateValue, _ arguments: TemplateArguments
  ) throws -> TemplateValue {
    switch value {
    case .string(let text): return try TextMethods(text: text, arguments: arguments).call(name)
    case .list(let values), .tuple(let values):
      switch name {
      case "copy": return value
      case "count":
        let wanted = try arguments.require(0, "value")
        return .int(values.count { $0 == wanted })
      default:
        let wanted = try arguments.require(0, "value")
        guard let place = values.firstIndex(of: wanted) else {
          throw ChatTemplateError(.value, "\(wanted.representation) is not in list")
        }
        return .int(place)
      }
    case .dictionary(let dictionary):
      switch name {
      case "get":
        let key = try arguments.require(0, "key")
        let usual = arguments.value(1, "default") ?? .none
        return TemplateKey(key).flatMap { dictionary[$0] } ?? usual
      case "items": return .list(dictionary.items)
      case "keys": return .list(dictionary.keys.map(\.value))
      case "values": return .list(dictionary.values)
      default: return value
      }
    default: throw ChatTemplateError(.value, "'\(value.typeName)' has no method '\(name)'")
    }
  }
}

/// The methods of Python's `str`.
private struct TextMethods {
  let text: String
  let arguments: TemplateArguments

  func call(_ name: String) throws -> TemplateValue {
    switch name {
    case "split", "rsplit": return try split(fromRight: name == "rsplit")
    case "strip", "lstrip", "rstrip":
      let characters = arguments.value(0, "chars")
      let set = characters.map(\.isNone) ?? true ? nil : try arguments.text(0, "chars")
      return .string(
        PythonText.stripped(text, set, left: name != "rstrip", right: name != "lstrip"))
    case "startswith", "endswith": return .bool(try hasEnd(atStart: name == "startswith"))
    case "replace":
      return .string(
        try TemplateFilters.replaced(
          text, arguments.text(0, "old"), arguments.text(1, "new"),
          count: arguments.integer(2, "count", usual: -1)))
    case "upper": return .string(text.uppercased())
    case "lower", "casefold": return .string(text.lowercased())
    case "title": return .string(PythonText.titled(text))
    case "capitalize": return .string(PythonText.capitalized(text))
    case "swapcase":
      return .string(
        text.unicodeScalars.map {
          $0.properties.isUppercase
            ? $0.properties.lowercaseMapping : $0.properties.uppercaseMapping
        }.joined())
    case "join":
      return .string(
        try TemplateFilters.joined(
          try arguments.require(0, "iterable").defined().elements().map { value in
            guard let text = value.string else {
              throw ChatTemplateError(
                .value, "join: expected str instance, \(value.typeName) found")
            }
            return text
          }, text))
    case "find", "rfind", "index", "rindex": return try find(name)
    case "count":
      let part = try arguments.text(0, "sub")
      if part.isEmpty { return .int(text.unicodeScalars.count + 1) }
      return .int(
        PythonSearch.split(text, by: part, limit: -1, fromRight: false).count - 1)
    case "splitlines":
      let lines = PythonText.lines(text, keepingEnds: arguments.flag(0, "keepends"))
      return .list(lines.map { .string($0) })
    case "format": return .string(try PythonFormat.braces(text, arguments))
    case "zfill", "ljust", "rjust", "center": return .string(try padded(name))
    case "removeprefix", "removesuffix": return .string(try removed(name))
    case "partition", "rpartition": return try partition(fromRight: name == "rpartition")
    default: return .bool(consists(name))
    }
  }

  private func split(fromRight: Bool) throws -> TemplateValue {
    let limit = try arguments.integer(1, "maxsplit", usual: -1)
    let separator = arguments.value(0, "sep") ?? .none
    let parts: [String]
    if separator.isNone {
      parts = PythonSearch.splitBySpace(text, limit: limit, fromRight: fromRight)
    } else {
      let part = try arguments.text(0, "sep")
      guard !part.isEmpty else { throw ChatTemplateError(.value, "empty separator") }
      parts = PythonSearch.split(text, by: part, limit: limit, fromRight: fromRight)
    }
    return .list(parts.map { .string($0) })
  }

  private func hasEnd(atStart: Bool) throws -> Bool {
    let candidates: [TemplateValue]
    switch try arguments.require(0, "prefix").defined() {
    case .tuple(let values): candidates = values
    case let value: candidates = [value]
    }
    return try candidates.contains { candidate in
      guard let part = candidate.string else {
        throw ChatTemplateError(
          .value,
          "\(atStart ? "startswith" : "endswith") takes str or a tuple of str, not "
            + candidate.typeName)
      }
      return atStart
        ? text.utf8.starts(with: part.utf8)
        : text.utf8.reversed().starts(with: part.utf8.reversed())
    }
  }

  private func find(_ name: String) throws -> TemplateValue {
    let part = Array(try arguments.text(0, "sub").utf8)
    guard arguments.positional.count <= 1 else {
      throw ChatTemplateError(.unsupported, "'\(name)' within bounds is not supported")
    }
    let bytes = Array(text.utf8)
    let place =
      name.hasPrefix("r")
      ? PythonSearch.findLast(part, in: bytes) : PythonSearch.find(part, in: bytes)
    guard let place else {
      if name.hasSuffix("index") { throw ChatTemplateError(.value, "substring not found") }
      return .int(-1)
    }
    return .int(String(decoding: bytes[..<place], as: UTF8.self).unicodeScalars.count)
  }

  private func padded(_ name: String) throws -> String {
    let width = try arguments.integer(0, "width", usual: 0)
    guard width <= TemplateLimits.maximumRange else {
      throw ChatTemplateError(.limit, "a width of \(width) is too large")
    }
    let missing = max(width - text.unicodeScalars.count, 0)
    if name == "zfill" {
      let sign = text.hasPrefix("-") || text.hasPrefix("+") ? String(text.prefix(1)) : ""
      return sign + String(repeating: "0", count: missing) + text.dropFirst(sign.count)
    }
    let fill = try arguments.text(1, "fillchar", usual: " ")
    guard fill.unicodeScalars.count == 1 else {
      throw ChatTemplateError(.value, "the fill character must be exactly one character long")
    }
    let left =
      name == "ljust" ? 0 : name == "rjust" ? missing : missing / 2 + (missing & width & 1)
    return String(repeating: fill, count: left) + text
      + String(repeating: fill, count: missing - left)
  }

  private func removed(_ name: String) throws -> String {
    let part = try arguments.text(0, "prefix")
    let isPrefix = name == "removeprefix"
    let bytes = Array(text.utf8)
    let count = part.utf8.count
    guard count <= bytes.count,
      (isPrefix ? bytes.prefix(count) : bytes.suffix(count)).elementsEqual(part.utf8)
    else { return text }
    return String(
      decoding: isPrefix ? bytes.dropFirst(count) : bytes.dropLast(count), as: UTF8.self)
  }

  private func partition(fromRight: Bool) throws -> TemplateValue {
    let separator = try arguments.text(0, "sep")
    guard !separator.isEmpty else { throw ChatTemplateError(.value, "empty separator") }
    let parts = PythonSearch.split(text, by: separator, limit: 1, fromRight: fromRight)
    if parts.count == 2 {
      return .tuple([.string(parts[0]), .string(separator), .string(parts[1])])
    }
    let none = TemplateValue.string("")
    return .tuple(fromRight ? [none, none, .string(text)] : [.string(text), none, none])
  }

  /// The methods whose names begin with `is`.
  private func consists(_ name: String) -> Bool {
    let scalars = text.unicodeScalars
    func isNumeric(_ scalar: Unicode.Scalar, _ types: [Unicode.NumericType]) -> Bool {
      scalar.properties.numericType.map { types.contains($0) } ?? false
    }
    func isAlphabetic(_ scalar: Unicode.Scalar) -> Bool {
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
      default: false
      }
    }
    func all(_ holds: (Unicode.Scalar) -> Bool) -> Bool {
      !scalars.isEmpty && scalars.allSatisfy(holds)
    }
    switch name {
    case "isdigit": return all { isNumeric($0, [.decimal, .digit]) }
    case "isdecimal": return all { isNumeric($0, [.decimal]) }
    case "isnumeric": return all { isNumeric($0, [.decimal, .digit, .numeric]) }
    case "isalpha": return all(isAlphabetic)
    case "isalnum":
      return all { isAlphabetic($0) || isNumeric($0, [.decimal, .digit, .numeric]) }
    case "isspace": return all(PythonText.isSpace)
    case "isupper":
      return scalars.contains { $0.properties.isUppercase }
        && !scalars.contains { $0.properties.isLowercase }
    default:
      return scalars.contains { $0.properties.isLowercase }
        && !scalars.contains { $0.properties.isUppercase }
    }
  }
}
