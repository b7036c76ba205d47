/// Reads Oniguruma's Ruby syntax, which the patterns of tokenizer files are written in: as much of
/// it as published files use. What is not supported is an error that names it.
struct RegexParser {
  private let pattern: String
  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var ignoresCase = false
  private var isExtended = false
  private var dotTakesNewlines = false
  private var depth = 0

  static func parse(_ pattern: String) throws(RegexError) -> RegexNode {
    var parser = RegexParser(pattern)
    let node = try parser.alternation()
    guard parser.peek == nil else { throw parser.error("an unmatched )") }
    return node
  }

  private init(_ pattern: String) {
    self.pattern = pattern
    scalars = Array(pattern.unicodeScalars)
  }

  private func error(_ problem: String) -> RegexError {
    RegexError(pattern: pattern, problem: problem)
  }

  private var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private mutating func take(_ text: String) -> Bool {
    let wanted = Array(text.unicodeScalars)
    guard position + wanted.count <= scalars.count,
      scalars[position..<position + wanted.count].elementsEqual(wanted)
    else { return false }
    position += wanted.count
    return true
  }

  private mutating func next() throws(RegexError) -> Unicode.Scalar {
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
    case "[": return .set(try characterClass().compiled())
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
    var set = ScalarSet(scalar.value...scalar.value)
    set.ignoresCase = ignoresCase
    return .set(set.compiled())
  }

  private mutating func group() throws(RegexError) -> RegexNode {
    let saved = (ignoresCase, isExtended, dotTakesNewlines)
    defer { (ignoresCase, isExtended, dotTakesNewlines) = saved }
    var wrap: (RegexNode) -> RegexNode = { $0 }
    if take("?") {
      if take(":") {
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
      } else {
        throw error("the group option (?\(peek.map { String($0) } ?? "")")
      }
    }
    let node = try alternation()
    guard take(")") else { throw error("a group is never closed") }
    return wrap(node)
  }
}

extension RegexParser {
  private mutating func escape() throws(RegexError) -> RegexNode {
    let scalar = try next()
    switch scalar {
    case "A": return .anchor(.textStart)
    case "z": return .anchor(.textEnd)
    case "Z": return .anchor(.textEndOrLastNewline)
    case "b": return .anchor(.wordBoundary)
    case "B": return .anchor(.noWordBoundary)
    case "R":
      var ends = ScalarSet(0xa...0xd)
      ends.ranges += [0x85...0x85, 0x2028...0x2029]
      return .atomic(
        .alternation([
          .sequence([.set(ScalarSet(13...13).compiled()), .set(ScalarSet(10...10).compiled())]),
          .set(ends.compiled()),
        ]))
    case "1"..."9": throw error("the back-reference \\\(scalar)")
    case "G", "K", "X", "y", "Y", "g", "k": throw error("\\\(scalar)")
    default:
      position -= 1
      var set = try escapedSet()
      set.ignoresCase = ignoresCase
      return .set(set.compiled())
    }
  }

  /// The set or character that stands behind a backslash, inside a class or outside.
  private mutating func escapedSet() throws(RegexError) -> ScalarSet {
    let scalar = try next()
    func one(_ value: UInt32) -> ScalarSet { ScalarSet(value...value) }
    switch scalar {
    case "s": return ScalarSet(properties: CodePoint.whitespace)
    case "S": return ScalarSet(properties: CodePoint.whitespace).inverted()
    case "w": return ScalarSet(properties: CodePoint.wordInPattern)
    case "W": return ScalarSet(properties: CodePoint.wordInPattern).inverted()
    case "d": return ScalarSet(categories: 1 << 8)
    case "D": return ScalarSet(categories: 1 << 8).inverted()
    case "h", "H":
      var set = ScalarSet(0x30...0x39)
      set.ranges += [0x41...0x46, 0x61...0x66]
      return scalar == "h" ? set : set.inverted()
    case "p", "P":
      let set = try property()
      return scalar == "p" ? set : set.inverted()
    case "t": return one(9)
    case "n": return one(10)
    case "v": return one(11)
    case "f": return one(12)
    case "r": return one(13)
    case "a": return one(7)
    case "e": return one(27)
    case "0": return one(0)
    case "x":
      if take("{") {
        let value = try hexadecimal(1...8)
        guard take("}") else { throw error("\\x{ is not closed") }
        return one(value)
      }
      return one(try hexadecimal(1...2))
    case "u": return one(try hexadecimal(4...4))
    default:
      guard !(scalar.isASCII && scalar.properties.isAlphabetic) else {
        throw error("the escape \\\(scalar)")
      }
      return one(scalar.value)
    }
  }

  private mutating func hexadecimal(_ digits: ClosedRange<Int>) throws(RegexError) -> UInt32 {
    var value: UInt32 = 0
    var count = 0
    while count < digits.upperBound, let scalar = peek,
      let digit = Character(scalar).hexDigitValue, scalar.isASCII
    {
      value = value << 4 | UInt32(digit)
      position += 1
      count += 1
    }
    guard count >= digits.lowerBound, Unicode.Scalar(value) != nil else {
      throw error("an escape names no character")
    }
    return value
  }

  /// `{L}`, `{^L}` or one of scripts and POSIX names.
  private mutating func property() throws(RegexError) -> ScalarSet {
    guard take("{") else { throw error("\\p without {") }
    let isInverted = take("^")
    var name = ""
    while let scalar = peek, scalar != "}" {
      name.unicodeScalars.append(scalar)
      position += 1
    }
    guard take("}") else { throw error("\\p{ is not closed") }
    guard let set = Self.named(name) else { throw error("the property {\(name)}") }
    return isInverted ? set.inverted() : set
  }

