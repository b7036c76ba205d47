extension TemplateParser {
  typealias Postfix = TemplateExpression.Postfix

  /// Attributes, items, slices and calls behind a value.
  mutating func postfixes() throws(ChatTemplateError) -> [Postfix] {
    var result: [Postfix] = []
    while true {
      let line = current.line
      if skip(symbol: ".") {
        if current.kind == .integer, let index = PythonText.integer(current.text) {
          position += 1
          result.append(.item(.constant(.int(index)), line: line))
        } else {
          result.append(.attribute(try expectName(), line: line))
        }
      } else if skip(symbol: "[") {
        try deeper()
        result.append(try subscripted(line))
        depth -= 1
      } else if isSymbol("(") {
        result.append(.call(try call(), line: line))
      } else {
        return result
      }
    }
  }

  private mutating func subscripted(_ line: Int) throws(ChatTemplateError) -> Postfix {
    func ends(_ parser: TemplateParser) -> Bool { parser.isSymbol(":") || parser.isSymbol("]") }
    let start: TemplateExpression? = ends(self) ? nil : try expression()
    guard skip(symbol: ":") else {
      guard let start else { throw fault("an index is missing between [ and ]") }
      if isSymbol(",") {
        throw ChatTemplateError(
          .unsupported, "an index of several parts is not supported", line: line)
      }
      try expect("]")
      return .item(start, line: line)
    }
    let stop: TemplateExpression? = ends(self) ? nil : try expression()
    var step: TemplateExpression?
    if skip(symbol: ":"), !ends(self) { step = try expression() }
    try expect("]")
    return .slice(start, stop, step, line: line)
  }

  /// Filters, tests and calls behind a value.
  mutating func filtersAndTests() throws(ChatTemplateError) -> [Postfix] {
    var result: [Postfix] = []
    while true {
      let line = current.line
      if isSymbol("|") {
        result.append(.filter(try filter()))
      } else if skip(word: "is") {
        let isNegated = skip(word: "not")
        result.append(.test(try test(line), isNegated: isNegated))
      } else if isSymbol("("), !result.isEmpty {
        result.append(.call(try call(), line: line))
      } else {
        return result
      }
    }
  }

  /// `|name` or `|name(arguments)`.
  mutating func filter() throws(ChatTemplateError) -> TemplateFilter {
    let line = current.line
    try expect("|")
    let name = try dottedName()
    return TemplateFilter(
      name: name, arguments: isSymbol("(") ? try call() : TemplateCall(), line: line)
  }

  private mutating func dottedName() throws(ChatTemplateError) -> String {
    var name = try expectName()
    while skip(symbol: ".") { name += "." + (try expectName()) }
    return name
  }

  private mutating func test(_ line: Int) throws(ChatTemplateError) -> TemplateFilter {
    let name = try dottedName()
    var arguments = TemplateCall()
    if isSymbol("(") {
      arguments = try call()
    } else if takesArgument {
      if isWord("is") { throw fault("tests cannot be chained with is") }
      // One value without parentheses, with its attributes and items.
      try deeper()
      arguments.positional = [try argument()]
      depth -= 1
    }
    return TemplateFilter(name: name, arguments: arguments, line: line)
  }

  private var takesArgument: Bool {
    switch current.kind {
    case .name: !["else", "or", "and"].contains(current.text) && !isClauseWord
    case .string, .integer, .float: true
    case .symbol: isSymbol("[") || isSymbol("{")
    default: false
    }
  }

  /// Words that go on with the expression or its statement.
  private var isClauseWord: Bool {
    ["if", "in", "not", "recursive"].contains(current.text)
  }

  /// The arguments of a call with their parentheses.
  mutating func call() throws(ChatTemplateError) -> TemplateCall {
    try expect("(")
    try deeper()
    defer { depth -= 1 }
    var result = TemplateCall()
    var isFirst = true
    while !isSymbol(")") {
      if !isFirst { try expect(",") }
      if isSymbol(")") { break }
      isFirst = false
      if skip(symbol: "**") {
        result.namedSpread = try expression()
      } else if skip(symbol: "*") {
        result.spread = try expression()
      } else if current.kind == .name, tokens[position + 1].kind == .symbol,
        tokens[position + 1].text == "="
      {
        let name = try expectName()
        position += 1
        result.named.append((name, try expression()))
      } else {
        guard result.named.isEmpty else {
          throw fault("an argument without a name follows one with a name")
        }
        result.positional.append(try expression())
      }
    }
    position += 1
    return result
  }
}
