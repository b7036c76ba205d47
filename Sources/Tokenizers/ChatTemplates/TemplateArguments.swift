/// The arguments of a call in a template.
public struct TemplateArguments: Sendable {
  /// Those without names.
  public var positional: [TemplateValue] = []
  /// Those with names, in order.
  public var named: [(name: String, value: TemplateValue)] = []

  /// No arguments.
  public init() {}

  /// The argument at a place or of a name, or nil.
  public func value(_ place: Int, _ name: String) -> TemplateValue? {
    if positional.indices.contains(place) { return positional[place] }
    return named.last { $0.name == name }?.value
  }

  func require(_ place: Int, _ name: String) throws -> TemplateValue {
    guard let value = value(place, name) else {
      throw ChatTemplateError(.value, "the argument '\(name)' is missing")
    }
    return value
  }

  func text(_ place: Int, _ name: String) throws -> String {
    let value = try require(place, name).defined()
    guard let text = value.string else {
      throw ChatTemplateError(
        .value, "the argument '\(name)' must be str, not \(value.typeName)")
    }
    return text
  }

  func text(_ place: Int, _ name: String, usual: String) throws -> String {
    value(place, name) == nil ? usual : try text(place, name)
  }

  func integer(_ place: Int, _ name: String, usual: Int) throws -> Int {
    guard let value = value(place, name) else { return usual }
    guard let integer = try value.defined().integer else {
      throw ChatTemplateError(
        .value, "the argument '\(name)' must be int, not \(value.typeName)")
    }
    return integer
  }

  func flag(_ place: Int, _ name: String, usual: Bool = false) -> Bool {
    value(place, name)?.isTrue ?? usual
  }

  /// Refuses arguments beyond those that a function has.
  func check(_ names: [String], for function: String) throws {
    guard positional.count <= names.count else {
      throw ChatTemplateError(
        .value,
        "\(function) takes at most \(names.count) arguments and was given \(positional.count)")
    }
    for (name, _) in named {
      guard let place = names.firstIndex(of: name) else {
        throw ChatTemplateError(.value, "\(function) has no argument '\(name)'")
      }
      guard place >= positional.count else {
        throw ChatTemplateError(.value, "\(function) was given '\(name)' twice")
      }
    }
  }

  /// Without the first so many arguments that have no names.
  func dropFirst(_ count: Int) -> TemplateArguments {
    var result = self
    result.positional = Array(positional.dropFirst(count))
    return result
  }
}

/// What keeps templates from running or growing without end.
enum TemplateLimits {
  /// The largest text that a template may write or make.
  static let maximumBytes = 64 << 20
  /// The most elements of a list that a template makes.
  static let maximumElements = 1 << 20
  /// The largest range, as in Jinja's sandbox.
  static let maximumRange = 100_000
  /// The most steps; each statement, expression, and 64 bytes or 16 elements made is one.
  static let maximumSteps = 20_000_000
  /// How deeply calls, statements and expressions may nest while a template runs.
  static let maximumDepth = 500
}
