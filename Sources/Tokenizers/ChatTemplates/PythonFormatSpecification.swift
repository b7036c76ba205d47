import Foundation

/// What stands behind the colon in a field of `str.format`: fill, alignment, sign, width, precision and
/// type.
struct PythonFormatSpecification {
  private var fill: Unicode.Scalar = " "
  private var align: Unicode.Scalar?
  private var sign: Unicode.Scalar = "-"
  private var isAlternate = false
  private var padsWithZeros = false
  private var width = 0
  private var grouping: Unicode.Scalar?
  private var precision: Int?
  private var type: Unicode.Scalar?
  private let text: String

  /// - Throws: ``ChatTemplateError`` where the text is no specification.
  init(_ text: String) throws {
    self.text = text
    var rest = Array(text.unicodeScalars)[...]
    func isAlign(_ scalar: Unicode.Scalar) -> Bool { "<>=^".unicodeScalars.contains(scalar) }
    if rest.count > 1, isAlign(rest[rest.startIndex + 1]) {
      fill = rest.removeFirst()
      align = rest.removeFirst()
    } else if let first = rest.first, isAlign(first) {
      align = rest.removeFirst()
    }
    if let first = rest.first, "+- ".unicodeScalars.contains(first) { sign = rest.removeFirst() }
    if rest.first == "#" {
      isAlternate = true
      rest.removeFirst()
    }
    if rest.first == "0" {
      padsWithZeros = true
      rest.removeFirst()
    }
    width = try Self.number(&rest) ?? 0
    if let first = rest.first, first == "," || first == "_" { grouping = rest.removeFirst() }
    if rest.first == "." {
      rest.removeFirst()
      precision = try Self.number(&rest)
      guard precision != nil else {
        throw ChatTemplateError(.value, "Format specifier missing precision")
      }
    }
    type = rest.popFirst()
    guard rest.isEmpty else {
      throw ChatTemplateError(.value, "Invalid format specifier '\(text)'")
    }
  }

  private static func number(_ rest: inout ArraySlice<Unicode.Scalar>) throws -> Int? {
    let digits = rest.prefix { ("0"..."9").contains($0) }
    guard !digits.isEmpty else { return nil }
    rest = rest.dropFirst(digits.count)
    guard let value = Int(String(String.UnicodeScalarView(digits))), value <= 10_000 else {
      throw ChatTemplateError(.limit, "a width or precision in a format is too large")
    }
    return value
  }

  /// A value as the specification has it.
  func text(of value: TemplateValue) throws -> String {
    switch value {
    case .string(let text), .markup(let text): return try formatted(text)
    case .int(let whole): return try formatted(whole)
    case .double(let real): return try formatted(real)
    case .bool(let truth):
      return text.isEmpty || type == nil && width == 0
        ? value.text : try formatted(truth ? 1 : 0)
    default:
      guard text.isEmpty else {
        throw ChatTemplateError(
          .value, "unsupported format string passed to \(value.typeName).__format__")
      }
      return value.text
    }
  }

  private func unknown(_ kind: String) -> ChatTemplateError {
    ChatTemplateError(
      .value, "Unknown format code '\(type.map { String($0) } ?? "")' for object of type '\(kind)'")
  }

  private func formatted(_ text: String) throws -> String {
    guard type == nil || type == "s" else { throw unknown("str") }
    guard grouping == nil, sign == "-", align != "=" else {
      throw ChatTemplateError(.value, "'\(self.text)' is not allowed in a format of a string")
    }
    let scalars = text.unicodeScalars
    let kept = precision.map { String(String.UnicodeScalarView(scalars.prefix($0))) } ?? text
    return padded("", kept, usual: "<")
  }

  private func formatted(_ whole: Int) throws -> String {
    switch type {
    case "e", "E", "f", "F", "g", "G", "%": return try formatted(Double(whole))
    case nil, "d", "n": return number(whole < 0, String(whole.magnitude), prefix: "")
    case "x", "X", "o", "b":
      let radix = type == "o" ? 8 : type == "b" ? 2 : 16
      let digits = String(whole.magnitude, radix: radix, uppercase: type == "X")
      return number(
        whole < 0, digits, prefix: isAlternate ? "0" + (type.map { String($0) } ?? "") : "")
    case "c":
      guard let code = UInt32(exactly: whole), let scalar = Unicode.Scalar(code) else {
        throw ChatTemplateError(.value, "%c arg not in range(0x110000)")
      }
      return padded("", String(scalar), usual: "<")
    default: throw unknown("int")
    }
  }

  private func formatted(_ real: Double) throws -> String {
    let magnitude = real.magnitude
    var digits: String
    switch type {
    case "e", "E", "f", "F", "g", "G":
      let letter = type.map { String($0) } ?? "g"
      digits = String(
        format: "%" + (isAlternate ? "#" : "") + ".\(precision ?? 6)" + letter, magnitude)
    case "%": digits = String(format: "%.\(precision ?? 6)f", magnitude * 100) + "%"
    case nil, "n":
      if let precision, type == nil {
        digits = String(format: "%.\(max(precision, 1))g", magnitude)
        if !digits.contains(where: { ".en".contains($0) }) { digits += ".0" }
      } else {
        digits = type == "n" ? String(format: "%g", magnitude) : PythonText.number(magnitude)
      }
    default: throw unknown("float")
    }
    return number(real.sign == .minus && !real.isNaN, digits, prefix: "")
  }

  /// A number with its sign, its thousands divided, filled up.
  private func number(_ isNegative: Bool, _ digits: String, prefix: String) -> String {
    let mark = isNegative ? "-" : sign == "-" ? "" : String(sign)
    var body = digits
    if let grouping {
      let whole = digits.prefix { $0.isASCII && ($0.isNumber || $0.isLetter && type != "e") }
      let size = ["x", "X", "o", "b"].contains(type) ? 4 : 3
      var grouped = ""
      for (place, digit) in whole.enumerated() {
        if place > 0, (whole.count - place) % size == 0 { grouped.unicodeScalars.append(grouping) }
        grouped.append(digit)
      }
      body = grouped + digits.dropFirst(whole.count)
    }
    return padded(mark + prefix, body, usual: ">")
  }

  private func padded(_ head: String, _ body: String, usual: Unicode.Scalar) -> String {
    let missing = width - head.unicodeScalars.count - body.unicodeScalars.count
    guard missing > 0 else { return head + body }
    let isNumber = usual == ">"
    let align = align ?? (padsWithZeros && isNumber ? "=" : usual)
    let fill = self.align == nil && padsWithZeros ? "0" : String(fill)
    func filling(_ count: Int) -> String { String(repeating: fill, count: count) }
    switch align {
    case "<": return head + body + filling(missing)
    case "^": return filling(missing / 2) + head + body + filling(missing - missing / 2)
    case "=": return head + filling(missing) + body
    default: return filling(missing) + head + body
    }
  }
}
