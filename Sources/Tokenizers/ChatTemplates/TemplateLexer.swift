/// A piece of a template.
struct TemplateToken {
  enum Kind: Equatable {
    case text
    case blockBegin, blockEnd, outputBegin, outputEnd
    case name, string, integer, float, symbol
    case end
  }

  var kind: Kind
  var text: String
  var line: Int
}

/// Divides a template into tokens, with `trim_blocks` and `lstrip_blocks` on as in transformers.
struct TemplateLexer {
  private let source: [UInt8]
  private var position = 0
  private var line = 1
  /// Whether what follows stands at the beginning of a line.
  private var startsLine = true
  private var tokens: [TemplateToken] = []

  /// The tokens of a template, the last of kind `end`.
  static func tokens(of template: String) throws(ChatTemplateError) -> [TemplateToken] {
    var lexer = TemplateLexer(template)
    while lexer.position < lexer.source.count { try lexer.readText() }
    lexer.add(.end, "end of template")
    return lexer.tokens
  }

  private init(_ template: String) {
    // Lines end by LF, whatever they ended by; one end of the last line falls away.
    var bytes: [UInt8] = []
    bytes.reserveCapacity(template.utf8.count)
    var wasReturn = false
    for byte in template.utf8 {
      if byte == 0x0a, wasReturn {
        wasReturn = false
        continue
      }
      wasReturn = byte == 0x0d
      bytes.append(wasReturn ? 0x0a : byte)
    }
    if bytes.last == 0x0a { bytes.removeLast() }
    source = bytes
  }

  private mutating func add(_ kind: TemplateToken.Kind, _ text: String) {
    tokens.append(TemplateToken(kind: kind, text: text, line: line))
  }

  private func fault(_ message: String, line: Int? = nil) -> ChatTemplateError {
    ChatTemplateError(.syntax, message, line: line ?? self.line)
  }

  private func at(_ place: Int) -> UInt8 { place < source.count ? source[place] : 0 }

  private func starts(_ text: StaticString, at place: Int) -> Bool {
    guard place + text.utf8CodeUnitCount <= source.count else { return false }
    for offset in 0..<text.utf8CodeUnitCount where source[place + offset] != text.utf8Start[offset]
    {
      return false
    }
    return true
  }

