/// Reads Oniguruma's Ruby syntax, which the patterns of tokenizer files are written in: as much of
/// it as published files use. What is not supported is an error that names it.
struct RegexParser {
  private let pattern: String
  let scalars: [Unicode.Scalar]
  var position = 0
  var ignoresCase = false
  private var isExtended = false
  private var dotTakesNewlines = false
  var depth = 0

  static func parse(_ pattern: String) throws(RegexError) -> RegexNode {
    var parser = RegexParser(pattern)
    let node = try parser.alternation()
    guard parser.peek == nil else { throw parser.error("an unmatched )") }
    return RegexFolding.expanded(node)
  }

  private init(_ pattern: String) {
    self.pattern = pattern
    scalars = Array(pattern.unicodeScalars)
  }

  func error(_ problem: String) -> RegexError {
    RegexError(pattern: pattern, problem: problem)
  }

  var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  mutating func take(_ text: String) -> Bool {
    let wanted = Array(text.unicodeScalars)
    guard position + wanted.count <= scalars.count,
      scalars[position..<position + wanted.count].elementsEqual(wanted)
    else { return false }
    position += wanted.count
    return true
  }

  mutating func next() throws(RegexError) -> Unicode.Scalar {
    guard let scalar = peek else { throw error("it ends too early") }
    position += 1
    return scalar
  }

  private mutating func alternation() throws(RegexError) -> RegexNode {
    depth += 1
    guard depth < 200 else { throw error("it is nested too deeply") }
    defer { depth -= 1 }
    var choices = [try sequence()]
    while take("|") { choices.append(try sequence()) }
    return choices.count == 1 ? choices[0] : .alternation(choices)
  }

  private mutating func sequence() throws(RegexError) -> RegexNode {
    var nodes: [RegexNode] = []
    while let scalar = peek, scalar != "|", scalar != ")" {
      if isExtended {
        if scalar.properties.isWhitespace {
          position += 1
          continue
        }
        if scalar == "#" {
          while let c = peek, c != "\n" {
            _ = c
            position += 1
          }
          continue
        }
      }
      if scalar == "(", let options = try optionsForTheRest() {
        // `(?i)` holds up to the end of the group that it stands in, alternatives included.
        let saved = (ignoresCase, isExtended, dotTakesNewlines)
        (ignoresCase, isExtended, dotTakesNewlines) = options
        nodes.append(try alternation())
        (ignoresCase, isExtended, dotTakesNewlines) = saved
        continue
      }
      nodes.append(try quantified())
    }
    return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
  }

  /// The options of `(?imx-imx)`, or nil, with nothing read, where something else stands here.
  private mutating func optionsForTheRest() throws(RegexError) -> (Bool, Bool, Bool)? {
    let start = position
    guard take("(?"), let options = letters(), take(")") else {
      position = start
      return nil
    }
    return options
  }

  private mutating func letters() -> (Bool, Bool, Bool)? {
    var result = (ignoresCase, isExtended, dotTakesNewlines)
    var isOn = true
    var any = false
    while let scalar = peek {
      switch scalar {
      case "i": result.0 = isOn
      case "x": result.1 = isOn
      case "m": result.2 = isOn
      case "-": isOn = false
      default: return any ? result : nil
      }
      any = true
      position += 1
    }
    return nil
  }

  private mutating func quantified() throws(RegexError) -> RegexNode {
    var node = try atom()
    while let scalar = peek {
      let bounds: (Int, Int?)
      var canBePossessive = true
      switch scalar {
      case "*": bounds = (0, nil)
      case "+": bounds = (1, nil)
      case "?": bounds = (0, 1)
      case "{":
        guard let found = try interval() else { return node }
        bounds = found
        // In Ruby's syntax a + behind an interval is a loop around it.
        canBePossessive = false
        position -= 1
      default: return node
      }
      position += 1
      var kind = RegexLoopKind.greedy
      if take("?") { kind = .lazy } else if canBePossessive, take("+") { kind = .possessive }
      node = .loop(node, minimum: bounds.0, maximum: bounds.1, kind)
    }
    return node
  }

  /// Reads `{n}`, `{n,}`, `{,m}` or `{n,m}`; nil, with nothing read, where it is none.
  private mutating func interval() throws(RegexError) -> (Int, Int?)? {
    let start = position
    position += 1
    func none() -> (Int, Int?)? { nil }
    let low = try number()
    var high: Int?
    let hasComma = take(",")
    if hasComma { high = try number() }
    guard take("}"), low != nil || high != nil else {
      position = start
      return none()
    }
    let bounds = (low ?? 0, hasComma ? high : low)
    if let maximum = bounds.1, maximum < bounds.0 { throw error("an interval runs backward") }
    return bounds
  }

  private mutating func number() throws(RegexError) -> Int? {
    var value: Int?
    while let scalar = peek, ("0"..."9").contains(scalar) {
      value = (value ?? 0) * 10 + Int(scalar.value - 48)
      if let value, value > 1000 { throw error("a repetition of more than 1000") }
      position += 1
    }
    return value
  }

  private mutating func atom() throws(RegexError) -> RegexNode {
    let scalar = try next()
    switch scalar {
    case "(": return try group()
    case "[":
      let set = try characterClass().compiled()
      return ignoresCase && !set.isInverted ? .foldedClass(set) : .set(set)
    case ".":
      return .set(
        dotTakesNewlines
          ? ScalarSet(0...0x10ffff).compiled() : ScalarSet(10...10).inverted().compiled())
    case "^": return .anchor(.lineStart)
    case "$": return .anchor(.lineEnd)
    case "\\": return try escape()
    case "*", "+", "?": throw error("nothing stands before \(scalar)")
    default: return literal(scalar)
    }
  }

  private func literal(_ scalar: Unicode.Scalar) -> RegexNode {
    ignoresCase ? .folded(scalar.value) : .set(ScalarSet(scalar.value...scalar.value).compiled())
  }

  private mutating func group() throws(RegexError) -> RegexNode {
    let saved = (ignoresCase, isExtended, dotTakesNewlines)
    defer { (ignoresCase, isExtended, dotTakesNewlines) = saved }
    var wrap: (RegexNode) -> RegexNode = { .capture($0) }
    if take("?") {
      if take(":") {
        wrap = { $0 }
      } else if take("=") {
        wrap = { .look($0, isBehind: false, isNegative: false) }
      } else if take("!") {
        wrap = { .look($0, isBehind: false, isNegative: true) }
      } else if take("<=") {
        wrap = { .look($0, isBehind: true, isNegative: false) }
      } else if take("<!") {
        wrap = { .look($0, isBehind: true, isNegative: true) }
      } else if take(">") {
        wrap = { .atomic($0) }
      } else if take("#") {
        while try next() != ")" {}
        return .empty
      } else if take("<") || take("'") {
        while let c = peek, c.properties.isAlphabetic || c == "_" || ("0"..."9").contains(c) {
          position += 1
        }
        guard take(">") || take("'") else { throw error("a group's name is not closed") }
      } else if let options = letters(), take(":") {
        (ignoresCase, isExtended, dotTakesNewlines) = options
        wrap = { .capture($0) }
      } else {
        throw error("the group option (?\(peek.map { String($0) } ?? "")")
      }
    }
    let node = try alternation()
    guard take(")") else { throw error("a group is never closed") }
    return wrap(node)
  }
}
