/// Texts that count as escaped: what `safe` and `e` give, and how it meets other texts.
enum TemplateMarkup {
  /// The filters that tell such texts from others.
  static let filters: Set<String> = [
    "e", "escape", "forceescape", "safe", "format", "default", "d", "attr", "pprint", "urlize",
  ]
  /// Those whose results count as escaped where the text does.
  static let keepers: Set<String> = [
    "upper", "lower", "capitalize", "trim", "center", "string", "indent", "truncate", "reverse",
  ]
  /// The methods whose arguments are escaped, and the first of those that are.
  private static let escapingMethods = ["replace": 1, "ljust": 1, "rjust": 1, "center": 1]

  /// A text with its marks of HTML as entities; one that counts as escaped stays.
  static func escaped(_ value: TemplateValue) -> TemplateValue {
    value.isMarkup ? value : .markup(escaped(value.text))
  }

  /// A text with its marks of HTML as entities.
  static func escaped(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result.append(contentsOf: "&amp;".unicodeScalars)
      case "<": result.append(contentsOf: "&lt;".unicodeScalars)
      case ">": result.append(contentsOf: "&gt;".unicodeScalars)
      case "'": result.append(contentsOf: "&#39;".unicodeScalars)
      case "\"": result.append(contentsOf: "&#34;".unicodeScalars)
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  /// What an operator makes of two values of which one counts as escaped; nil where that changes
  /// nothing about its meaning.
  static func combined(
    _ operation: TemplateExpression.Arithmetic, _ a: TemplateValue, _ b: TemplateValue
  ) throws -> TemplateValue? {
    switch operation {
    case .add where a.string != nil && b.string != nil:
      return .markup(escaped(a).text + escaped(b).text)
    case .multiply:
      let product = try a.plain.combined(.multiply, b.plain)
      return product.string.map { .markup($0) } ?? product
    case .remainder where a.isMarkup:
      return .markup(try PythonFormat.percent(a.text, argument(b)))
    case .remainder where a.string != nil: return .string(try PythonFormat.percent(a.text, b))
    default: return nil
    }
  }

  /// An argument of a format that counts as escaped.
  private static func argument(_ value: TemplateValue) -> TemplateValue {
    switch value {
    case .int, .double, .bool: return value
    case .tuple(let values): return .tuple(values.map(argument))
    case .dictionary(let dictionary):
      var result = TemplateDictionary()
      for (key, value) in zip(dictionary.keys, dictionary.values) {
        result.set(key, argument(value))
      }
      return .dictionary(result)
    default: return escaped(value).plain
    }
  }

  /// What the filter `format` makes of a text that counts as escaped.
  static func formatted(_ text: String, _ values: TemplateValue) throws -> TemplateValue {
    .markup(try PythonFormat.percent(text, argument(values)))
  }

  /// What a filter makes of a value where all that is written is escaped; nil of those to which that
  /// makes no difference.
  static func filtered(
    _ value: TemplateValue, _ name: String, _ arguments: TemplateArguments
  ) throws -> TemplateValue? {
    switch name {
    case "replace":
      let (old, new) = (try arguments.require(0, "old"), try arguments.require(1, "new"))
      let marked = value.isMarkup || old.isMarkup || new.isMarkup ? escaped(value) : value
      var plain = arguments
      if marked.isMarkup {
        plain.positional = [old.plain, escaped(new).plain] + arguments.positional.dropFirst(2)
      }
      let result = try TemplateFilters.apply(name, marked.plain, plain)
      return marked.isMarkup ? .markup(result.text) : result
    case "join":
      let values = try TemplateFilters.attributes(arguments.value(1, "attribute"), of: value)
      let separator = arguments.value(0, "d") ?? .string("")
      guard separator.isMarkup || values.contains(where: \.isMarkup) else {
        return .string(try TemplateFilters.joined(values.map(\.text), separator.text))
      }
      return .markup(
        try TemplateFilters.joined(values.map { escaped($0).text }, escaped(separator).text))
    case "xmlattr", "urlize": return .markup(try TemplateFilters.apply(name, value, arguments).text)
    default: return nil
    }
  }

  /// What a method of such a text gives: texts that count as escaped, with other texts escaped.
  static func call(
    _ name: String, on text: String, _ given: TemplateArguments
  ) throws -> TemplateValue {
    var arguments = given
    if let first = escapingMethods[name] {
      for place in arguments.positional.indices where place >= first {
        if arguments.positional[place].string != nil {
          arguments.positional[place] = escaped(arguments.positional[place]).plain
        }
      }
    } else if name == "format" {
      arguments.positional = arguments.positional.map(argument)
      arguments.named = arguments.named.map { ($0.name, argument($0.value)) }
    } else if name == "join" {
      let parts = try arguments.require(0, "iterable").defined().elements().map {
        escaped($0).plain
      }
      arguments = TemplateArguments()
      arguments.positional = [.list(parts)]
    }
    let result = try PythonTextMethods(text: text, arguments: arguments).call(name)
    switch result {
    case .string(let text): return .markup(text)
    case .list(let values): return .list(values.map(marked))
    case .tuple(let values): return .tuple(values.map(marked))
    default: return result
    }
  }

  private static func marked(_ value: TemplateValue) -> TemplateValue {
    if case .string(let text) = value { .markup(text) } else { value }
  }
}
