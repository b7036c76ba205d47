/// A JSON value as it stands in a file: numbers as text, members in order with their duplicates.
package enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  /// The digits as they were written.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// A name with its value.
  package struct Member: Equatable, Sendable {
    package var name: String
    package var value: JSONValue

    package init(name: String, value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// The value of a member, the last one where the name comes twice; nil where there is none.
  ///
  /// Names are compared by their UTF-8 bytes: Swift's `String` equality is canonical.
  package subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.name.utf8.elementsEqual(name.utf8) }?.value
  }

  /// The string, or nil where this is none.
  package var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The elements, or nil where this is no array.
  package var array: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }

  /// The truth value, or nil where this is none.
  package var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The members in the order of the file, or nil where this is no object.
  package var members: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// Whether this is `null`.
  package var isNull: Bool { self == .null }

  /// The number, or nil where this is none.
  package var double: Double? {
    if case .number(let text) = self { Double(text) } else { nil }
  }

  /// A whole number that `Int` holds, written with or without a fraction of zeros; nil otherwise.
  package var int: Int? {
    guard case .number(let text) = self else { return nil }
    return Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
  }

  /// A whole number of digits alone, without sign, fraction or exponent; nil otherwise or above
  /// `Int.max`.
  package var count: Int? {
    guard case .number(let text) = self, text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return Int(text)
  }
}

/// A string between quotes, escaped as little as JSON allows.
package func quotedJSON(_ string: String) -> String {
  var result = "\""
  for scalar in string.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case "\u{8}": result += "\\b"
    case "\u{c}": result += "\\f"
    case "\u{0}"..."\u{1f}":
      let digits = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
