/// A key of a template's dictionary: what Python can hash, with equal numbers as one.
public struct TemplateKey: Hashable, Sendable {
  /// The key as it prints.
  public let value: TemplateValue

  /// A key of a value, or nil where Python could not hash it.
  public init?(_ value: TemplateValue) {
    switch value {
    case .list, .dictionary, .function: return nil
    case .object(let object) where !(object is TemplateLargeInteger):
      guard case .range? = (object as? TemplateSequence)?.kind else { return nil }
    case .tuple(let values):
      guard values.allSatisfy({ TemplateKey($0) != nil }) else { return nil }
    default: break
    }
    self.value = value
  }

  private init(trusted value: TemplateValue) { self.value = value }

  static func string(_ text: String) -> TemplateKey { TemplateKey(trusted: .string(text)) }

  /// Python's equality.
  public static func == (a: TemplateKey, b: TemplateKey) -> Bool { a.value == b.value }

  /// Equal keys hash alike: `1`, `1.0` and `True` are one key.
  public func hash(into hasher: inout Hasher) { Self.hash(value, into: &hasher) }

  private static func hash(_ value: TemplateValue, into hasher: inout Hasher) {
    switch value {
    case .string(let text), .markup(let text):
      hasher.combine(1)
      var text = text
      text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    case .bool, .int, .double: hasher.combine(value.number)
    case .tuple(let values): for value in values { hash(value, into: &hasher) }
    default: hasher.combine(0)
    }
  }
}

/// A dictionary that keeps the order in which its keys came, as Python's does.
public struct TemplateDictionary: Sendable, Equatable {
  /// The keys in order.
  public private(set) var keys: [TemplateKey] = []
  /// The values in the order of the keys.
  public private(set) var values: [TemplateValue] = []
  private var places: [TemplateKey: Int] = [:]

  /// An empty dictionary.
  public init() {}

  /// The number of keys.
  public var count: Int { keys.count }

  /// Sets a value; a key that is there keeps its place.
  public mutating func set(_ key: TemplateKey, _ value: TemplateValue) {
    if let place = places[key] {
      values[place] = value
    } else {
      places[key] = keys.count
      keys.append(key)
      values.append(value)
    }
  }

  /// The value of a key, or nil where there is none.
  public subscript(key: TemplateKey) -> TemplateValue? { places[key].map { values[$0] } }

  /// The value of a name, or nil where there is none.
  public subscript(name: String) -> TemplateValue? {
    get { self[.string(name)] }
    set { if let newValue { set(.string(name), newValue) } }
  }

  /// A dictionary of its own with the same keys and values.
  func copied() -> TemplateDictionary {
    var result = self
    result.values = values.map { $0 }
    return result
  }

  /// Keys with their values, as tuples.
  var items: [TemplateValue] { zip(keys, values).map { .tuple([$0.value, $1]) } }

  /// The same keys with equal values, in any order.
  public static func == (a: TemplateDictionary, b: TemplateDictionary) -> Bool {
    a.count == b.count && zip(a.keys, a.values).allSatisfy { b[$0] == $1 }
  }
}
