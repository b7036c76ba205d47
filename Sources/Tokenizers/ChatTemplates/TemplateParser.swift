/// Reads the expressions of a template by Jinja's precedence. Statements are in the extension.
struct TemplateParser {
  /// How deeply statements and expressions may nest.
  static let maximumDepth = 100

  var tokens: [TemplateToken]
  var position = 0
  /// The names of variables; a name's number is its place.
  var names: [String] = []
  var depth = 0
  var loopDepth = 0
  /// The bodies of blocks by their names.
  var blocks: [String: [TemplateStatement]] = [:]
  private var numbers: [String: Int] = [:]

  init(_ tokens: [TemplateToken]) { self.tokens = tokens }

  var current: TemplateToken { tokens[position] }

  mutating func number(of name: String) -> Int {
    if let number = numbers[name] { return number }
    numbers[name] = names.count
    names.append(name)
    return names.count - 1
  }

  func fault(_ message: String) -> ChatTemplateError {
    ChatTemplateError(.syntax, message, line: current.line)
  }

  func isSymbol(_ text: String) -> Bool { current.kind == .symbol && current.text == text }

  func isWord(_ text: String) -> Bool { current.kind == .name && current.text == text }

  mutating func skip(symbol text: String) -> Bool {
    guard isSymbol(text) else { return false }
    position += 1
    return true
  }

  mutating func skip(word text: String) -> Bool {
    guard isWord(text) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ text: String) throws(ChatTemplateError) {
    guard current.text == text, current.kind == .symbol || current.kind == .name else {
      throw fault("expected '\(text)', got '\(current.text)'")
    }
    position += 1
  }

  mutating func expectName() throws(ChatTemplateError) -> String {
    guard current.kind == .name else { throw fault("expected a name, got '\(current.text)'") }
    defer { position += 1 }
    return current.text
  }

  mutating func deeper() throws(ChatTemplateError) {
    depth += 1
    guard depth <= Self.maximumDepth else {
      throw ChatTemplateError(
        .limit, "it nests more than \(Self.maximumDepth) levels deep", line: current.line)
    }
  }

  // MARK: Expressions

  /// One expression, or several with commas between them as a tuple.
  mutating func tuple(conditional: Bool = true) throws(ChatTemplateError) -> TemplateExpression {
    let first = try conditional ? expression() : or()
    guard isSymbol(",") else { return first }
    var parts = [first]
    while skip(symbol: ",") {
      if current.kind == .blockEnd || current.kind == .outputEnd || isSymbol(")") { break }
      parts.append(try conditional ? expression() : or())
    }
    return .tuple(parts)
  }

  mutating func expression() throws(ChatTemplateError) -> TemplateExpression {
    try deeper()
    defer { depth -= 1 }
    let first = try or()
    guard skip(word: "if") else { return first }
    let condition = try or()
    var result = TemplateExpression.conditional(first, condition: condition, otherwise: nil)
    if skip(word: "else") {
      let otherwise = try expression()
      result = .conditional(first, condition: condition, otherwise: otherwise)
    }
    while skip(word: "if") {
      try deeper()
      let condition = try or()
      let otherwise: TemplateExpression? = skip(word: "else") ? try expression() : nil
      result = .conditional(result, condition: condition, otherwise: otherwise)
      depth -= 1
    }
    return result
  }

  mutating func or() throws(ChatTemplateError) -> TemplateExpression {
    var parts = [try and()]
    while skip(word: "or") { parts.append(try and()) }
    return parts.count == 1 ? parts[0] : .or(parts)
  }

  private mutating func and() throws(ChatTemplateError) -> TemplateExpression {
    var parts = [try not()]
    while skip(word: "and") { parts.append(try not()) }
    return parts.count == 1 ? parts[0] : .and(parts)
  }

  private mutating func not() throws(ChatTemplateError) -> TemplateExpression {
    var count = 0
    while skip(word: "not") { count += 1 }
    let value = try comparison()
    return count == 0 ? value : count % 2 == 1 ? .not(value) : .not(.not(value))
  }

  private mutating func comparison() throws(ChatTemplateError) -> TemplateExpression {
    let line = current.line
    let first = try sum()
    var rest: [(TemplateExpression.Comparison, TemplateExpression)] = []
    while let comparison = nextComparison() { rest.append((comparison, try sum())) }
    return rest.isEmpty ? first : .comparison(first, rest, line: line)
  }

  private mutating func nextComparison() -> TemplateExpression.Comparison? {
    let result: TemplateExpression.Comparison
    switch (current.kind, current.text) {
    case (.symbol, "=="): result = .equal
    case (.symbol, "!="): result = .unequal
    case (.symbol, "<"): result = .less
    case (.symbol, "<="): result = .lessOrEqual
    case (.symbol, ">"): result = .greater
    case (.symbol, ">="): result = .greaterOrEqual
    case (.name, "in"): result = .isIn
    case (.name, "not"):
      guard tokens[position + 1].kind == .name, tokens[position + 1].text == "in" else {
        return nil
      }
      position += 1
      result = .isNotIn
    default: return nil
    }
    position += 1
    return result
  }

