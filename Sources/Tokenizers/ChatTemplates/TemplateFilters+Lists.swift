import Base
import Foundation

extension TemplateFilters {
  static let lists: [String: Body] = [
    "length": { value, _ in .int(try value.length()) },
    "count": { value, _ in .int(try value.length()) },
    // A list of its own, which is not the same as what it was made of.
    "list": { value, _ in .list(try value.elements().map { $0 }) },
    "items": { value, _ in
      if value.isUndefined { return TemplateSequence.generator([]) }
      guard let dictionary = value.dictionary else {
        throw ChatTemplateError(.value, "Can only get item pairs from a mapping.")
      }
      return TemplateSequence.generator(dictionary.items)
    },
    "first": { value, _ in
      let first = try value.sequence.map { $0.first() } ?? value.elements().first
      return first ?? .undefined("No first item, sequence was empty.")
    },
    "last": { value, _ in
      if let sequence = value.sequence, sequence.isGenerator {
        throw ChatTemplateError(.value, "'\(sequence.typeName)' object is not reversible")
      }
      return try value.elements().last ?? .undefined("No last item, sequence was empty.")
    },
    "reverse": { value, _ in
      if case .string(let text) = value {
        return .string(String(String.UnicodeScalarView(text.unicodeScalars.reversed())))
      }
      let elements = Array(try value.elements().reversed())
      // What cannot be run through backwards comes as a list.
      if value.sequence?.isGenerator ?? false { return .list(elements) }
      return TemplateSequence.generator(elements, value.iteratorName)
    },
    "join": { value, arguments in
      try arguments.check(["d", "attribute"], for: "join")
      let values = try attributes(arguments.value(1, "attribute"), of: value)
      return .string(try joined(values.map(\.text), arguments.value(0, "d")?.text ?? ""))
    },
    "sort": { value, arguments in
      try arguments.check(["reverse", "case_sensitive", "attribute"], for: "sort")
      let key = attributeKeys(arguments.value(2, "attribute"))
      let isReverse = arguments.flag(0, "reverse")
      return .list(
        try TemplateOrder.sorted(
          try value.elements(), { try isReverse ? $1.isLess(than: $0) : $0.isLess(than: $1) },
          by: { element in
            let keys = try key(element).map {
              TemplateOrder.key($0, caseSensitive: arguments.flag(1, "case_sensitive"))
            }
            return .list(keys)
          }))
    },
    "unique": { value, arguments in
      try arguments.check(["case_sensitive", "attribute"], for: "unique")
      var seen: Set<TemplateKey> = []
      return TemplateSequence.generator(
        try value.elements().filter { element in
          let value = try attribute(arguments.value(1, "attribute"), of: element)
          let key = TemplateOrder.key(value, caseSensitive: arguments.flag(0, "case_sensitive"))
          guard let key = TemplateKey(key) else {
            throw ChatTemplateError(.value, "unhashable type: '\(value.typeName)'")
          }
          return seen.insert(key).inserted
        })
    },
    "min": { value, arguments in try extreme(value, arguments) { try $0.isLess(than: $1) } },
    "max": { value, arguments in try extreme(value, arguments) { try $1.isLess(than: $0) } },
    "sum": { value, arguments in
      try arguments.check(["attribute", "start"], for: "sum")
      let values = try attributes(arguments.value(0, "attribute"), of: value)
      return try values.reduce(arguments.value(1, "start") ?? .int(0)) { try $0.combined(.add, $1) }
    },
    "dictsort": { value, arguments in
      try arguments.check(["case_sensitive", "by", "reverse"], for: "dictsort")
      guard let dictionary = value.dictionary else {
        throw ChatTemplateError(.value, "dictsort needs a dict, not \(value.typeName)")
      }
      let part = try arguments.text(1, "by", usual: "key")
      guard part == "key" || part == "value" else {
        throw ChatTemplateError(.value, "You can only sort by either \"key\" or \"value\"")
      }
      let byValue = part == "value"
      let isReverse = arguments.flag(2, "reverse")
      return .list(
        try TemplateOrder.sorted(
          dictionary.items, { try isReverse ? $1.isLess(than: $0) : $0.isLess(than: $1) },
          by: {
            TemplateOrder.key(
              try $0.item(.int(byValue ? 1 : 0)), caseSensitive: arguments.flag(0, "case_sensitive")
            )
          }))
    },
    "groupby": { value, arguments in
      try arguments.check(["attribute", "default", "case_sensitive"], for: "groupby")
      func key(_ element: TemplateValue) throws -> TemplateValue {
        let value = try attribute(arguments.value(0, "attribute"), of: element)
        return value.isUndefined ? arguments.value(1, "default") ?? value : value
      }
      func folded(_ value: TemplateValue) -> TemplateValue {
        TemplateOrder.key(value, caseSensitive: arguments.flag(2, "case_sensitive"))
      }
      let sorted = try TemplateOrder.sorted(
        try value.elements(), { try $0.isLess(than: $1) }, by: { folded(try key($0)) })
      var groups: [(key: TemplateValue, values: [TemplateValue])] = []
      for element in sorted {
        let own = try key(element)
        if let last = groups.last, folded(last.key) == folded(own) {
          groups[groups.count - 1].values.append(element)
        } else {
          groups.append((own, [element]))
        }
      }
      return .list(groups.map { .object(TemplateSequence(.group, [$0.key, .list($0.values)])) })
    },
    "batch": { value, arguments in
      _ = try arguments.require(0, "linecount")
      let size = try arguments.integer(0, "linecount", usual: 0)
      let values = try value.elements()
      guard size > 0 else {
        let all: [TemplateValue] = values.isEmpty ? [] : [.list(values)]
        return TemplateSequence.generator(size == 0 && !values.isEmpty ? [.list([])] + all : all)
      }
      var rows = stride(from: 0, to: values.count, by: size).map {
        Array(values[$0..<min($0 + size, values.count)])
      }
      if let fill = arguments.value(1, "fill_with"), !fill.isNone, let last = rows.indices.last {
        guard size <= TemplateLimits.maximumElements else {
          throw ChatTemplateError(.limit, "a batch of \(size) is too large")
        }
        rows[last] += Array(repeating: fill, count: size - rows[last].count)
      }
      return TemplateSequence.generator(rows.map { .list($0) })
    },
    "slice": { value, arguments in
      try arguments.check(["slices", "fill_with"], for: "slice")
      let values = try value.elements()
      let count = try arguments.integer(0, "slices", usual: 0)
      guard count != 0 else {
        throw ChatTemplateError(.value, "integer division or modulo by zero")
      }
      guard count <= TemplateLimits.maximumElements else {
        throw ChatTemplateError(.limit, "\(count) slices are too many")
      }
      var rows: [TemplateValue] = []
      let (size, more) = values.count.quotientAndRemainder(dividingBy: max(count, 1))
      var place = 0
      for row in 0..<max(count, 0) {
        let end = place + size + (row < more ? 1 : 0)
        var part = Array(values[place..<end])
        if row >= more, let fill = arguments.value(1, "fill_with"), !fill.isNone {
          part.append(fill)
        }
        rows.append(.list(part))
        place = end
      }
      return TemplateSequence.generator(rows)
    },
  ]

