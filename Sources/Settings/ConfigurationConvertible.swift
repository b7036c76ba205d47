/// A Swift type that a key can have: how it is read from what was written, and written again.
///
/// `Int`, `Double`, `Bool`, `String`, optionals and arrays of them, and enums that adopt
/// `ConfigurationChoice`.
public protocol ConfigurationConvertible: Sendable, Equatable {
  /// What a message says this key needs: `a whole number`.
  static var expectation: String { get }
  /// The value that `node` spells, or nil where it spells none of this type.
  static func read(_ node: ConfigurationNode) -> Self?
  /// The node that reads back as this value.
  var node: ConfigurationNode { get }
  /// The numbers in the value, which a `Limit` checks.
  var numbers: [Double] { get }
  /// What an option without a value means, as `--optimizer.nesterov` does; nil where it needs one.
  static var bareText: String? { get }
}

extension ConfigurationConvertible {
  /// None, unless the type holds numbers.
  public var numbers: [Double] { [] }
  /// Most options need a value.
  public static var bareText: String? { nil }
}

extension Int: ConfigurationConvertible {
  /// `a whole number`
  public static var expectation: String { "a whole number" }
  /// Reads `64`, `10_000` and `1e6`, never `0.5`.
  public static func read(_ node: ConfigurationNode) -> Int? {
    guard let text = node.plainText else { return nil }
    return Int(text.filter { $0 != "_" }) ?? Double.read(node).flatMap { Int(exactly: $0) }
  }
  /// Its decimal digits.
  public var node: ConfigurationNode { .init(.scalar(description, plain: true)) }
  /// Itself.
  public var numbers: [Double] { [Double(self)] }
}

extension Double: ConfigurationConvertible {
  /// `a number`
  public static var expectation: String { "a number" }
  /// Reads any finite decimal number: `3`, `0.1`, `1e-5`, `10_000`.
  public static func read(_ node: ConfigurationNode) -> Double? {
    guard let text = node.plainText?.filter({ $0 != "_" }),
      // Swift also reads hexadecimal floats, nan and inf, which are no settings.
      text.allSatisfy({ $0.isASCII && ($0.isNumber || "+-.eE".contains($0)) }),
      let number = Double(text), number.isFinite
    else { return nil }
    return number
  }
  /// The shortest digits that read back as the same number.
  public var node: ConfigurationNode { .init(.scalar(description, plain: true)) }
  /// Itself.
  public var numbers: [Double] { [self] }
}

extension Bool: ConfigurationConvertible {
  /// `true or false`
  public static var expectation: String { "true or false" }
  /// Reads `true`, `yes`, `on` and their opposites.
  public static func read(_ node: ConfigurationNode) -> Bool? {
    switch node.plainText?.lowercased() {
    case "true", "yes", "on": true
    case "false", "no", "off": false
    default: nil
    }
  }
  /// `true` or `false`
  public var node: ConfigurationNode { .init(.scalar(description, plain: true)) }
  /// An option alone means true.
  public static var bareText: String? { "true" }
}

extension String: ConfigurationConvertible {
  /// `a text`
  public static var expectation: String { "a text" }
  /// Any scalar but null.
  public static func read(_ node: ConfigurationNode) -> String? {
    guard case .scalar(let text, _) = node.content, !node.isNull else { return nil }
    return text
  }
  /// Itself, quoted where YAML needs it.
  public var node: ConfigurationNode { .init(.scalar(self, plain: false)) }
}

extension Optional: ConfigurationConvertible where Wrapped: ConfigurationConvertible {
  /// The wrapped type's, or null.
  public static var expectation: String { "\(Wrapped.expectation) or null" }
  /// Reads null as nil.
  public static func read(_ node: ConfigurationNode) -> Wrapped?? {
    if node.isNull { return .some(nil) }
    return Wrapped.read(node).map { .some($0) }
  }
  /// The wrapped value's node, or null.
  public var node: ConfigurationNode { self?.node ?? .null }
  /// The wrapped value's numbers.
  public var numbers: [Double] { self?.numbers ?? [] }
  /// The wrapped type's.
  public static var bareText: String? { Wrapped.bareText }
}

extension Array: ConfigurationConvertible where Element: ConfigurationConvertible {
  /// A list of the element's kind.
  public static var expectation: String { "a list such as [a, b], each \(Element.expectation)" }
  /// Reads `[a, b]`, and `a, b` as it is typed in a shell.
  public static func read(_ node: ConfigurationNode) -> [Element]? {
    let parts: [ConfigurationNode]
    switch node.content {
    case .list(let elements): parts = elements
    case .scalar(let text, plain: true) where !node.isNull:
      parts = text.split(separator: ",", omittingEmptySubsequences: false).map {
        ConfigurationNode(
          .scalar(String($0).trimmingPlainSpace(), plain: true), at: node.place)
      }
    default: return nil
    }
    let elements = parts.compactMap(Element.read)
    return elements.count == parts.count ? elements : nil
  }
  /// A list of the elements' nodes.
  public var node: ConfigurationNode { .init(.list(map(\.node))) }
  /// All elements' numbers.
  public var numbers: [Double] { flatMap(\.numbers) }
}

/// An enum whose cases are the words that a key may have.
public protocol ConfigurationChoice: ConfigurationConvertible, CaseIterable, RawRepresentable
where RawValue == String {}

extension ConfigurationChoice {
  /// `one of constant, cosine`
  public static var expectation: String {
    "one of " + allCases.map(\.rawValue).joined(separator: ", ")
  }
  /// Reads the word of a case.
  public static func read(_ node: ConfigurationNode) -> Self? {
    String.read(node).flatMap(Self.init(rawValue:))
  }
  /// The word.
  public var node: ConfigurationNode { rawValue.node }
}

extension String {
  /// The text without spaces and tabs at its ends.
  package func trimmingPlainSpace() -> String {
    var rest = self[...]
    while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
    while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
    return String(rest)
  }
}
