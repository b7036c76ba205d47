import Base

/// A chat template: the part of Jinja that published templates use, with Python's meaning.
///
/// Blocks lose the line break behind them and the space before them, as in transformers. What the
/// interpreter lacks, such as `{% include %}`, is an error that names it and its line. A template that takes more than 20 million steps, writes more than 64 MiB or nests more than
/// 500 levels deep ends with an error.
public struct ChatTemplate: Sendable {
  /// The template as it was given.
  public let source: String
  /// Statements are never changed once read.
  private let program: Program

  /// A rendered text, and where `{% generation %}` blocks stand in it.
  public struct Rendering: Sendable, Equatable {
    /// The text.
    public let text: String
    /// The blocks' places in the text, in code points.
    public let generationSpans: [Range<Int>]
  }

  private final class Program: @unchecked Sendable {
    let statements: [TemplateStatement]
    let names: [String]
    let blocks: [String: [TemplateStatement]]

    init(
      _ statements: [TemplateStatement], _ names: [String],
      _ blocks: [String: [TemplateStatement]]
    ) {
      (self.statements, self.names, self.blocks) = (statements, names, blocks)
    }
  }

  /// Reads a template.
  /// - Throws: ``ChatTemplateError`` with the line that cannot be read.
  public init(_ source: String) throws {
    self.source = source
    var parser = TemplateParser(try TemplateLexer.tokens(of: source))
    let statements = try parser.statements()
    program = Program(statements, parser.names, parser.blocks)
  }

  /// Writes the template's text with these variables.
  /// - Throws: ``ChatTemplateError``, also where the template calls `raise_exception`.
  public func render(_ variables: [String: TemplateValue]) throws -> Rendering {
    let globals = TemplateScope(nil)
    for (number, name) in program.names.enumerated() {
      if name == "self" {
        globals.set(number, .object(TemplateReference(program.blocks)))
      } else if let value = variables[name] ?? TemplateGlobals.functions[name] {
        globals.set(number, value)
      }
    }
    var renderer = TemplateRenderer(names: program.names)
    let text = try renderer.render(program.statements, TemplateScope(globals))
    return Rendering(text: text, generationSpans: Self.scalarSpans(renderer.generationSpans, text))
  }

  /// Spans of bytes as spans of code points.
  private static func scalarSpans(_ spans: [Range<Int>], _ text: String) -> [Range<Int>] {
    guard !spans.isEmpty else { return [] }
    var places = [Int](repeating: 0, count: text.utf8.count + 1)
    var count = 0
    for (index, byte) in text.utf8.enumerated() {
      if byte & 0xc0 != 0x80 { count += 1 }
      places[index + 1] = count
    }
    func place(_ byte: Int) -> Int { places[min(byte, places.count - 1)] }
    return spans.map { place($0.lowerBound)..<place($0.upperBound) }
  }
}

/// The functions that every template has.
enum TemplateGlobals {
  static let functions: [String: TemplateValue] = [
    "raise_exception": function("raise_exception") { arguments in
      throw ChatTemplateError(.raised, try arguments.require(0, "message").text)
    },
    "strftime_now": function("strftime_now") { arguments in
      let format = try arguments.text(0, "format")
      guard format.utf8.count <= 1000 else {
        throw ChatTemplateError(.limit, "the format of strftime_now is too long")
      }
      return .string(PythonText.time(format))
    },
    "namespace": function("namespace") { arguments in
      let namespace = TemplateNamespace(TemplateDictionary())
      let dictionary = try makeDictionary(arguments)
      for (key, value) in zip(dictionary.keys, dictionary.values) {
        try namespace.set(key.value.text, value)
      }
      return .object(namespace)
    },
    "dict": function("dict") { .dictionary(try makeDictionary($0)) },
    "range": function("range") { try range($0) },
    "cycler": function("cycler") { arguments in
      guard !arguments.positional.isEmpty else {
        throw ChatTemplateError(.value, "at least one item has to be provided")
      }
      return .object(TemplateCycler(arguments.positional))
    },
    "joiner": function("joiner") { arguments in
      try arguments.check(["sep"], for: "joiner")
      return .object(TemplateJoiner(arguments.value(0, "sep") ?? .string(", ")))
    },
    "lipsum": function("lipsum") { _ in
      throw ChatTemplateError(.unsupported, "lipsum is not supported: it draws at random")
    },
  ]

  private static func function(
    _ name: String, _ body: @escaping @Sendable (TemplateArguments) throws -> TemplateValue
  ) -> TemplateValue { .function(TemplateFunction(name, body)) }

  private static func makeDictionary(_ arguments: TemplateArguments) throws -> TemplateDictionary {
    var result = TemplateDictionary()
    if let first = arguments.positional.first {
      if let dictionary = first.dictionary {
        result = dictionary.copied()
      } else {
        for pair in try first.defined().elements() {
          let parts = try pair.elements()
          guard parts.count == 2, let key = TemplateKey(parts[0]) else {
            throw ChatTemplateError(.value, "dict needs pairs of a key and a value")
          }
          result.set(key, parts[1])
        }
      }
    }
    for (name, value) in arguments.named { result[name] = value }
    return result
  }

  private static func range(_ arguments: TemplateArguments) throws -> TemplateValue {
    let bounds = try arguments.positional.map { value in
      guard let bound = try value.defined().integer else {
        throw ChatTemplateError(
          .value, "'\(value.typeName)' object cannot be interpreted as an integer")
      }
      return bound
    }
    guard (1...3).contains(bounds.count), arguments.named.isEmpty else {
      throw ChatTemplateError(.value, "range takes one to three whole numbers")
    }
    let (start, end) = bounds.count == 1 ? (0, bounds[0]) : (bounds[0], bounds[1])
    let step = bounds.count == 3 ? bounds[2] : 1
    guard step != 0 else { throw ChatTemplateError(.value, "range() arg 3 must not be zero") }
    var values: [TemplateValue] = []
    for value in stride(from: start, to: end, by: step) {
      guard values.count < TemplateLimits.maximumRange else {
        throw ChatTemplateError(
          .limit,
          "a range of more than \(TemplateLimits.maximumRange) numbers is too large")
      }
      values.append(.int(value))
    }
    return .object(TemplateSequence(.range(start: start, stop: end, step: step), values))
  }
}
