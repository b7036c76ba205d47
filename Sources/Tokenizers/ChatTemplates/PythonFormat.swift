import Foundation

/// Python's `%` operator and `str.format`, as far as templates use them.
enum PythonFormat {
  /// `"…%s…" % values`.
  static func percent(_ format: String, _ values: TemplateValue) throws -> String {
    var result = ""
    var scalars = format.unicodeScalars[...]
    var arguments: [TemplateValue] = [values]
    if case .tuple(let values) = values { arguments = values }
    var rest = arguments[...]
    var usedName = false
    while let scalar = scalars.popFirst() {
      guard scalar == "%" else {
        result.unicodeScalars.append(scalar)
        continue
      }
      var argument: TemplateValue?
      if scalars.first == "(" {
        let name = String(scalars.dropFirst().prefix { $0 != ")" })
        scalars = scalars.drop { $0 != ")" }.dropFirst()
        argument = try values.item(.string(name)).defined()
        usedName = true
      }
      var flags = ""
      while let flag = scalars.first, "-+ 0#".unicodeScalars.contains(flag) {
        flags.unicodeScalars.append(flag)
        scalars.removeFirst()
      }
      let width = try number(&scalars)
      var precision: Int?
      if scalars.first == "." {
        scalars.removeFirst()
        precision = try number(&scalars) ?? 0
      }
      guard let kind = scalars.popFirst() else {
        throw ChatTemplateError(.value, "incomplete format")
      }
      if kind == "%" {
        result += "%"
        continue
      }
      guard let value = argument ?? rest.popFirst() else {
        throw ChatTemplateError(.value, "not enough arguments for format string")
      }
      let text = try converted(value, kind, flags, precision)
      result += padded(text, width ?? 0, flags, isNumber: !"sra".unicodeScalars.contains(kind))
    }
    var isMapping = false
    if case .dictionary = values { isMapping = true }
    guard rest.isEmpty || usedName || isMapping else {
      throw ChatTemplateError(.value, "not all arguments converted during string formatting")
    }
    return result
  }

  private static func number(_ scalars: inout Substring.UnicodeScalarView) throws -> Int? {
    let digits = String(scalars.prefix { ("0"..."9").contains($0) })
    guard !digits.isEmpty else { return nil }
    scalars = scalars.dropFirst(digits.unicodeScalars.count)
    guard let value = Int(digits), value <= 10_000 else {
      throw ChatTemplateError(.limit, "a width or precision of \(digits) is too large")
    }
    return value
  }

  private static func converted(
    _ value: TemplateValue, _ kind: Unicode.Scalar, _ flags: String, _ precision: Int?
  ) throws -> String {
    func signed(_ text: String) -> String {
      if text.hasPrefix("-") { return text }
      return flags.contains("+") ? "+" + text : flags.contains(" ") ? " " + text : text
    }
    switch kind {
    case "s", "r":
      let text = kind == "s" ? value.text : value.representation
      return precision.map { String(String.UnicodeScalarView(text.unicodeScalars.prefix($0))) }
        ?? text
    case "d", "i", "u":
      if case .double(let real) = value {
        guard let whole = Int(exactly: real.rounded(.towardZero)) else {
          throw ChatTemplateError(.value, "cannot convert float \(real) to integer")
        }
        return signed(String(whole))
      }
      guard let whole = value.integer else {
        throw ChatTemplateError(
          .value, "%\(kind) format: a real number is required, not \(value.typeName)")
      }
      return signed(String(whole))
    case "x", "X", "o":
      guard let whole = value.integer else {
        throw ChatTemplateError(
          .value, "%\(kind) format: an integer is required, not \(value.typeName)")
      }
      return signed(String(whole, radix: kind == "o" ? 8 : 16, uppercase: kind == "X"))
    case "f", "F", "e", "E", "g", "G":
      guard let real = value.number else {
        throw ChatTemplateError(.value, "must be real number, not \(value.typeName)")
      }
      return signed(String(format: "%.\(precision ?? 6)\(kind)", real))
    default:
      throw ChatTemplateError(.unsupported, "the format character '\(kind)' is not supported")
    }
  }

  private static func padded(
    _ text: String, _ width: Int, _ flags: String, isNumber: Bool
  ) -> String {
    let missing = width - text.unicodeScalars.count
    guard missing > 0 else { return text }
    if flags.contains("-") { return text + String(repeating: " ", count: missing) }
    guard flags.contains("0"), isNumber else {
      return String(repeating: " ", count: missing) + text
    }
    let sign = text.hasPrefix("-") || text.hasPrefix("+") ? String(text.prefix(1)) : ""
    return sign + String(repeating: "0", count: missing) + text.dropFirst(sign.count)
  }

  /// `"…{}…{name}…".format(values)`; format specifications are refused.
  static func braces(_ format: String, _ arguments: TemplateArguments) throws -> String {
    var result = ""
    var scalars = format.unicodeScalars[...]
    var next = 0
    while let scalar = scalars.popFirst() {
      if scalar == "{" || scalar == "}", scalars.first == scalar {
        scalars.removeFirst()
        result.unicodeScalars.append(scalar)
      } else if scalar == "}" {
        throw ChatTemplateError(.value, "single '}' encountered in format string")
      } else if scalar == "{" {
        let field = String(scalars.prefix { $0 != "}" })
        scalars = scalars.dropFirst(field.unicodeScalars.count)
        guard scalars.popFirst() == "}" else {
          throw ChatTemplateError(.value, "expected '}' before end of string")
        }
        guard !field.contains(where: { ":!.[".contains($0) }) else {
          throw ChatTemplateError(.unsupported, "the format {\(field)} is not supported")
        }
        let place = field.isEmpty ? next : Int(field)
        if field.isEmpty { next += 1 }
        let value =
          place.map { $0 < arguments.positional.count ? arguments.positional[$0] : nil }
          ?? arguments.named.last { $0.name == field }?.value
        guard let value else {
          throw ChatTemplateError(.value, "format has no argument for {\(field)}")
        }
        result += value.text
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