  private mutating func advance(to place: Int) {
    for index in position..<place where source[index] == 0x0a { line += 1 }
    if place > position { startsLine = source[place - 1] == 0x0a }
    position = place
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0d).contains(byte)
  }

  private func skippingSpace(_ place: Int) -> Int {
    var place = place
    while place < source.count, Self.isSpace(source[place]) { place += 1 }
    return place
  }

  /// Text up to the next tag, and what that tag holds.
  private mutating func readText() throws(ChatTemplateError) {
    let start = position
    var tag = start
    while tag < source.count {
      if source[tag] == UInt8(ascii: "{") {
        let next = at(tag + 1)
        if next == UInt8(ascii: "{") || next == UInt8(ascii: "%") || next == UInt8(ascii: "#") {
          break
        }
      }
      tag += 1
    }
    guard tag < source.count else {
      add(.text, String(decoding: source[start...], as: UTF8.self))
      advance(to: source.count)
      return
    }
    let kind = source[tag + 1]
    addText(start..<tag, sign: at(tag + 2), isOutput: kind == UInt8(ascii: "{"))
    advance(to: tag)
    let sign = at(tag + 2)
    let hasSign = sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+")
    let inside = tag + (hasSign ? 3 : 2)
    switch kind {
    case UInt8(ascii: "#"): try skipComment(from: inside)
    case UInt8(ascii: "{"):
      add(.outputBegin, "{{")
      advance(to: inside)
      try readTag(isBlock: false)
    default:
      if let body = afterWord("raw", at: inside, takesBreak: false) {
        advance(to: body)
        return try readRaw()
      }
      add(.blockBegin, "{%")
      advance(to: inside)
      try readTag(isBlock: true)
    }
  }

  /// Text before a tag, without the space that the tag's sign or the line's beginning takes away.
  private mutating func addText(_ range: Range<Int>, sign: UInt8, isOutput: Bool) {
    var end = range.upperBound
    if sign == UInt8(ascii: "-") {
      let text = PythonText.stripped(
        String(decoding: source[range], as: UTF8.self), nil, left: false)
      if !text.isEmpty { add(.text, text) }
      return
    }
    if sign != UInt8(ascii: "+"), !isOutput {
      var place = end
      while place > range.lowerBound, source[place - 1] != 0x0a, Self.isSpace(source[place - 1]) {
        place -= 1
      }
      let atStart = place == range.lowerBound
      if atStart ? (startsLine || range.lowerBound == 0) : source[place - 1] == 0x0a { end = place }
    }
    if end > range.lowerBound {
      add(.text, String(decoding: source[range.lowerBound..<end], as: UTF8.self))
    }
  }

  private mutating func skipComment(from inside: Int) throws(ChatTemplateError) {
    let opening = line
    var place = inside
    while place < source.count, !starts("#}", at: place) { place += 1 }
    guard place < source.count else { throw fault("a comment {# has no end #}", line: opening) }
    let sign = place > inside ? source[place - 1] : 0
    advance(to: afterTag(place + 2, sign: sign))
  }

  /// The place behind a tag's end and the space that goes with it.
  private func afterTag(_ place: Int, sign: UInt8) -> Int {
    if sign == UInt8(ascii: "-") { return skippingSpace(place) }
    return sign != UInt8(ascii: "+") && at(place) == 0x0a && place < source.count
      ? place + 1 : place
  }

  /// The place behind `word %}` with the space that goes with it, where it takes any; nil where
  /// something else stands.
  private func afterWord(
    _ word: StaticString, at place: Int, takesBreak: Bool = true
  ) -> Int? {
    var place = skippingSpace(place)
    guard starts(word, at: place) else { return nil }
    place = skippingSpace(place + word.utf8CodeUnitCount)
    let sign = at(place)
    if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { place += 1 }
    guard starts("%}", at: place) else { return nil }
    if !takesBreak, sign != UInt8(ascii: "-") { return place + 2 }
    return afterTag(place + 2, sign: sign)
  }

  private mutating func readRaw() throws(ChatTemplateError) {
    let opening = line
    let start = position
    var place = start
    while place < source.count {
      if starts("{%", at: place) {
        let sign = at(place + 2)
        let hasSign = sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+")
        if let end = afterWord("endraw", at: place + (hasSign ? 3 : 2)) {
          addText(start..<place, sign: sign, isOutput: false)
          advance(to: end)
          return
        }
      }
      place += 1
    }
    throw fault("{% raw %} has no {% endraw %}", line: opening)
  }

  // MARK: Inside of tags

  private mutating func readTag(isBlock: Bool) throws(ChatTemplateError) {
    let opening = line
    var open: [UInt8] = []
    while true {
      advance(to: skippingSpace(position))
      guard position < source.count else {
        throw fault("a tag \(isBlock ? "{%" : "{{") has no end", line: opening)
      }
      if open.isEmpty {
        let sign = at(position)
        let hasSign = sign == UInt8(ascii: "-") || (isBlock && sign == UInt8(ascii: "+"))
        let place = position + (hasSign ? 1 : 0)
        if isBlock, starts("%}", at: place) {
          add(.blockEnd, "%}")
          return advance(to: afterTag(place + 2, sign: hasSign ? sign : 0))
        }
        if !isBlock, starts("}}", at: place) {
          add(.outputEnd, "}}")
          return advance(to: hasSign ? skippingSpace(place + 2) : place + 2)
        }
      }
      try readToken(&open)
    }
  }

  private mutating func readToken(_ open: inout [UInt8]) throws(ChatTemplateError) {
    let start = position
    let byte = source[start]
    if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") { return try readString() }
    if (0x30...0x39).contains(byte) { return try readNumber() }
    if byte == UInt8(ascii: "_") || byte >= 0x80 || isLetter(byte) {
      var end = start
      while end < source.count,
        source[end] == UInt8(ascii: "_") || source[end] >= 0x80
          || isLetter(source[end]) || (0x30...0x39).contains(source[end])
      {
        end += 1
      }
      add(.name, String(decoding: source[start..<end], as: UTF8.self))
      return advance(to: end)
    }
    for symbol: StaticString in ["//", "**", "==", "!=", ">=", "<="] where starts(symbol, at: start)
    {
      add(.symbol, symbol.description)
      return advance(to: start + 2)
    }
    guard "+-/*%~[](){}<>=.:|,".utf8.contains(byte) else {
      let character = String(decoding: source[start...].prefix(4), as: UTF8.self).first ?? "?"
      throw fault("unexpected character '\(character)'")
    }
    switch byte {
    case UInt8(ascii: "("): open.append(UInt8(ascii: ")"))
    case UInt8(ascii: "["): open.append(UInt8(ascii: "]"))
    case UInt8(ascii: "{"): open.append(UInt8(ascii: "}"))
    case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
      guard open.popLast() == byte else {
        throw fault("unexpected '\(Character(Unicode.Scalar(byte)))'")
      }
    default: break
    }
    add(.symbol, String(Character(Unicode.Scalar(byte))))
    advance(to: start + 1)
  }

  private func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }

  private mutating func readString() throws(ChatTemplateError) {
    let quote = source[position]
    var end = position + 1
    while end < source.count, source[end] != quote {
      end += source[end] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard end < source.count else { throw fault("a string has no end") }
    guard let text = PythonText.unescaped(source[(position + 1)..<end]) else {
      throw fault("a string has a damaged escape")
    }
    add(.string, text)
    advance(to: end + 1)
  }

  private mutating func readNumber() throws(ChatTemplateError) {
    var end = position
    func isDigit(_ place: Int) -> Bool {
      (0x30...0x39).contains(at(place)) || (at(place) == UInt8(ascii: "_"))
    }
    let radix: UInt8 = at(position + 1) | 0x20
    if at(position) == UInt8(ascii: "0"), "xob".utf8.contains(radix) {
      end += 2
      while isLetter(at(end)) || isDigit(end) { end += 1 }
    } else {
      while isDigit(end) { end += 1 }
      var isFloat = false
      if at(end) == UInt8(ascii: "."), (0x30...0x39).contains(at(end + 1)) {
        isFloat = true
        end += 1
        while isDigit(end) { end += 1 }
      }
      if at(end) | 0x20 == UInt8(ascii: "e") {
        let sign = at(end + 1) == UInt8(ascii: "+") || at(end + 1) == UInt8(ascii: "-")
        let digits = end + (sign ? 2 : 1)
        if (0x30...0x39).contains(at(digits)) {
          isFloat = true
          end = digits
          while isDigit(end) { end += 1 }
        }
      }
      if isFloat {
        add(.float, String(decoding: source[position..<end], as: UTF8.self))
        return advance(to: end)
      }
    }
    add(.integer, String(decoding: source[position..<end], as: UTF8.self))
    advance(to: end)
  }
}
