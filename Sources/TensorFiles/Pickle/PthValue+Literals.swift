/// Values as Swift's literals: `["epoch": 3, "loss": 0.25, "tags": ["a", nil]]`.
extension PthValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// A whole number.
  public init(integerLiteral value: Int) { self = .int(value) }
  /// A float.
  public init(floatLiteral value: Double) { self = .double(value) }
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// `True` or `False`.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// `None`.
  public init(nilLiteral: ()) { self = .none }
  /// A list.
  public init(arrayLiteral elements: PthValue...) { self = .list(elements) }
  /// A dict in the literal's order.
  public init(dictionaryLiteral elements: (PthValue, PthValue)...) {
    self = .dictionary(elements.map { Member($0.0, $0.1) })
  }
}
