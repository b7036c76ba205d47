/// A field of a record of text: a number, numbers, or rows of numbers.
public enum FeatureValue: Equatable, Sendable {
  /// A whole number, as a class.
  case int(Int)
  /// A number, as what a regression is to tell.
  case double(Double)
  /// Whole numbers, as ids.
  case ints([Int])
  /// Numbers, as truth values of several classes.
  case doubles([Double])
  /// Rows of whole numbers, as the choices of a question; rows may differ in length.
  case rows([[Int]])
  /// A text, which no batch holds.
  case text(String)

  /// The whole numbers, or nil where these are none.
  public var ints: [Int]? { if case .ints(let values) = self { values } else { nil } }
  /// The rows, or nil where these are none.
  public var rows: [[Int]]? { if case .rows(let values) = self { values } else { nil } }
}

/// A record of text as a model takes it: fields by transformers' names, in their order.
///
/// ```swift
/// let feature: TextFeature = ["input_ids": .ints([2, 57, 3]), "label": .int(1)]
/// ```
public struct TextFeature: Equatable, Sendable, ExpressibleByDictionaryLiteral {
  /// The fields' names.
  public private(set) var names: [String] = []
  private var values: [String: FeatureValue] = [:]

  /// No fields.
  public init() {}

  /// Fields in their order.
  public init(dictionaryLiteral fields: (String, FeatureValue)...) {
    for (name, value) in fields { self[name] = value }
  }

  /// The value of a field; setting nil removes it.
  public subscript(name: String) -> FeatureValue? {
    get { values[name] }
    set {
      if values[name] == nil, newValue != nil { names.append(name) }
      if newValue == nil { names.removeAll { $0 == name } }
      values[name] = newValue
    }
  }

  /// The ids; empty where there are none.
  public var inputIds: [Int] { self["input_ids"]?.ints ?? [] }
}
