import Foundation

extension TemplateValue {
  typealias Arithmetic = TemplateExpression.Arithmetic

  /// A number, text or list from two by Python's operators.
  func combined(_ operation: Arithmetic, _ other: TemplateValue) throws -> TemplateValue {
    if let a = integer, let b = other.integer, let result = try Self.whole(operation, a, b) {
      return result
    }
    if let a = number, let b = other.number {
      let isNegativePower = operation == .power && b < 0
      if let whole = wholeDigits, let other = other.wholeDigits, !isNegativePower {
        return try TemplateWholeNumber.combined(operation, whole, other)
      }
      guard a.isFinite || largeInteger == nil, b.isFinite || other.largeInteger == nil else {
        throw ChatTemplateError(.value, "int too large to convert to float")
      }
      return try Self.real(operation, a, b)
    }
    _ = try defined()
    if isMarkup || other.isMarkup, let result = try TemplateMarkup.combined(operation, self, other)
    {
      return result
    }
    switch (operation, self, other) {
    case (.remainder, .string(let format), _):
      return .string(try PythonFormat.percent(format, other))
    default: break
    }
    _ = try other.defined()
    switch (operation, self, other) {
    case (.add, .string(let a), .string(let b)): return .string(a + b)
    case (.add, .list(let a), .list(let b)): return .list(a + b)
    case (.add, .tuple(let a), .tuple(let b)): return .tuple(a + b)
    case (.add, .string, _):
      throw ChatTemplateError(
        .value, "can only concatenate str (not \"\(other.typeName)\") to str")
    case (.add, .list, _):
      throw ChatTemplateError(
        .value, "can only concatenate list (not \"\(other.typeName)\") to list")
    case (.multiply, _, _):
      if let count = other.integer { return try repeated(count, other) }
      if let count = integer { return try other.repeated(count, self) }
    default: break
    }
    throw Self.unsupported(operation, self, other)
  }

  private static func unsupported(
    _ operation: Arithmetic, _ a: TemplateValue, _ b: TemplateValue
  ) -> ChatTemplateError {
    let name = operation == .power ? "** or pow()" : operation.rawValue
    return ChatTemplateError(
      .value,
      "unsupported operand type(s) for \(name): '\(a.typeName)' and '\(b.typeName)'")
  }

  private func repeated(_ count: Int, _ other: TemplateValue) throws -> TemplateValue {
    let count = max(count, 0)
    func check(_ size: Int, _ limit: Int) throws {
      let (total, overflows) = size.multipliedReportingOverflow(by: count)
      guard !overflows, total <= limit else {
        throw ChatTemplateError(.limit, "a value repeated \(count) times is too large")
      }
    }
    switch self {
    case .string(let text):
      try check(text.utf8.count, TemplateLimits.maximumBytes)
      return .string(String(repeating: text, count: count))
    case .list(let values):
      try check(values.count, TemplateLimits.maximumElements)
      return .list(Array(repeatElement(values, count: count).joined()))
    case .tuple(let values):
      try check(values.count, TemplateLimits.maximumElements)
      return .tuple(Array(repeatElement(values, count: count).joined()))
    default: throw Self.unsupported(.multiply, self, other)
    }
  }

  /// Nil of what goes beyond 64 bits on its way.
  private static func whole(_ operation: Arithmetic, _ a: Int, _ b: Int) throws -> TemplateValue? {
    let result: (partialValue: Int, overflow: Bool)
    switch operation {
    case .add: result = a.addingReportingOverflow(b)
    case .subtract: result = a.subtractingReportingOverflow(b)
    case .multiply: result = a.multipliedReportingOverflow(by: b)
    case .divide:
      let isExact = max(a.magnitude, b.magnitude) <= 1 << 53
      guard isExact || b == 0 else { return nil }
      return try real(.divide, Double(a), Double(b))
    case .floorDivide:
      guard b != 0 else { throw zeroDivision("integer division or modulo by zero") }
      let (quotient, overflow) = a.dividedReportingOverflow(by: b)
      let isInexact = !overflow && a % b != 0
      result = (isInexact && (a < 0) != (b < 0) ? quotient - 1 : quotient, overflow)
    case .remainder:
      guard b != 0 else { throw zeroDivision("integer modulo by zero") }
      let remainder = b == -1 ? 0 : a % b
      result = (remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder, false)
    case .power:
      if b < 0 { return try real(.power, Double(a), Double(b)) }
      result = power(a, b)
    }
    if result.overflow { return nil }
    return .int(result.partialValue)
  }

  private static func power(_ base: Int, _ exponent: Int) -> (Int, Bool) {
    var (result, base, exponent) = (1, base, exponent)
    if base == 1 || base == 0 { return (exponent == 0 ? 1 : base, false) }
    if base == -1 { return (exponent % 2 == 0 ? 1 : -1, false) }
    while exponent > 0 {
      if exponent % 2 == 1 {
        let (product, overflow) = result.multipliedReportingOverflow(by: base)
        if overflow { return (0, true) }
        result = product
      }
      exponent /= 2
      if exponent > 0 {
        let (square, overflow) = base.multipliedReportingOverflow(by: base)
        if overflow { return (0, true) }
        base = square
      }
    }
    return (result, false)
  }

  private static func zeroDivision(_ message: String) -> ChatTemplateError {
    ChatTemplateError(.value, message)
  }

  private static func real(
    _ operation: Arithmetic, _ a: Double, _ b: Double
  ) throws -> TemplateValue {
    switch operation {
    case .add: return .double(a + b)
    case .subtract: return .double(a - b)
    case .multiply: return .double(a * b)
    case .divide:
      guard b != 0 else { throw zeroDivision("division by zero") }
      return .double(a / b)
    case .floorDivide, .remainder:
      guard b != 0 else { throw zeroDivision("float floor division by zero") }
      var remainder = fmod(a, b)
      var quotient = (a - remainder) / b
      if remainder != 0, (remainder < 0) != (b < 0) {
        remainder += b
        quotient -= 1
      }
      // None left has the divisor's sign.
      if remainder == 0 { remainder = Double(signOf: b, magnitudeOf: 0) }
      return .double(operation == .remainder ? remainder : quotient.rounded())
    case .power:
      guard a != 0 || b >= 0 else {
        throw zeroDivision("0.0 cannot be raised to a negative power")
      }
      let result = pow(a, b)
      guard !result.isNaN || a.isNaN || b.isNaN else {
        throw ChatTemplateError(.unsupported, "complex numbers are not supported")
      }
      return .double(result)
    }
  }

  /// `-value`.
  func negated() throws -> TemplateValue {
    switch try defined() {
    case .double(let value): return .double(-value)
    default:
      if let largeInteger { return largeInteger.negated }
      guard let value = integer else {
        throw ChatTemplateError(.value, "bad operand type for unary -: '\(typeName)'")
      }
      return try TemplateValue.int(0).combined(.subtract, .int(value))
    }
  }
}
