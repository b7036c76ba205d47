/// Sets of characters: escapes, properties and classes in brackets.
extension RegexParser {
  mutating func escape() throws(RegexError) -> RegexNode {
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
      let named = position < scalars.count ? scalars[position] : scalar
      let set = try escapedSet()
      // Case matters to a property by itself, though not to one inside of a class.
      if ignoresCase, !["p", "P", "h", "H"].contains(named), !set.isInverted, set.ranges.count == 1,
        let only = set.ranges.first, only.count == 1
      {
        return .folded(only.lowerBound)
      }
      return .set(set.compiled())
    }
  }

  /// The set or character that stands behind a backslash, inside a class or outside.
  private mutating func escapedSet(inClass: Bool = false) throws(RegexError) -> ScalarSet {
    let scalar = try next()
    let word =
      inClass ? ScalarSet.wordInClass : ScalarSet(properties: CodePoint.wordInPattern)
    func one(_ value: UInt32) -> ScalarSet { ScalarSet(value...value) }
    switch scalar {
    case "s": return ScalarSet(properties: CodePoint.whitespace)
    case "S": return ScalarSet(properties: CodePoint.whitespace).inverted()
    case "w": return word
    case "W": return word.inverted()
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
    guard let set = ScalarSet.named(name) else { throw error("the property {\(name)}") }
    return isInverted ? set.inverted() : set
  }

  /// A class in brackets, whose [ is read.
  mutating func characterClass() throws(RegexError) -> ScalarSet {
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
    let set = try escapedSet(inClass: true)
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
    guard take(":]"), let set = ScalarSet.posix(name) else { throw error("the class [:\(name):]") }
    return isInverted ? set.inverted() : set
  }
}
