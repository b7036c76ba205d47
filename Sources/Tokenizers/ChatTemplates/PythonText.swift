import Foundation

/// Texts as Python reads, writes and divides them: by code points, never by characters.
enum PythonText {
  /// What Python's `str.isspace` takes for space.
  static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || (0x1c...0x1f).contains(scalar.value)
  }

  /// A text without space, or without the code points of `characters`, at its ends.
  static func stripped(
    _ text: String, _ characters: String?, left: Bool = true, right: Bool = true
  ) -> String {
    let set = characters.map { Set($0.unicodeScalars) }
    func falls(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? isSpace(scalar) }
    var rest = text.unicodeScalars[...]
    if left { while let first = rest.first, falls(first) { rest.removeFirst() } }
    if right { while let last = rest.last, falls(last) { rest.removeLast() } }
    return String(rest)
  }

  /// A whole number of a template: digits with underscores, or 0x, 0o and 0b before them.
  static func integer(_ text: String) -> Int? {
    let digits = text.filter { $0 != "_" }
    let radixes = ["x": 16, "o": 8, "b": 2]
    if digits.count > 2, digits.hasPrefix("0"),
      let radix = radixes[digits.dropFirst().prefix(1).lowercased()]
    {
      return Int(digits.dropFirst(2), radix: radix)
    }
    return Int(digits)
  }

  /// The text of a string literal; nil where an escape is damaged.
  static func unescaped(_ bytes: ArraySlice<UInt8>) -> String? {
    guard bytes.contains(UInt8(ascii: "\\")) else { return String(decoding: bytes, as: UTF8.self) }
    var result = String.UnicodeScalarView()
    var scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars[...]
    func number(_ count: Int) -> Unicode.Scalar? {
      let digits = String(scalars.prefix(count))
      guard digits.unicodeScalars.count == count, let value = UInt32(digits, radix: 16),
        let scalar = Unicode.Scalar(value)
      else { return nil }
      return scalar
    }
    while let scalar = scalars.popFirst() {
      guard scalar == "\\", let escape = scalars.popFirst() else {
        result.append(scalar)
        continue
      }
      switch escape {
      case "n": result.append("\n")
      case "t": result.append("\t")
      case "r": result.append("\r")
      case "a": result.append("\u{7}")
      case "b": result.append("\u{8}")
      case "f": result.append("\u{c}")
      case "v": result.append("\u{b}")
      case "\\", "'", "\"": result.append(escape)
      case "\n": break
      case "x", "u", "U":
        let count = escape == "x" ? 2 : escape == "u" ? 4 : 8
        guard let scalar = number(count) else { return nil }
        result.append(scalar)
        scalars = scalars.dropFirst(count)
      case "0"..."7":
        var value = escape.value - 0x30
        var count = 1
        while count < 3, let digit = scalars.first, ("0"..."7").contains(digit) {
          value = value * 8 + digit.value - 0x30
          scalars.removeFirst()
          count += 1
        }
        guard let scalar = Unicode.Scalar(value) else { return nil }
        result.append(scalar)
      default:
        result.append("\\")
        result.append(escape)
      }
    }
    return String(result)
  }

  /// Python's `str.lower`: a sigma that ends a word has a form of its own.
  static func lowercased(_ text: String) -> String {
    guard text.unicodeScalars.contains("\u{3a3}") else { return text.lowercased() }
    let scalars = Array(text.unicodeScalars)
    var result = ""
    for (place, scalar) in scalars.enumerated() {
      guard scalar == "\u{3a3}" else {
        result += scalar.properties.lowercaseMapping
        continue
      }
      func isCased(_ rest: some Sequence<Unicode.Scalar>) -> Bool {
        rest.first { !$0.properties.isCaseIgnorable }?.properties.isCased ?? false
      }
      let ends = isCased(scalars[..<place].reversed()) && !isCased(scalars[(place + 1)...])
      result += ends ? "\u{3c2}" : "\u{3c3}"
    }
    return result
  }

  /// Python's `str.casefold`.
  static func casefolded(_ text: String) -> String {
    var result: [UInt8] = []
    for scalar in text.unicodeScalars {
      for value in CaseForms.several(of: scalar.value) ?? [CaseForms.folded(scalar.value)] {
        result.append(codePoint: value)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// A text in quotes, as Python's `repr`.
  static func quoted(_ text: String) -> String {
    let quote: Unicode.Scalar =
      text.utf8.contains(UInt8(ascii: "'")) && !text.utf8.contains(UInt8(ascii: "\"")) ? "\"" : "'"
    var result = String.UnicodeScalarView()
    result.append(quote)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": result.append(contentsOf: "\\n".unicodeScalars)
      case "\r": result.append(contentsOf: "\\r".unicodeScalars)
      case "\t": result.append(contentsOf: "\\t".unicodeScalars)
      case "\\", quote: result.append(contentsOf: ["\\", scalar])
      default:
        if isPrintable(scalar) {
          result.append(scalar)
        } else {
          let (mark, count) =
            scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
          let digits = String(scalar.value, radix: 16)
          let zeros = String(repeating: "0", count: count - digits.count)
          result.append(contentsOf: ("\\" + mark + zeros + digits).unicodeScalars)
        }
      }
    }
    result.append(quote)
    return String(result)
  }

  /// Bytes in quotes behind a b, as Python's `repr`.
  static func quoted(_ bytes: [UInt8]) -> String {
    let quote: Unicode.Scalar =
      bytes.contains(UInt8(ascii: "'")) && !bytes.contains(UInt8(ascii: "\"")) ? "\"" : "'"
    var result = "b"
    result.unicodeScalars.append(quote)
    for byte in bytes {
      let scalar = Unicode.Scalar(byte)
      if byte < 0x20 || byte > 0x7e, ![0x9, 0xa, 0xd].contains(byte) {
        result += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      } else if scalar == quote {
        result += "\\" + String(scalar)
      } else if scalar == "'" || scalar == "\"" {
        result.unicodeScalars.append(scalar)
      } else {
        result += quoted(String(scalar)).dropFirst().dropLast()
      }
    }
    result.unicodeScalars.append(quote)
    return result
  }

  static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      false
    case .spaceSeparator: scalar == " "
    default: true
    }
  }

  /// A real number as Python prints it: the shortest digits, with an exponent below 1e-4 and from
  /// 1e16.
  static func number(_ value: Double) -> String {
    let text = value.description
    guard value.isFinite, value.magnitude >= 1e16, !text.contains("e") else { return text }
    let sign = text.hasPrefix("-") ? "-" : ""
    let digits = Array(text.dropFirst(sign.count).prefix { $0 != "." })
    var rest = String(digits.dropFirst())
    while rest.hasSuffix("0") { rest.removeLast() }
    let fraction = rest.isEmpty ? "" : "." + rest
    return "\(sign)\(digits[0])\(fraction)e+\(digits.count - 1)"
  }

  /// The first letter large and the others small.
  static func capitalized(_ text: String) -> String {
    guard let first = text.unicodeScalars.first else { return "" }
    return first.properties.titlecaseMapping + String(text.unicodeScalars.dropFirst()).lowercased()
  }

  /// Python's `str.title`: a letter is large behind what is none.
  static func titled(_ text: String) -> String {
    var result = ""
    var isInside = false
    for scalar in text.unicodeScalars {
      let properties = scalar.properties
      result += isInside ? properties.lowercaseMapping : properties.titlecaseMapping
      isInside = properties.isCased
    }
    return result
  }

  /// The lines of a text with Python's ends of lines.
  static func lines(_ text: String, keepingEnds: Bool = false) -> [String] {
    var result: [String] = []
    var line = String.UnicodeScalarView()
    var scalars = text.unicodeScalars[...]
    var isOpen = false
    while let scalar = scalars.popFirst() {
      isOpen = true
      switch scalar.value {
      case 0x0a...0x0d, 0x1c...0x1e, 0x85, 0x2028, 0x2029:
        if keepingEnds { line.append(scalar) }
        if scalar == "\r", scalars.first == "\n" {
          scalars.removeFirst()
          if keepingEnds { line.append("\n") }
        }
        result.append(String(line))
        line = String.UnicodeScalarView()
        isOpen = false
      default: line.append(scalar)
      }
    }
    if isOpen { result.append(String(line)) }
    return result
  }

  /// The local time in a format of C's `strftime`.
  static func time(_ format: String) -> String {
    var now = time_t(Date().timeIntervalSince1970)
    var parts = tm()
    localtime_r(&now, &parts)
    var buffer = [CChar](repeating: 0, count: 64 + format.utf8.count * 32)
    let count = strftime(&buffer, buffer.count, format, &parts)
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
