/// A strict reader of JSON (RFC 8259): no trailing commas, comments, leading zeros, lone surrogates
/// or byte-order mark, and no numbers beyond `Double`'s range.
///
/// Foundation's reader takes more than the format allows and keeps one of two equal names by a rule
/// of its own, which is why file headers are not read with it.
package struct JSONParser {
  /// What is wrong, and at which byte.
  package struct Fault: Error, Equatable {
    /// What is wrong, as a clause.
    package var message: String
    /// The number of bytes before it.
    package var position: Int

    package init(message: String, position: Int) {
      self.message = message
      self.position = position
    }
  }

  /// How deeply arrays and objects may be nested.
  package static let maximumDepth = 127

  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Reads one value that fills all of the bytes, which must be UTF-8.
  package static func parse(_ bytes: [UInt8]) throws(Fault) -> JSONValue {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw Fault(message: "it is not valid UTF-8", position: 0)
    }
    var parser = JSONParser(bytes)
    let value = try parser.value()
    parser.skipBlanks()
    guard parser.position == bytes.count else { throw parser.fault("more follows the value") }
    return value
  }

  private func fault(_ message: String) -> Fault { Fault(message: message, position: position) }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipBlanks() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      position += 1
    }
  }

  private mutating func take(_ expected: Character) -> Bool {
    guard let byte = next, byte == expected.asciiValue else { return false }
    position += 1
    return true
  }

  private mutating func value() throws(Fault) -> JSONValue {
    skipBlanks()
    switch next {
    case UInt8(ascii: "{"): return try nested { parser throws(Fault) in try parser.object() }
    case UInt8(ascii: "["): return try nested { parser throws(Fault) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case let byte? where byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte):
      return try number()
    case nil: throw fault("it ends where a value belongs")
    default: throw fault("a value belongs here")
    }
  }

  private mutating func nested(
    _ body: (inout JSONParser) throws(Fault) -> JSONValue
  ) throws(Fault) -> JSONValue {
    depth += 1
    if depth > Self.maximumDepth { throw fault("it is nested too deeply") }
    position += 1
    let value = try body(&self)
    depth -= 1
    return value
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(Fault) -> JSONValue {
    guard bytes[position...].starts(with: word.utf8) else { throw fault("a value belongs here") }
    position += word.utf8.count
    return value
  }

  private mutating func array() throws(Fault) -> JSONValue {
    var elements: [JSONValue] = []
    skipBlanks()
    if take("]") { return .array([]) }
    while true {
      elements.append(try value())
      skipBlanks()
      if take("]") { return .array(elements) }
      guard take(",") else { throw fault("a comma or ] belongs here") }
    }
  }

  private mutating func object() throws(Fault) -> JSONValue {
    var members: [JSONValue.Member] = []
    skipBlanks()
    if take("}") { return .object([]) }
    while true {
      skipBlanks()
      guard next == UInt8(ascii: "\"") else { throw fault("a name in quotes belongs here") }
      let name = try string()
      skipBlanks()
      guard take(":") else { throw fault("a colon belongs here") }
      members.append(JSONValue.Member(name: name, value: try value()))
      skipBlanks()
      if take("}") { return .object(members) }
      guard take(",") else { throw fault("a comma or } belongs here") }
    }
  }

  private mutating func digits() throws(Fault) {
    let start = position
    while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
    if position == start { throw fault("a digit belongs here") }
  }

  private mutating func number() throws(Fault) -> JSONValue {
    let start = position
    _ = take("-")
    if take("0") {
      if let byte = next, (0x30...0x39).contains(byte) { throw fault("a number begins with 0") }
    } else {
      try digits()
    }
    if take(".") { try digits() }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      try digits()
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text), value.isFinite else { throw fault("the number is too large") }
    return .number(text)
  }

  private mutating func string() throws(Fault) -> String {
    position += 1
    var content: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
      case UInt8(ascii: "\\"): content += String(try escape()).utf8
      case 0..<0x20: throw fault("a control character stands in a string")
      default: content.append(byte)
      }
    }
    throw fault("a string is never closed")
  }

  private mutating func escape() throws(Fault) -> Unicode.Scalar {
    guard let byte = next else { throw fault("a string is never closed") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let unit = try hexadecimal()
      if let scalar = Unicode.Scalar(unit) { return scalar }
      guard unit < 0xdc00, take("\\"), take("u") else { throw fault("a surrogate stands alone") }
      let low = try hexadecimal()
      guard (0xdc00...0xdfff).contains(low),
        let scalar = Unicode.Scalar(
          0x10000 + (UInt32(unit) - 0xd800) << 10 + (UInt32(low) - 0xdc00))
      else { throw fault("a surrogate stands alone") }
      return scalar
    default: throw fault("there is no such escape")
    }
  }

  private mutating func hexadecimal() throws(Fault) -> UInt16 {
    guard position + 4 <= bytes.count else { throw fault("four digits belong here") }
    var value: UInt16 = 0
    for byte in bytes[position..<position + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw fault("four digits belong here")
      }
      value = value << 4 | UInt16(digit)
    }
    position += 4
    return value
  }
}
