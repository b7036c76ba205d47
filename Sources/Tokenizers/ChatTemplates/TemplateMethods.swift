/// The methods of Python's texts, lists and dictionaries. Those that change a value are none of
/// them, as in the sandbox that transformers renders in.
enum TemplateMethods {
  private static let ofText: Set<String> = [
    "split", "rsplit", "strip", "lstrip", "rstrip", "startswith", "endswith", "replace", "upper",
    "lower", "title", "capitalize", "swapcase", "casefold", "join", "find", "rfind", "index",
    "rindex", "count", "splitlines", "isdigit", "isnumeric", "isdecimal", "isalpha", "isalnum",
    "isspace", "isupper", "islower", "format", "zfill", "ljust", "rjust", "center", "removeprefix",
    "removesuffix", "partition", "rpartition", "isidentifier", "isprintable", "isascii", "istitle",
    "expandtabs", "translate", "encode",
  ]
  private static let ofList: Set<String> = ["index", "count", "copy"]
  private static let ofDictionary: Set<String> = ["get", "items", "keys", "values", "copy"]

  /// Whether a value has a method.
  static func has(_ name: String, _ value: TemplateValue) -> Bool {
    switch value {
    case .string, .markup: ofText.contains(name)
    case .list, .tuple: ofList.contains(name)
    case .dictionary: ofDictionary.contains(name)
    default: false
    }
  }

  /// `dict.fromkeys(keys, value)`.
  static func fromKeys(_ arguments: TemplateArguments) throws -> TemplateValue {
    var result = TemplateDictionary()
    for key in try arguments.require(0, "iterable").defined().elements() {
      guard let own = TemplateKey(key) else {
        throw ChatTemplateError(.value, "unhashable type: '\(key.typeName)'")
      }
      result.set(own, arguments.value(1, "value") ?? .none)
    }
    return .dictionary(result)
  }

  /// The names of methods that change their value, which templates may not.
  static func changes(_ name: String) -> Bool {
    [
      "append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "update",
      "setdefault", "popitem",
    ].contains(name)
  }

  /// What a method gives.
  static func call(
    _ name: String, on value: TemplateValue, _ arguments: TemplateArguments
  ) throws -> TemplateValue {
    switch value {
    case .string(let text):
      return try PythonTextMethods(text: text, arguments: arguments).call(name)
    case .markup(let text): return try TemplateMarkup.call(name, on: text, arguments)
    case .list(let values), .tuple(let values):
      switch name {
      case "copy": return .list(values.map { $0 })
      case _ where arguments.positional.count > (name == "count" ? 1 : 3):
        throw ChatTemplateError(
          .value,
          "list.\(name)() takes exactly one argument (\(arguments.positional.count) given)")
      case "count":
        let wanted = try arguments.require(0, "value")
        return .int(values.count { $0 == wanted })
      default:
        let wanted = try arguments.require(0, "value")
        guard let place = values.firstIndex(of: wanted) else {
          throw ChatTemplateError(.value, "\(wanted.representation) is not in list")
        }
        return .int(place)
      }
    case .dictionary(let dictionary):
      switch name {
      case "get":
        let key = try arguments.require(0, "key")
        let usual = arguments.value(1, "default") ?? .none
        return TemplateKey(key).flatMap { dictionary[$0] } ?? usual
      case "items": return .object(TemplateSequence(.items, dictionary.items))
      case "keys": return .object(TemplateSequence(.keys, dictionary.keys.map(\.value)))
      case "values": return .object(TemplateSequence(.values, dictionary.values))
      default: return .dictionary(dictionary.copied())
      }
    default: throw ChatTemplateError(.value, "'\(value.typeName)' has no method '\(name)'")
    }
  }
}
