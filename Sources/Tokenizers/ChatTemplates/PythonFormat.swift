import Foundation

/// Python's `%` operator and `str.format`.
enum PythonFormat {
  /// `"…%s…" % values`.
  static func percent(_ format: String, _ values: TemplateValue) throws -> String {
    var result = ""
    var scalars = format.unicodeScalars[...]
    var arguments: [TemplateValue] = [values]
    // What has items takes names, or no argument at all; only numbers, texts and None must be written.
    var isMapping = false
    switch values {
    case .tuple(let values): arguments = values
    case .list, .dictionary, .undefined: isMapping = true
    case .object(let object as TemplateSequence):
      isMapping = object.hasPlaces
      if case .group = object.kind { (arguments, isMapping) = (object.elements(), false) }
    default: break
    }
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
      func given() throws -> Int? {
        guard scalars.first == "*" else { return try number(&scalars) }
        scalars.removeFirst()
        guard let value = rest.popFirst(), let size = value.integer else {
          throw ChatTemplateError(.value, "* wants int")
        }
        guard size.magnitude <= 10_000 else {
          throw ChatTemplateError(.limit, "a width or precision of \(size) is too large")
        }
        return size
      }
      var width = try given()
      if let size = width, size < 0 {
        flags += "-"
        width = -size
      }
      var precision: Int?
      if scalars.first == "." {
        scalars.removeFirst()
        precision = max(try given() ?? 0, 0)
      }
      // C's sizes of numbers, which say nothing here.
      if let size = scalars.first, "hlL".unicodeScalars.contains(size) { scalars.removeFirst() }
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
      result += padded(text, width ?? 0, flags, isNumber: !"srac".unicodeScalars.contains(kind))
    }
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
      let whole: TemplateValue
      if case .double(let real) = value {
        guard let number = TemplateValue(truncating: real) else {
          throw ChatTemplateError(.value, "cannot convert float \(real) to integer")
        }
        whole = number
      } else {
        whole = value
      }
      guard let digits = whole.wholeDigits else {
        throw ChatTemplateError(
          .value, "%\(kind) format: a real number is required, not \(value.typeName)")
      }
      return signed(filled(digits, precision))
    case "c":
      if let text = value.string, text.unicodeScalars.count == 1 { return text }
      guard let code = value.integer.flatMap({ UInt32(exactly: $0) }),
        let scalar = Unicode.Scalar(code)
      else { throw ChatTemplateError(.value, "%c requires int or char") }
      return String(scalar)
    case "x", "X", "o":
      guard let whole = value.integer else {
        throw ChatTemplateError(
          .value, "%\(kind) format: an integer is required, not \(value.typeName)")
      }
      let digits = String(whole.magnitude, radix: kind == "o" ? 8 : 16, uppercase: kind == "X")
      return signed(
        (whole < 0 ? "-" : "") + (flags.contains("#") ? "0\(kind)" : "")
          + filled(digits, precision))
    case "f", "F", "e", "E", "g", "G":
      guard let real = value.number else {
        throw ChatTemplateError(.value, "must be real number, not \(value.typeName)")
      }
      return signed(String(format: "%.\(precision ?? 6)\(kind)", real))
    default:
      throw ChatTemplateError(.unsupported, "the format character '\(kind)' is not supported")
    }
  }

  /// Digits with zeros before them up to a precision.
  private static func filled(_ digits: String, _ precision: Int?) -> String {
    let sign = digits.hasPrefix("-") ? "-" : ""
    let plain = digits.dropFirst(sign.count)
    return sign + String(repeating: "0", count: max((precision ?? 0) - plain.count, 0)) + plain
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

  /// `"…{}…{name[0].key!r:>8}…".format(values)`.
  static func braces(_ format: String, _ arguments: TemplateArguments) throws -> String {
    var result = ""
    var scalars = format.unicodeScalars[...]
    var next = 0
    while let scalar = scalars.popFirst() {
      if scalar == "{" || scalar == "}", scalars.first == scalar {
        scalars.removeFirst()
        result.unicodeScalars.append(scalar)
      } else if scalar == "}" {
        throw ChatTemplateError(.value, "Single '}' encountered in format string")
      } else if scalar == "{" {
        var field = ""
        var depth = 1
        while let scalar = scalars.popFirst() {
          if scalar == "{" { depth += 1 }
          if scalar == "}" { depth -= 1 }
          if depth == 0 { break }
          field.unicodeScalars.append(scalar)
        }
        guard depth == 0 else {
          throw ChatTemplateError(.value, "expected '}' before end of string")
        }
        result += try text(of: field, arguments, &next)
        guard result.utf8.count <= TemplateLimits.maximumBytes else {
          throw ChatTemplateError(.limit, "the formatted text is too large")
        }
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func text(
    of field: String, _ arguments: TemplateArguments, _ next: inout Int
  ) throws -> String {
    let parts = field.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let named = parts[0].split(separator: "!", maxSplits: 1, omittingEmptySubsequences: false)
    var value = try self.value(of: named[0], arguments, &next)
    if named.count > 1 {
      switch named[1] {
      case "r": value = .string(value.representation)
      case "s": value = .string(value.text)
      default:
        throw ChatTemplateError(.unsupported, "the conversion !\(named[1]) is not supported")
      }
    }
    guard parts.count > 1 else { return value.text }
    // A specification may hold fields itself.
    var specification = ""
    var rest = parts[1][...]
    while let open = rest.firstIndex(of: "{") {
      guard let close = rest[open...].firstIndex(of: "}") else { break }
      specification += rest[..<open]
      specification += try self.value(of: rest[rest.index(after: open)..<close], arguments, &next)
        .text
      rest = rest[rest.index(after: close)...]
    }
    return try PythonFormatSpecification(specification + rest).text(of: value)
  }

  /// The value of a field's name: an argument's number or name, and attributes and items of it.
  private static func value(
    of name: Substring, _ arguments: TemplateArguments, _ next: inout Int
  ) throws -> TemplateValue {
    let head = name.prefix { $0 != "." && $0 != "[" }
    let place = head.isEmpty ? next : Int(head)
    if head.isEmpty { next += 1 }
    var value: TemplateValue
    if let place {
      guard place < arguments.positional.count else {
        throw ChatTemplateError(
          .value, "Replacement index \(place) out of range for positional args tuple")
      }
      value = arguments.positional[place]
    } else if let named = arguments.named.last(where: { $0.name == head })?.value {
      value = named
    } else {
      throw ChatTemplateError(.value, PythonText.quoted(String(head)))
    }
    var rest = name.dropFirst(head.count)
    while let mark = rest.popFirst() {
      if mark == "." {
        let part = rest.prefix { $0 != "." && $0 != "[" }
        rest = rest.dropFirst(part.count)
        value = try value.attribute(String(part)).defined()
      } else {
        let part = rest.prefix { $0 != "]" }
        rest = rest.dropFirst(part.count + 1)
        value = try value.item(Int(part).map { .int($0) } ?? .string(String(part))).defined()
      }
    }
    return value
  }
}
