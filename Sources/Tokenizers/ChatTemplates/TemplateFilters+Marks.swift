import Base
import Foundation

/// Filters for tags of HTML, sizes and lines.
extension TemplateFilters {
  static let marks: [String: Body] = [
    "e": { value, _ in TemplateMarkup.escaped(value) },
    "escape": { value, _ in TemplateMarkup.escaped(value) },
    "forceescape": { value, _ in TemplateMarkup.escaped(value.plain) },
    "safe": { value, _ in .markup(value.text) },
    "striptags": { value, _ in
      .string(
        try unescaped(
          PythonSearch.splitBySpace(withoutTags(value.text), limit: -1, fromRight: false)))
    },
    "xmlattr": { value, arguments in
      try arguments.check(["autospace"], for: "xmlattr")
      guard let dictionary = value.dictionary else {
        throw ChatTemplateError(
          value.isUndefined ? .undefined : .value,
          "xmlattr needs a dict, not \(value.typeName)")
      }
      var parts: [String] = []
      for (key, value) in zip(dictionary.keys, dictionary.values)
      where !value.isNone && !value.isUndefined {
        let name = key.value.text
        guard
          !name.unicodeScalars.contains(where: {
            PythonText.isSpace($0) || ["/", ">", "="].contains($0)
          })
        else {
          throw ChatTemplateError(
            .value, "Invalid character in attribute name: \(PythonText.quoted(name))")
        }
        parts.append(
          TemplateMarkup.escaped(name) + "=\"" + TemplateMarkup.escaped(value).text + "\"")
      }
      let text = try joined(parts, " ")
      return .string(
        arguments.flag(0, "autospace", usual: true) && !text.isEmpty ? " " + text : text)
    },
    "urlencode": { value, _ in
      switch value {
      case .string(let text): return .string(quoted(text, plain: "/-_.~"))
      case .list, .tuple, .dictionary:
        let pairs = try value.dictionary?.items ?? value.elements()
        return .string(
          try joined(
            pairs.map { pair in
              let parts = try pair.elements()
              guard parts.count == 2 else {
                throw ChatTemplateError(
                  .value, "not enough values to unpack (expected 2, got \(parts.count))")
              }
              return parts.map { quoted($0.text, plain: "-_.~").replacing("%20", with: "+") }
                .joined(separator: "=")
            }, "&"))
      default: return .string(quoted(value.text, plain: "/-_.~"))
      }
    },
    "filesizeformat": { value, arguments in
      try arguments.check(["binary"], for: "filesizeformat")
      let isBinary = arguments.flag(0, "binary")
      var size = value.number
      if case .string(let text) = value { size = NumberText.double(text) }
      guard let size = size else {
        throw ChatTemplateError(
          value.isUndefined ? .undefined : .value,
          "filesizeformat needs a number, not \(value.typeName)")
      }
      let base: Double = isBinary ? 1024 : 1000
      if size == 1 { return "1 Byte" }
      guard size >= base else {
        return .string("\(Int(exactly: size.rounded(.towardZero)) ?? 0) Bytes")
      }
      let units = Array("kMGTPEZY").map { isBinary ? "\($0)".uppercased() + "iB" : "\($0)B" }
      var unit = base
      for (place, name) in units.enumerated() {
        unit = pow(base, Double(place + 2))
        // 10^24 lies above the double that is nearest to it.
        let isBelow = size < unit || !isBinary && place == 6 && size == unit
        if isBelow || place == units.count - 1 {
          return .string(String(format: "%.1f ", base * size / unit) + name)
        }
      }
      return value
    },
    "wordwrap": { value, arguments in
      try arguments.check(
        ["width", "break_long_words", "wrapstring", "break_on_hyphens"], for: "wordwrap")
      let width = try arguments.integer(0, "width", usual: 79)
      guard width > 0 else {
        throw ChatTemplateError(.value, "invalid width \(width) (must be > 0)")
      }
      guard case .string(let text) = value else {
        throw ChatTemplateError(
          value.isUndefined ? .undefined : .value, "wordwrap needs a str, not \(value.typeName)")
      }
      let given = arguments.value(2, "wrapstring") ?? .none
      let end = given.isNone ? "\n" : try arguments.text(2, "wrapstring")
      let wrapping = TemplateWrapping(
        width: width, breaksLongWords: arguments.flag(1, "break_long_words", usual: true),
        breaksOnHyphens: arguments.flag(3, "break_on_hyphens", usual: true))
      return .string(
        try joined(
          PythonText.lines(text).map { try joined(wrapping.lines(of: $0), end) }, end))
    },
    "urlize": { try TemplateLinks.filter($0, $1) },
    "pprint": { value, _ in .string(TemplatePrinter.text(of: value)) },
  ]

  private static func quoted(_ text: String, plain: String) -> String {
    text.utf8.map { byte in
      let isPlain =
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
        || (0x61...0x7a).contains(byte) || plain.utf8.contains(byte)
      if isPlain { return String(Character(Unicode.Scalar(byte))) }
      let digits = String(byte, radix: 16, uppercase: true)
      return digits.count == 1 ? "%0" + digits : "%" + digits
    }.joined()
  }

  /// A text without `<…>` and comments; what is not closed stays.
  private static func withoutTags(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var place = 0
    while let start = PythonSearch.find([0x3c], in: bytes, from: place) {
      let isComment = bytes[start...].starts(with: "<!--".utf8)
      let mark = Array((isComment ? "-->" : ">").utf8)
      guard let end = PythonSearch.find(mark, in: bytes, from: start + (isComment ? 4 : 0)) else {
        break
      }
      result += bytes[place..<start]
      place = end + mark.count
    }
    return String(decoding: result + bytes[place...], as: UTF8.self)
  }

  private static let entities = [
    "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{a0}", "copy": "©",
    "reg": "®", "laquo": "«", "raquo": "»", "hellip": "…", "mdash": "—", "ndash": "–",
    "lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”", "bull": "•", "middot": "·",
    "times": "×", "deg": "°", "euro": "€", "trade": "™",
  ]

  /// Words with spaces between them and entities as what they stand for.
  private static func unescaped(_ words: [String]) throws -> String {
    let text = words.joined(separator: " ")
    guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
    var result = ""
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      guard scalar == "&" else {
        result.unicodeScalars.append(scalar)
        continue
      }
      let isNumber = rest.first == "#"
      let name = String(
        rest.dropFirst(isNumber ? 1 : 0).prefix {
          $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
        })
      let end = rest.dropFirst(name.unicodeScalars.count + (isNumber ? 1 : 0))
      guard !name.isEmpty, end.first == ";" else {
        result += "&"
        continue
      }
      let isHexadecimal = name.hasPrefix("x") || name.hasPrefix("X")
      let number = UInt32(
        isHexadecimal ? String(name.dropFirst()) : name, radix: isHexadecimal ? 16 : 10)
      if isNumber, let number, number >= 0xa0 || (0x20...0x7e).contains(number),
        let scalar = Unicode.Scalar(number)
      {
        result.unicodeScalars.append(scalar)
      } else if !isNumber, let entity = entities[name] {
        result += entity
      } else {
        throw ChatTemplateError(
          .unsupported, "striptags does not know &\(isNumber ? "#" : "")\(name);")
      }
      rest = end.dropFirst()
    }
    return result
  }
}