  /// A class in brackets, whose [ is read.
  private mutating func characterClass() throws(RegexError) -> ScalarSet {
    depth += 1
    guard depth < 200 else { throw error("it is nested too deeply") }
    defer { depth -= 1 }
    let isInverted = take("^")
    var result = ScalarSet()
    var operands: [ScalarSet] = []
    var current = ScalarSet()
    current.ignoresCase = ignoresCase
    var isFirst = true
    while true {
      guard let scalar = peek else { throw error("a class is never closed") }
      if scalar == "]", !isFirst {
        position += 1
        break
      }
      isFirst = false
      if take("&&") {
        operands.append(current)
        current = ScalarSet()
        current.ignoresCase = ignoresCase
        continue
      }
      if take("[:") {
        current.joined.append(try posixClass())
        continue
      }
      if take("[") {
        current.joined.append(try characterClass())
        continue
      }
      try member(into: &current)
    }
    operands.append(current)
    result = operands.removeFirst()
    if !operands.isEmpty {
      // A meeting concerns all that stands before it.
      var whole = ScalarSet()
      whole.joined = [result]
      whole.met = operands
      result = whole
    }
    return isInverted ? wrapped(result).inverted() : result
  }

  private func wrapped(_ set: ScalarSet) -> ScalarSet {
    guard set.isInverted else { return set }
    var whole = ScalarSet()
    whole.joined = [set]
    return whole
  }

  private mutating func member(into set: inout ScalarSet) throws(RegexError) {
    let first = try single()
    guard let low = first.value, peek == "-", position + 1 < scalars.count,
      scalars[position + 1] != "]"
    else {
      if let value = first.value {
        set.ranges.append(value...value)
      } else {
        set.joined.append(first.set)
      }
      return
    }
    position += 1
    if peek == "[" { throw error("a class as the end of a range") }
    guard let high = try single().value else { throw error("a class as the end of a range") }
    guard low <= high else { throw error("a range runs backward") }
    set.ranges.append(low...high)
  }

  private mutating func single() throws(RegexError) -> (value: UInt32?, set: ScalarSet) {
    let scalar = try next()
    guard scalar == "\\" else { return (scalar.value, ScalarSet()) }
    if take("b") { return (8, ScalarSet()) }
    let set = try escapedSet()
    if set.categories == 0, set.properties == 0, set.joined.isEmpty, !set.isInverted,
      set.ranges.count == 1, let only = set.ranges.first, only.lowerBound == only.upperBound
    {
      return (only.lowerBound, set)
    }
    return (nil, set)
  }

  private mutating func posixClass() throws(RegexError) -> ScalarSet {
    let isInverted = take("^")
    var name = ""
    while let scalar = peek, scalar != ":" {
      name.unicodeScalars.append(scalar)
      position += 1
    }
    guard take(":]"), let set = Self.posix(name) else { throw error("the class [:\(name):]") }
    return isInverted ? set.inverted() : set
  }

  private static func posix(_ name: String) -> ScalarSet? {
    switch name {
    case "alpha": return ScalarSet(properties: CodePoint.alphabetic)
    case "digit": return ScalarSet(categories: 1 << 8)
    case "alnum":
      var set = ScalarSet(properties: CodePoint.alphabetic)
      set.categories = 1 << 8
      return set
    case "upper": return ScalarSet(categories: 1)
    case "lower": return ScalarSet(categories: 2)
    case "space": return ScalarSet(properties: CodePoint.whitespace)
    case "punct": return ScalarSet(categories: 0x7f << 11 | 0xf << 18)
    case "cntrl": return ScalarSet(categories: 1 << 25)
    case "word": return ScalarSet(properties: CodePoint.wordInPattern)
    case "ascii": return ScalarSet(0...0x7f)
    case "blank":
      var set = ScalarSet(categories: 1 << 22)
      set.ranges = [9...9]
      return set
    case "xdigit":
      var set = ScalarSet(0x30...0x39)
      set.ranges += [0x41...0x46, 0x61...0x66]
      return set
    default: return nil
    }
  }

  private static func named(_ name: String) -> ScalarSet? {
    if let index = CodePoint.categories.firstIndex(of: name) {
      return ScalarSet(categories: 1 << UInt32(index))
    }
    let plain = name.lowercased().filter { $0 != "_" && $0 != " " && $0 != "-" }
    switch plain {
    case "l", "letter": return ScalarSet(categories: CodePoint.letters)
    case "m", "mark": return ScalarSet(categories: CodePoint.marks)
    case "n", "number": return ScalarSet(categories: CodePoint.numbers)
    case "p", "punctuation": return ScalarSet(categories: 0x7f << 11)
    case "s", "symbol": return ScalarSet(categories: 0xf << 18)
    case "z", "separator": return ScalarSet(categories: 7 << 22)
    case "c", "other": return ScalarSet(categories: 0x1f << 25)
    case "lc": return ScalarSet(categories: 7)
    case "any": return ScalarSet(0...0x10ffff)
    case "whitespace": return ScalarSet(properties: CodePoint.whitespace)
    case "alphabetic": return ScalarSet(properties: CodePoint.alphabetic)
    default: break
    }
    if let index = CodePoint.categories.firstIndex(where: { $0.lowercased() == plain }) {
      return ScalarSet(categories: 1 << UInt32(index))
    }
    if let set = posix(plain) { return set }
    return UnicodeLookup.script(named: name).map { ranges in
      var set = ScalarSet()
      set.ranges = ranges
      return set
    }
  }
}