  static let numbers: [String: Body] = [
    "abs": { value, _ in
      if case .double(let value) = value { return .double(value.magnitude) }
      if let large = value.largeInteger { return large.magnitude }
      guard let whole = try value.defined().integer else {
        throw ChatTemplateError(.value, "bad operand type for abs(): '\(value.typeName)'")
      }
      return whole < 0 ? try value.negated() : .int(whole)
    },
    "int": { value, arguments in
      try arguments.check(["default", "base"], for: "int")
      let usual = arguments.value(0, "default") ?? .int(0)
      let base = try arguments.integer(1, "base", usual: 10)
      switch try value.defined() {
      case .string(let text):
        let digits = PythonText.stripped(text, nil).replacing("_", with: "")
        if base != 10, (2...36).contains(base) {
          let prefixes = [16: "0x", 8: "0o", 2: "0b"]
          let prefix = prefixes[base] ?? "\0"
          let bare = digits.lowercased().hasPrefix(prefix) ? String(digits.dropFirst(2)) : digits
          if let whole = Int(bare, radix: base) { return .int(whole) }
        }
        if base == 10, let whole = TemplateValue(wholeNumber: digits) { return whole }
        guard let real = NumberText.double(digits) else { return usual }
        return TemplateValue(truncating: real) ?? usual
      case .double(let real): return TemplateValue(truncating: real) ?? usual
      case let value:
        return value.largeInteger == nil ? value.integer.map { .int($0) } ?? usual : value
      }
    },
    "float": { value, arguments in
      let usual = arguments.value(0, "default") ?? .double(0)
      if case .string(let text) = value {
        return NumberText.double(text.replacing("_", with: "")).map { .double($0) } ?? usual
      }
      return try value.defined().number.map { .double($0) } ?? usual
    },
    "round": { value, arguments in
      try arguments.check(["precision", "method"], for: "round")
      let precision = try arguments.integer(0, "precision", usual: 0)
      let method = try arguments.text(1, "method", usual: "common")
      guard let real = try value.defined().number else {
        throw ChatTemplateError(.value, "type \(value.typeName) cannot be rounded")
      }
      guard (-300...300).contains(precision) else {
        throw ChatTemplateError(.value, "a precision of \(precision) is out of range")
      }
      let scale = pow(10, Double(precision))
      switch method {
      case "common":
        if value.integer != nil, precision >= 0 { return .int(value.integer ?? 0) }
        if value.largeInteger != nil, precision >= 0 { return value }
        if precision >= 0 {
          return .double(Double(String(format: "%.\(precision)f", real)) ?? real)
        }
        let rounded = (real * scale).rounded(.toNearestOrEven) / scale
        if value.integer != nil, let whole = Int(exactly: rounded) { return .int(whole) }
        return .double(rounded)
      case "ceil": return .double((real * scale).rounded(.up) / scale)
      case "floor": return .double((real * scale).rounded(.down) / scale)
      default:
        throw ChatTemplateError(.value, "the method must be common, ceil or floor")
      }
    },
  ]

