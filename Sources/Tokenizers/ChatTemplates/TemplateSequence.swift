/// What Python iterates over that is no list: ranges, a dictionary's views, the pairs of `groupby`, and
/// generators, which give each element once.
final class TemplateSequence: TemplateObject, @unchecked Sendable {
  enum Kind {
    /// `range(start, stop, step)`.
    case range(start: Int, stop: Int, step: Int)
    case keys, values, items
    /// A key and its list, named `grouper` and `list`.
    case group
    /// `str.encode()`: the bytes' numbers.
    case bytes
    /// What filters such as `map` give, and Python's name of it.
    case generator(String)
  }

  let kind: Kind
  private var rest: [TemplateValue]

  init(_ kind: Kind, _ values: [TemplateValue]) {
    self.kind = kind
    rest = values
  }

  static func generator(_ values: [TemplateValue], _ name: String = "generator") -> TemplateValue {
    .object(TemplateSequence(.generator(name), values))
  }

  /// The bytes of an encoded text.
  static func bytes(_ bytes: [UInt8]) -> TemplateValue {
    .object(TemplateSequence(.bytes, bytes.map { .int(Int($0)) }))
  }

  private var bytes: [UInt8] { rest.map { UInt8(truncatingIfNeeded: $0.integer ?? 0) } }

  /// The elements; those of a generator are gone afterwards.
  func elements() -> [TemplateValue] {
    defer { if isGenerator { rest = [] } }
    return rest
  }

  /// The next element of a generator, or the first.
  func first() -> TemplateValue? {
    guard isGenerator else { return rest.first }
    // Not `? nil :`, which would be Python's None.
    if rest.isEmpty { return nil }
    return rest.removeFirst()
  }

  var isGenerator: Bool { if case .generator = kind { true } else { false } }

  /// Whether there are places to ask for by number.
  var hasPlaces: Bool {
    switch kind {
    case .range, .group, .bytes: true
    default: false
    }
  }

  /// The elements where they stay, nil of a generator.
  var lasting: [TemplateValue]? { isGenerator ? nil : rest }

  var typeName: String {
    switch kind {
    case .range: "range"
    case .keys: "dict_keys"
    case .values: "dict_values"
    case .items: "dict_items"
    case .group: "_GroupTuple"
    case .bytes: "bytes"
    case .generator(let name): name
    }
  }

  override var representation: String {
    switch kind {
    case .range(let start, let stop, let step):
      return "range(\(start), \(stop)" + (step == 1 ? ")" : ", \(step))")
    case .keys, .values, .items:
      return typeName + "(" + TemplateValue.list(rest).representation + ")"
    case .group: return TemplateValue.tuple(rest).representation
    case .bytes: return PythonText.quoted(bytes)
    case .generator(let name): return "<\(name) object>"
    }
  }

  override func attribute(_ name: String) -> TemplateValue? {
    switch (kind, name) {
    case (.group, "grouper"): return rest[0]
    case (.group, "list"): return rest[1]
    case (.range(let start, _, _), "start"): return .int(start)
    case (.range(_, let stop, _), "stop"): return .int(stop)
    case (.range(_, _, let step), "step"): return .int(step)
    case (.bytes, "decode"):
      return .function(
        TemplateFunction(name) { [bytes] _ in
          guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ChatTemplateError(.value, "the bytes are not UTF-8")
          }
          return .string(text)
        })
    case (.bytes, "hex"):
      return .function(
        TemplateFunction(name) { [bytes] _ in
          .string(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        })
    case (.range, "index"), (.range, "count"), (.group, "index"), (.group, "count"):
      let values = TemplateValue.tuple(rest)
      return .function(TemplateFunction(name) { try TemplateMethods.call(name, on: values, $0) })
    default: return nil
    }
  }
}

extension TemplateObject {
  /// What it is compared as: a pair of `groupby` as a tuple, a range as its numbers; nil of anything
  /// else, which equals itself alone.
  var comparable: TemplateValue? {
    if let large = self as? TemplateLargeInteger { return .string(large.digits) }
    guard let sequence = self as? TemplateSequence, let values = sequence.lasting else {
      return nil
    }
    switch sequence.kind {
    case .group: return .tuple(values)
    case .range: return .list(values)
    case .bytes: return .list([.list(values)])
    default: return nil
    }
  }
}

/// `cycler(…)`: gives its values in turn.
final class TemplateCycler: TemplateObject, @unchecked Sendable {
  private let values: [TemplateValue]
  private var place = 0

  init(_ values: [TemplateValue]) { self.values = values }

  override var representation: String { "<jinja2.utils.Cycler object>" }

  override func attribute(_ name: String) -> TemplateValue? {
    switch name {
    case "current": return values[place]
    case "items": return .tuple(values)
    case "pos": return .int(place)
    case "next":
      return .function(
        TemplateFunction("next") { [self] _ in
          defer { place = (place + 1) % values.count }
          return values[place]
        })
    case "reset":
      return .function(
        TemplateFunction("reset") { [self] _ in
          place = 0
          return .none
        })
    default: return nil
    }
  }
}

/// `joiner(…)`: nothing when it is first called, and its text from then on.
final class TemplateJoiner: TemplateObject, @unchecked Sendable {
  private let separator: TemplateValue
  private var isUsed = false

  init(_ separator: TemplateValue) { self.separator = separator }

  override var representation: String { "<jinja2.utils.Joiner object>" }

  override func attribute(_ name: String) -> TemplateValue? {
    switch name {
    case "sep": separator
    case "used": .bool(isUsed)
    default: nil
    }
  }

  func next() -> TemplateValue {
    defer { isUsed = true }
    return isUsed ? separator : .string("")
  }
}