  private mutating func sum() throws(ChatTemplateError) -> TemplateExpression {
    let line = current.line
    let first = try concatenation()
    var rest: [(TemplateExpression.Arithmetic, TemplateExpression)] = []
    while isSymbol("+") || isSymbol("-") {
      let operation: TemplateExpression.Arithmetic = isSymbol("+") ? .add : .subtract
      position += 1
      rest.append((operation, try concatenation()))
    }
    return rest.isEmpty ? first : .arithmetic(first, rest, line: line)
  }

  private mutating func concatenation() throws(ChatTemplateError) -> TemplateExpression {
    var parts = [try product()]
    while skip(symbol: "~") { parts.append(try product()) }
    return parts.count == 1 ? parts[0] : .concatenation(parts)
  }

  private mutating func product() throws(ChatTemplateError) -> TemplateExpression {
    let line = current.line
    let first = try power()
    var rest: [(TemplateExpression.Arithmetic, TemplateExpression)] = []
    while current.kind == .symbol, ["*", "/", "//", "%"].contains(current.text),
      let operation = TemplateExpression.Arithmetic(rawValue: current.text)
    {
      position += 1
      rest.append((operation, try power()))
    }
    return rest.isEmpty ? first : .arithmetic(first, rest, line: line)
  }

  private mutating func power() throws(ChatTemplateError) -> TemplateExpression {
    let line = current.line
    let first = try unary(withFilters: true)
    var rest: [(TemplateExpression.Arithmetic, TemplateExpression)] = []
    while skip(symbol: "**") { rest.append((.power, try unary(withFilters: true))) }
    return rest.isEmpty ? first : .arithmetic(first, rest, line: line)
  }

  private mutating func unary(withFilters: Bool) throws(ChatTemplateError) -> TemplateExpression {
    let line = current.line
    var value: TemplateExpression
    if isSymbol("-") || isSymbol("+") {
      try deeper()
      defer { depth -= 1 }
      let isNegative = isSymbol("-")
      position += 1
      let operand = try unary(withFilters: false)
      value = isNegative ? .negative(operand, line: line) : .positive(operand, line: line)
    } else {
      value = try primary()
    }
    var chain = try postfixes()
    if withFilters { chain += try filtersAndTests() }
    return chain.isEmpty ? value : .postfix(value, chain)
  }

  /// The argument of a test without parentheses.
  mutating func argument() throws(ChatTemplateError) -> TemplateExpression {
    let value = try primary()
    let chain = try postfixes()
    return chain.isEmpty ? value : .postfix(value, chain)
  }

  private mutating func primary() throws(ChatTemplateError) -> TemplateExpression {
    let token = current
    position += 1
    switch token.kind {
    case .name:
      switch token.text {
      case "true", "True": return .constant(.bool(true))
      case "false", "False": return .constant(.bool(false))
      case "none", "None": return .constant(.none)
      default: return .name(number(of: token.text))
      }
    case .string:
      var text = token.text
      while current.kind == .string {
        text += current.text
        position += 1
      }
      return .constant(.string(text))
    case .integer:
      if let value = PythonText.integer(token.text) { return .constant(.int(value)) }
      guard let value = TemplateValue(wholeNumber: token.text.filter { $0 != "_" }) else {
        throw ChatTemplateError(.syntax, "the number \(token.text) is too large", line: token.line)
      }
      return .constant(value)
    case .float:
      return .constant(.double(Double(token.text.filter { $0 != "_" }) ?? .nan))
    case .symbol where token.text == "(":
      if skip(symbol: ")") { return .tuple([]) }
      try deeper()
      defer { depth -= 1 }
      let value = try tuple()
      try expect(")")
      return value
    case .symbol where token.text == "[":
      return .list(try elements(until: "]"))
    case .symbol where token.text == "{":
      var pairs: [(TemplateExpression, TemplateExpression)] = []
      while !isSymbol("}") {
        if !pairs.isEmpty { try expect(",") }
        if isSymbol("}") { break }
        let key = try expression()
        try expect(":")
        pairs.append((key, try expression()))
      }
      position += 1
      return .dictionary(pairs)
    default:
      position -= 1
      throw fault("unexpected '\(token.text)'")
    }
  }

  private mutating func elements(
    until end: String
  ) throws(ChatTemplateError) -> [TemplateExpression] {
    var result: [TemplateExpression] = []
    while !isSymbol(end) {
      if !result.isEmpty { try expect(",") }
      if isSymbol(end) { break }
      result.append(try expression())
    }
    position += 1
    return result
  }
}
