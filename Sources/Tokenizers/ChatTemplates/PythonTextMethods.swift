/// The methods of Python's `str`.
struct PythonTextMethods {
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
    case "lower": return .string(PythonText.lowercased(text))
    case "casefold": return .string(PythonText.casefolded(text))
    case "expandtabs":
      return .string(try expanded(arguments.integer(0, "tabsize", usual: 8)))
    case "translate": return .string(try translated())
    case "encode":
      let name = try arguments.text(0, "encoding", usual: "utf-8").lowercased()
      guard ["utf-8", "utf8", "utf_8"].contains(name) else {
        throw ChatTemplateError(
          .unsupported, "the encoding \(PythonText.quoted(name)) is not supported")
      }
      return TemplateSequence.bytes(Array(text.utf8))
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
      guard let (text, _) = try bounded() else { return .int(0) }
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
    let inside = try bounded()
    return try candidates.contains { candidate in
      guard let part = candidate.string else {
        throw ChatTemplateError(
          .value,
          "\(atStart ? "startswith" : "endswith") takes str or a tuple of str, not "
            + candidate.typeName)
      }
      guard let text = inside?.text else { return false }
      return atStart
        ? text.utf8.starts(with: part.utf8)
        : text.utf8.reversed().starts(with: part.utf8.reversed())
    }
  }

  /// The text between the bounds that follow the first argument, and where it begins; nil where they
  /// leave nothing to look in.
  private func bounded() throws -> (text: String, start: Int)? {
    guard arguments.positional.count > 1 else { return (text, 0) }
    let count = text.unicodeScalars.count
    func bound(_ place: Int, _ name: String, usual: Int) throws -> Int {
      guard let value = arguments.value(place, name), !value.isNone else { return usual }
      let bound = try arguments.integer(place, name, usual: usual)
      return bound < 0 ? max(bound + count, 0) : bound
    }
    let start = try bound(1, "start", usual: 0)
    let end = min(try bound(2, "end", usual: count), count)
    guard start <= end else { return nil }
    let part = text.unicodeScalars.dropFirst(start).prefix(end - start)
    return (String(String.UnicodeScalarView(part)), start)
  }

  private func find(_ name: String) throws -> TemplateValue {
    let part = Array(try arguments.text(0, "sub").utf8)
    let (own, start) = try bounded() ?? ("", 0)
    let isInside = try bounded() != nil
    let bytes = Array(own.utf8)
    let place =
      name.hasPrefix("r")
      ? PythonSearch.findLast(part, in: bytes) : PythonSearch.find(part, in: bytes)
    guard let place, isInside else {
      if name.hasSuffix("index") { throw ChatTemplateError(.value, "substring not found") }
      return .int(-1)
    }
    return .int(start + String(decoding: bytes[..<place], as: UTF8.self).unicodeScalars.count)
  }

  private func expanded(_ size: Int) throws -> String {
    guard size <= 1000 else { throw ChatTemplateError(.limit, "a tab of \(size) is too large") }
    var result = String.UnicodeScalarView()
    var column = 0
    for scalar in text.unicodeScalars {
      if scalar == "\t" {
        guard size > 0 else { continue }
        let count = size - column % size
        result.append(contentsOf: repeatElement(" ", count: count))
        column += count
      } else {
        result.append(scalar)
        column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
      }
    }
    return String(result)
  }

  /// Code points by a dictionary from their numbers to texts, numbers or none.
  private func translated() throws -> String {
    let table = try arguments.require(0, "table").defined()
    var result = ""
    for scalar in text.unicodeScalars {
      let value = try table.item(.int(Int(scalar.value)))
      switch value {
      case .undefined: result.unicodeScalars.append(scalar)
      case .none: break
      case .string(let text): result += text
      default:
        guard let code = value.integer.flatMap({ UInt32(exactly: $0) }),
          let scalar = Unicode.Scalar(code)
        else {
          throw ChatTemplateError(.value, "character mapping must return integer, None or str")
        }
        result.unicodeScalars.append(scalar)
      }
    }
    guard result.utf8.count <= TemplateLimits.maximumBytes else {
      throw ChatTemplateError(.limit, "the translated text is too large")
    }
    return result
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
    case "isascii": return scalars.allSatisfy(\.isASCII)
    case "isprintable": return scalars.allSatisfy(PythonText.isPrintable)
    case "isidentifier":
      guard let first = scalars.first else { return false }
      return (first == "_" || first.properties.isXIDStart)
        && scalars.dropFirst().allSatisfy { $0.properties.isXIDContinue }
    case "istitle":
      var (found, wasCased) = (false, false)
      for scalar in scalars {
        let isUpper =
          scalar.properties.isUppercase || scalar.properties.generalCategory == .titlecaseLetter
        if isUpper ? wasCased : scalar.properties.isLowercase && !wasCased { return false }
        wasCased = isUpper || scalar.properties.isLowercase
        if wasCased { found = true }
      }
      return found
    case "isupper":
      return scalars.contains { $0.properties.isUppercase }
        && !scalars.contains { $0.properties.isLowercase }
    default:
      return scalars.contains { $0.properties.isLowercase }
        && !scalars.contains { $0.properties.isUppercase }
    }
  }
}
