extension TemplateRenderer {
  /// The value of an expression.
  mutating func value(
    _ expression: TemplateExpression, _ scope: TemplateScope
  ) throws -> TemplateValue {
    try count()
    try deeper()
    defer { leave() }
    switch expression {
    case .constant(let value): return value
    case .name(let name):
      return scope.value(name) ?? .undefined("'\(names[name])' is undefined")
    case .list(let parts): return try nested(.list(try values(parts, scope)))
    case .tuple(let parts): return try nested(.tuple(try values(parts, scope)))
    case .dictionary(let pairs): return try dictionary(pairs, scope)
    case .conditional(let first, let condition, let otherwise):
      if try value(condition, scope).isTrue { return try value(first, scope) }
      return try otherwise.map { try value($0, scope) }
        ?? .undefined("the inline if-expression has no else, and its condition is false")
    case .and(let parts): return try junction(parts, stopsAt: false, scope)
    case .or(let parts): return try junction(parts, stopsAt: true, scope)
    case .not(let operand): return .bool(!(try value(operand, scope).isTrue))
    case .comparison(let first, let rest, let line):
      return try at(line) { try $0.comparison(first, rest, scope) }
    case .arithmetic(let first, let rest, let line):
      return try at(line) { try $0.arithmetic(first, rest, scope) }
    case .concatenation(let parts):
      let parts = try values(parts, scope)
      let isMarked = escapes && parts.contains(where: \.isMarkup)
      let texts = parts.map { isMarked ? TemplateMarkup.escaped($0).text : $0.text }
      let text = try made(try TemplateFilters.joined(texts, ""))
      return isMarked ? .markup(text) : .string(text)
    case .negative(let operand, let line):
      return try at(line) { try $0.value(operand, scope).negated() }
    case .positive(let operand, let line):
      return try at(line) { renderer in
        let value = try renderer.value(operand, scope).defined()
        guard value.number != nil else {
          throw ChatTemplateError(.value, "bad operand type for unary +: '\(value.typeName)'")
        }
        return value.integer.map { .int($0) } ?? value
      }
    case .postfix(let base, let chain): return try postfix(base, chain, scope)
    }
  }

  private func checked(_ line: Int, _ error: any Error) -> any Error {
    (error as? ChatTemplateError)?.at(line) ?? error
  }

  /// Gives errors of an expression their line.
  private mutating func at<Result>(
    _ line: Int, _ body: (inout TemplateRenderer) throws -> Result
  ) throws -> Result {
    do { return try body(&self) } catch { throw checked(line, error) }
  }

  private mutating func values(
    _ parts: [TemplateExpression], _ scope: TemplateScope
  ) throws -> [TemplateValue] {
    var result: [TemplateValue] = []
    result.reserveCapacity(parts.count)
    for part in parts { result.append(try value(part, scope)) }
    return result
  }

  /// Counts the making of a text, and refuses one that is too large.
  private mutating func made(_ text: String) throws -> String {
    let size = text.utf8.count
    guard size <= TemplateLimits.maximumBytes else {
      throw ChatTemplateError(.limit, "it makes a text of \(size) bytes")
    }
    try count(size / 64)
    return text
  }

  /// Counts the making of a value, and refuses one that is too large.
  private mutating func made(_ value: TemplateValue) throws -> TemplateValue {
    switch value {
    case .string(let text), .markup(let text): _ = try made(text)
    case .list(let values), .tuple(let values):
      guard values.count <= TemplateLimits.maximumElements else {
        throw ChatTemplateError(.limit, "it makes a list of \(values.count) elements")
      }
      try count(values.count / 16)
    default: break
    }
    return value
  }

  /// Refuses a value that nests too deeply or is too large; counts each element.
  mutating func nested(_ value: TemplateValue, level: Int = 0) throws -> TemplateValue {
    guard level <= TemplateParser.maximumDepth else {
      throw ChatTemplateError(
        .limit, "it makes a value of more than \(TemplateParser.maximumDepth) levels")
    }
    switch value {
    case .list(let values), .tuple(let values):
      _ = try made(value)
      for value in values { _ = try nested(value, level: level + 1) }
      try count(values.count / 4 + 1)
    case .dictionary(let dictionary):
      for key in dictionary.keys { _ = try nested(key.value, level: level + 1) }
      for value in dictionary.values { _ = try nested(value, level: level + 1) }
      try count(dictionary.count / 2 + 1)
    case .object(let object) where level > 0 && object is TemplateNamespace:
      throw ChatTemplateError(.unsupported, "a namespace within a value is not supported")
    default: return level == 0 ? try made(value) : value
    }
    return value
  }