  private static func extreme(
    _ value: TemplateValue, _ arguments: TemplateArguments,
    _ isBetter: (TemplateValue, TemplateValue) throws -> Bool
  ) throws -> TemplateValue {
    try arguments.check(["case_sensitive", "attribute"], for: "min or max")
    func key(_ element: TemplateValue) throws -> TemplateValue {
      TemplateOrder.key(
        try attribute(arguments.value(1, "attribute"), of: element),
        caseSensitive: arguments.flag(0, "case_sensitive"))
    }
    let values = try value.elements()
    guard var best = values.first else { return .undefined("no item, sequence was empty") }
    var bestKey = try key(best)
    for value in values.dropFirst() {
      let next = try key(value)
      if try isBetter(next, bestKey) { (best, bestKey) = (value, next) }
    }
    return best
  }

  /// The elements of a list, or one attribute of each.
  static func attributes(
    _ name: TemplateValue?, of value: TemplateValue
  ) throws -> [TemplateValue] {
    let elements = try value.elements()
    guard let name, !name.isNone else { return elements }
    return try elements.map { try attribute(name, of: $0) }
  }

  /// An attribute by its path `a.b.0`, or an element by its number.
  static func attribute(
    _ name: TemplateValue?, of value: TemplateValue
  ) throws -> TemplateValue {
    guard let name, !name.isNone else { return value }
    guard let path = name.string else { return try value.item(name) }
    var result = value
    for part in path.split(separator: ".", omittingEmptySubsequences: false) {
      result = try result.item(Int(part).map { .int($0) } ?? .string(String(part)))
    }
    return result
  }

  /// The keys of a sort by several attributes, with commas between them.
  private static func attributeKeys(
    _ name: TemplateValue?
  ) -> (TemplateValue) throws -> [TemplateValue] {
    guard let names = name?.string else { return { [try attribute(name, of: $0)] } }
    let paths = names.split(separator: ",").map { TemplateValue.string(String($0)) }
    return { value in try paths.map { try attribute($0, of: value) } }
  }
}

extension TemplateValue {
  /// Python's name of what runs through a value backwards.
  fileprivate var iteratorName: String {
    switch self {
    case .list: "list_reverseiterator"
    case .dictionary: "dict_reversekeyiterator"
    default: sequence.map { $0.hasPlaces ? "range_iterator" : "dict_reverseiterator" } ?? "reversed"
    }
  }
}
