import Base

/// Jinja's filter `urlize`: web and mail addresses in a text become links.
struct TemplateLinks {
  /// An address in small letters with its scheme, `www.`, or one of the old domains at its end.
  private static let web = matcher(
    #"\A(?:(?:https?://|www\.)(?:[\w%-]+\.)*(?:[a-z]{2,63}|xn--[\w%]{2,59})"#
      + #"|(?:[\w%-]{2,63}\.)+(?:com|net|int|edu|gov|org|info|mil)"#
      + #"|https?://(?:\d{1,3}(?:\.\d{1,3}){3}|\[(?:[\da-f]{0,4}:){2}(?:[\da-f]{0,4}:?){1,6}\]))"#
      + #"(?::\d{1,5})?(?:[/?#]\S*)?\z"#)
  private static let mail = matcher(#"\A\S+@\w[\w.-]*\.\w+\z"#)
  private static let scheme = matcher(#"\A[\w.+-]{2,}:/{0,2}\z"#)

  private static func matcher(_ pattern: String) -> RegexMatcher? { try? RegexMatcher(pattern) }

  private let attributes: String
  private let limit: Int?
  private let schemes: [[UInt8]]

  /// The filter itself.
  static func filter(
    _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws -> TemplateValue {
    let links = try TemplateLinks(arguments)
    let text = TemplateMarkup.escaped(value).text
    var result: [UInt8] = []
    for word in words(of: text) {
      result += links.linked(Array(Substring(word).utf8))
      guard result.count <= TemplateLimits.maximumBytes else {
        throw ChatTemplateError(.limit, "the text with links is too large")
      }
    }
    return .string(String(decoding: result, as: UTF8.self))
  }

  private init(_ arguments: TemplateArguments) throws {
    try arguments.check(
      ["trim_url_limit", "nofollow", "target", "rel", "extra_schemes"], for: "urlize")
    func text(_ place: Int, _ name: String) throws -> String? {
      let value = arguments.value(place, name) ?? .none
      return value.isTrue ? try arguments.text(place, name) : nil
    }
    let isLimited = !(arguments.value(0, "trim_url_limit") ?? .none).isNone
    limit = isLimited ? try arguments.integer(0, "trim_url_limit", usual: 0) : nil
    var relations = Set(
      PythonSearch.splitBySpace(try text(3, "rel") ?? "", limit: -1, fromRight: false))
    relations.insert("noopener")
    if arguments.flag(1, "nofollow") { relations.insert("nofollow") }
    let sorted = relations.sortedByBytes()
    var written = " rel=\"" + TemplateMarkup.escaped(sorted.joined(separator: " ")) + "\""
    if let target = try text(2, "target") {
      written += " target=\"" + TemplateMarkup.escaped(target) + "\""
    }
    attributes = written
    let others = arguments.value(4, "extra_schemes") ?? .none
    schemes = try (others.isNone ? [] : others.elements()).map { scheme in
      let bytes = Array(scheme.text.utf8)
      guard Self.matches(Self.scheme, bytes) else {
        throw ChatTemplateError(
          .value, "\(scheme.representation) is not a valid URI scheme prefix.")
      }
      return bytes
    }
  }

  /// Words and the spaces between them.
  private static func words(of text: String) -> [Substring.UnicodeScalarView] {
    var result: [Substring.UnicodeScalarView] = []
    var rest = text.unicodeScalars[...]
    while let first = rest.first {
      let isSpace = PythonText.isSpace(first)
      let word = rest.prefix { PythonText.isSpace($0) == isSpace }
      result.append(word)
      rest = rest[word.endIndex...]
    }
    return result
  }

  private static func matches(_ matcher: RegexMatcher?, _ bytes: [UInt8]) -> Bool {
    var isMatch = false
    bytes.withUnsafeBufferPointer { buffer in
      guard let p = buffer.baseAddress else { return }
      matcher?.matches(p, 0..<buffer.count) { start, end in
        isMatch = isMatch || start == 0 && end == buffer.count
      }
    }
    return isMatch
  }

  private func linked(_ word: [UInt8]) -> [UInt8] {
    let (opening, closing) = (Array("&lt;".utf8), Array("&gt;".utf8))
    var (start, end) = (0, word.count)
    while start < end {
      if word[start] == UInt8(ascii: "(") || word[start] == UInt8(ascii: "<") {
        start += 1
      } else if word[start..<end].starts(with: opening) {
        start += opening.count
      } else {
        break
      }
    }
    while start < end {
      if ")>.,".utf8.contains(word[end - 1]) {
        end -= 1
      } else if word[start..<end].suffix(closing.count).elementsEqual(closing) {
        end -= closing.count
      } else {
        break
      }
    }
    // Brackets that the address opens are its own.
    for (open, close) in [("(", ")"), ("<", ">"), ("&lt;", "&gt;")] {
      let (open, close) = (Array(open.utf8), Array(close.utf8))
      let opened = Self.places(of: open, in: word[start..<end]).count
      guard opened > Self.places(of: close, in: word[start..<end]).count else { continue }
      let ends = Self.places(of: close, in: word[end...])
      if let last = ends.prefix(opened).last { end = last + close.count }
    }
    let address = Array(word[start..<end])
    guard let link = link(address) else { return word }
    return Array(word[..<start]) + link + Array(word[end...])
  }

  private static func places(of part: [UInt8], in text: ArraySlice<UInt8>) -> [Int] {
    var (result, place) = ([Int](), text.startIndex)
    while place + part.count <= text.endIndex {
      let isHere = text[place..<(place + part.count)].elementsEqual(part)
      if isHere { result.append(place) }
      place += isHere ? part.count : 1
    }
    return result
  }

  /// The link that an address becomes; nil of other words.
  private func link(_ address: [UInt8]) -> [UInt8]? {
    let text = String(decoding: address, as: UTF8.self)
    func starts(_ mark: String) -> Bool { address.starts(with: mark.utf8) }
    func made(_ target: String, _ attributes: String, _ shown: String) -> [UInt8] {
      Array("<a href=\"\(target)\"\(attributes)>\(shown)</a>".utf8)
    }
    let lowered = address.map { (0x41...0x5a).contains($0) ? $0 + 0x20 : $0 }
    if Self.matches(Self.web, lowered) {
      let isWhole = starts("https://") || starts("http://")
      return made((isWhole ? "" : "https://") + text, attributes, shortened(text))
    }
    if starts("mailto:"), Self.matches(Self.mail, Array(address.dropFirst(7))) {
      return made(text, "", String(decoding: address.dropFirst(7), as: UTF8.self))
    }
    if !starts("www."), !address.contains(UInt8(ascii: ":")), Self.matches(Self.mail, address) {
      return made("mailto:" + text, "", text)
    }
    let isOther = schemes.contains { address != $0 && address.starts(with: $0) }
    return isOther ? made(text, attributes, text) : nil
  }

  private func shortened(_ address: String) -> String {
    let scalars = address.unicodeScalars
    guard let limit, scalars.count > limit else { return address }
    return String(scalars.prefix(limit < 0 ? max(scalars.count + limit, 0) : limit)) + "..."
  }
}
