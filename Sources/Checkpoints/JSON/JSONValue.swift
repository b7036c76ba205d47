/// A JSON value as it stands in a file: numbers as text, members in order with their duplicates.
enum JSONValue: Equatable {
  case null
  case bool(Bool)
  /// The digits as they were written.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// A name with its value.
  struct Member: Equatable {
    var name: String
    var value: JSONValue
  }

  /// The value of a member, the last one where the name comes twice; nil where there is none.
  ///
  /// Names are compared by their UTF-8 bytes: Swift's `String` equality is canonical.
  subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.name.utf8.elementsEqual(name.utf8) }?.value
  }

  /// The string, or nil where this is none.
  var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The elements, or nil where this is no array.
  var array: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }

  /// A whole number of digits alone, without sign, fraction or exponent; nil otherwise or above
  /// `Int.max`.
  var count: Int? {
    guard case .number(let text) = self, text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return Int(text)
  }
}

/// A string between quotes, escaped as little as JSON allows.
func quotedJSON(_ string: String) -> String {
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