  private mutating func dictionary(
    _ pairs: [(TemplateExpression, TemplateExpression)], _ scope: TemplateScope
  ) throws -> TemplateValue {
    var result = TemplateDictionary()
    for (key, element) in pairs {
      let key = try value(key, scope)
      guard let own = TemplateKey(key) else {
        throw ChatTemplateError(.value, "unhashable type: '\(key.typeName)'")
      }
      result.set(own, try value(element, scope))
    }
    return try nested(.dictionary(result))
  }

  private mutating func junction(
    _ parts: [TemplateExpression], stopsAt end: Bool, _ scope: TemplateScope
  ) throws -> TemplateValue {
    var result = TemplateValue.none
    for part in parts {
      result = try value(part, scope)
      if result.isTrue == end { break }
    }
    return result
  }

  private mutating func comparison(
    _ first: TemplateExpression,
    _ rest: [(TemplateExpression.Comparison, TemplateExpression)], _ scope: TemplateScope
  ) throws -> TemplateValue {
    var left = try value(first, scope)
    for (comparison, operand) in rest {
      let right = try value(operand, scope)
      let holds: Bool
      switch comparison {
      case .equal: holds = left == right
      case .unequal: holds = left != right
      case .less: holds = try left.isLess(than: right)
      case .lessOrEqual: holds = try left.isLess(than: right, "<=") || left == right
      case .greater: holds = try Self.isGreater(left, right, ">")
      case .greaterOrEqual: holds = try Self.isGreater(left, right, ">=") || left == right
      case .isIn: holds = try right.contains(left)
      case .isNotIn: holds = !(try right.contains(left))
      }
      guard holds else { return .bool(false) }
      left = right
    }
    return .bool(true)
  }

  private static func isGreater(
    _ a: TemplateValue, _ b: TemplateValue, _ symbol: String
  ) throws -> Bool {
    // The error of a comparison that does not fit names the left type first.
    if a.number == nil || b.number == nil, a.plain.typeName != b.plain.typeName {
      return try a.isLess(than: b, symbol)
    }
    return try b.isLess(than: a, symbol)
  }

  private mutating func arithmetic(
    _ first: TemplateExpression,
    _ rest: [(TemplateExpression.Arithmetic, TemplateExpression)], _ scope: TemplateScope
  ) throws -> TemplateValue {
    var result = try value(first, scope)
    for (operation, operand) in rest {
      result = try made(try result.combined(operation, try value(operand, scope)))
    }
    return result
  }

  private mutating func postfix(
    _ base: TemplateExpression, _ chain: [TemplateExpression.Postfix], _ scope: TemplateScope
  ) throws -> TemplateValue {
    var result = try value(base, scope)
    for (index, part) in chain.enumerated() {
      switch part {
      case .attribute(let name, let line):
        result = try at(line) { renderer in
          // A call of a method that changes its value is refused by its name.
          if index + 1 < chain.count, case .call = chain[index + 1],
            TemplateMethods.changes(name), result.isChangeable
          {
            throw ChatTemplateError(
              .value, "'\(name)' would change a value; build a new one instead")
          }
          return try result.attribute(name)
        }
      case .item(let key, let line):
        result = try at(line) { try result.item(try $0.value(key, scope)) }
      case .slice(let start, let stop, let step, let line):
        result = try at(line) { renderer in
          func bound(_ expression: TemplateExpression?) throws -> TemplateValue {
            try expression.map { try renderer.value($0, scope) } ?? .none
          }
          return try result.slice(try bound(start), try bound(stop), try bound(step))
        }
        result = try made(result)
      case .call(let call, let line):
        result = try at(line) { renderer in
          let arguments = try renderer.arguments(call, scope)
          return try renderer.nested(try renderer.call(result, arguments))
        }
      case .filter(let filter):
        result = try self.filter(filter, result, scope)
      case .test(let test, let isNegated):
        result = try at(test.line) { renderer in
          let arguments = try renderer.arguments(test.arguments, scope)
          return .bool(try TemplateTests.passes(test.name, result, arguments) != isNegated)
        }
      }
    }
    return result
  }

  /// What a filter makes of a value.
  mutating func filter(
    _ filter: TemplateFilter, _ value: TemplateValue, _ scope: TemplateScope
  ) throws -> TemplateValue {
    try at(filter.line) { renderer in
      let arguments = try renderer.arguments(filter.arguments, scope)
      return try renderer.nested(try renderer.filtered(value, filter.name, arguments))
    }
  }
}

extension TemplateValue {
  fileprivate var isChangeable: Bool {
    switch self {
    case .list, .dictionary: true
    default: false
    }
  }
}
