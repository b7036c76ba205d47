extension TemplateParser {
  /// Statements up to a tag with one of these names, which stays to be read; up to the template's end
  /// where no names are given.
  mutating func statements(until ends: [String] = []) throws(ChatTemplateError)
    -> [TemplateStatement]
  {
    try deeper()
    defer { depth -= 1 }
    let opening = current.line
    var result: [TemplateStatement] = []
    while true {
      let token = current
      switch token.kind {
      case .text:
        position += 1
        result.append(.text(token.text))
      case .outputBegin:
        position += 1
        result.append(.output(try tuple(), line: token.line))
        guard current.kind == .outputEnd else {
          throw fault("expected '}}', got '\(current.text)'")
        }
        position += 1
      case .blockBegin:
        position += 1
        if current.kind == .name, ends.contains(current.text) { return result }
        result.append(try statement())
      default:
        guard ends.isEmpty else {
          throw ChatTemplateError(
            .syntax, "{% \(ends[ends.count - 1]) %} is missing", line: opening)
        }
        return result
      }
    }
  }

  mutating func endBlock() throws(ChatTemplateError) {
    guard current.kind == .blockEnd else { throw fault("expected '%}', got '\(current.text)'") }
    position += 1
  }

  /// The body of a block, and its end.
  private mutating func body(until end: String) throws(ChatTemplateError) -> [TemplateStatement] {
    try endBlock()
    let result = try statements(until: [end])
    position += 1
    try endBlock()
    return result
  }

  private mutating func statement() throws(ChatTemplateError) -> TemplateStatement {
    let line = current.line
    let word = try expectName()
    switch word {
    case "if": return try branch(line)
    case "for": return try loop(line)
    case "set": return try assignment(line)
    case "with":
      var targets: [(TemplateTarget, TemplateExpression)] = []
      while current.kind != .blockEnd {
        if !targets.isEmpty { try expect(",") }
        let name = TemplateTarget.name(number(of: try expectName()))
        try expect("=")
        targets.append((name, try expression()))
      }
      return .with(targets, body: try body(until: "endwith"), line: line)
    case "filter":
      position -= 1
      tokens[position] = TemplateToken(kind: .symbol, text: "|", line: line)
      let filters = try filters()
      return .filterBlock(filters, body: try body(until: "endfilter"), line: line)
    case "macro":
      let name = try expectName()
      let parameters = try signature()
      let start = position
      let body = try macroBody(until: "endmacro")
      return .macro(
        TemplateMacro(name: name, parameters: parameters, body: body, reads: reads(from: start)),
        name: number(of: name),
        line: line)
    case "call":
      let parameters = isSymbol("(") ? try signature() : []
      let call = try expression()
      guard case .postfix(_, let chain) = call, case .call? = chain.last else {
        throw ChatTemplateError(.syntax, "{% call %} needs a call of a macro", line: line)
      }
      let start = position
      let body = try macroBody(until: "endcall")
      return .callBlock(
        call,
        TemplateMacro(
          name: "caller", parameters: parameters, body: body, reads: reads(from: start)), line: line
      )
    case "generation": return .generation(try macroBody(until: "endgeneration"), line: line)
    case "break", "continue":
      guard loopDepth > 0 else {
        throw ChatTemplateError(.syntax, "'\(word)' is outside of a loop", line: line)
      }
      try endBlock()
      return word == "break" ? .breakLoop : .continueLoop
    case "block": return try block(line)
    case "autoescape":
      let condition = try expression()
      return .autoescape(condition, body: try body(until: "endautoescape"), line: line)
    case "extends", "include", "import", "from":
      // There is nothing that other templates could be loaded from: an error where it is reached.
      while current.kind != .blockEnd, current.kind != .end { position += 1 }
      try endBlock()
      return .refused(
        "{% \(word) %} is not supported: a chat template has no others beside it", line: line)
    default:
      throw ChatTemplateError(.syntax, "Encountered unknown tag '\(word)'.", line: line)
    }
  }

  private mutating func macroBody(until end: String) throws(ChatTemplateError)
    -> [TemplateStatement]
  {
    let outer = loopDepth
    loopDepth = 0
    defer { loopDepth = outer }
    return try body(until: end)
  }

  /// The names of a macro's further arguments that stand between a place and the present one.
  private func reads(from start: Int) -> Set<String> {
    let names = (start..<position).filter { place in
      tokens[place].kind == .name
        && !(tokens[place - 1].kind == .symbol && tokens[place - 1].text == ".")
    }.map { tokens[$0].text }
    return Set(names).intersection(["caller", "varargs", "kwargs"])
  }

  private mutating func block(_ line: Int) throws(ChatTemplateError) -> TemplateStatement {
    let name = try expectName()
    let isScoped = skip(word: "scoped")
    if isWord("required") {
      throw ChatTemplateError(.unsupported, "a required block is not supported", line: line)
    }
    guard blocks[name] == nil else {
      throw ChatTemplateError(.syntax, "block \(PythonText.quoted(name)) defined twice", line: line)
    }
    blocks[name] = []
    try endBlock()
    let outer = loopDepth
    loopDepth = 0
    let content = try statements(until: ["endblock"])
    loopDepth = outer
    position += 1
    if isWord(name) { position += 1 }
    try endBlock()
    blocks[name] = content
    return .block(name, content, isScoped: isScoped, line: line)
  }

  private mutating func filters() throws(ChatTemplateError) -> [TemplateFilter] {
    var result: [TemplateFilter] = []
    while isSymbol("|") { result.append(try filter()) }
    return result
  }

  private mutating func branch(_ line: Int) throws(ChatTemplateError) -> TemplateStatement {
    var branches: [(condition: TemplateExpression?, body: [TemplateStatement])] = []
    var condition: TemplateExpression? = try tuple(conditional: false)
    while true {
      try endBlock()
      let isLast = condition == nil
      let body = try statements(until: isLast ? ["endif"] : ["elif", "else", "endif"])
      branches.append((condition, body))
      let word = try expectName()
      switch word {
      case "elif": condition = try tuple(conditional: false)
      case "else": condition = nil
      default:
        try endBlock()
        return .branch(branches, line: line)
      }
    }
  }

  private mutating func loop(_ line: Int) throws(ChatTemplateError) -> TemplateStatement {
    let target = try target()
    try expect("in")
    let sequence = try tuple(conditional: false)
    let condition: TemplateExpression? = skip(word: "if") ? try expression() : nil
    let isRecursive = skip(word: "recursive")
    try endBlock()
    loopDepth += 1
    let body = try statements(until: ["else", "endfor"])
    loopDepth -= 1
    var otherwise: [TemplateStatement] = []
    if skip(word: "else") {
      try endBlock()
      otherwise = try statements(until: ["endfor"])
    }
    position += 1
    try endBlock()
    return .loop(
      TemplateLoop(
        target: target, sequence: sequence, condition: condition, body: body,
        otherwise: otherwise, isRecursive: isRecursive), line: line)
  }

  private mutating func assignment(_ line: Int) throws(ChatTemplateError) -> TemplateStatement {
    let target = try target()
    if skip(symbol: "=") {
      let value = try tuple()
      try endBlock()
      return .set(target, value, line: line)
    }
    let filters = try filters()
    return .setBlock(target, filters: filters, body: try body(until: "endset"), line: line)
  }

  /// A name, an attribute of a namespace, or several of them.
  private mutating func target() throws(ChatTemplateError) -> TemplateTarget {
    var parts: [TemplateTarget] = []
    var isTuple = false
    repeat {
      if skip(symbol: "(") {
        try deeper()
        parts.append(try target())
        depth -= 1
        try expect(")")
      } else {
        guard current.kind == .name else {
          if isTuple { break }
          throw fault("cannot assign to '\(current.text)'")
        }
        if ["true", "false", "none", "True", "False", "None"].contains(current.text) {
          throw fault("cannot assign to '\(current.text)'")
        }
        if isTuple, isWord("in") { break }
        let name = number(of: try expectName())
        parts.append(
          skip(symbol: ".") ? .attribute(of: name, try expectName()) : .name(name))
      }
      if isSymbol(",") { isTuple = true }
    } while skip(symbol: ",")
    return isTuple ? .tuple(parts) : parts[0]
  }

  private mutating func signature() throws(ChatTemplateError)
    -> [(id: Int, name: String, usual: TemplateExpression?)]
  {
    try expect("(")
    var result: [(id: Int, name: String, usual: TemplateExpression?)] = []
    while !isSymbol(")") {
      if !result.isEmpty { try expect(",") }
      if isSymbol(")") { break }
      let name = try expectName()
      let usual: TemplateExpression? = skip(symbol: "=") ? try expression() : nil
      if usual == nil, result.last?.usual != nil {
        throw fault("the parameter '\(name)' without a default follows one with a default")
      }
      result.append((number(of: name), name, usual))
    }
    position += 1
    return result
  }
}
