extension TemplateValue {
  /// `value.name`: a method's name first, then a key.
  func attribute(_ name: String) throws -> TemplateValue {
    switch self {
    case .undefined(let hint): throw ChatTemplateError(.undefined, hint)
    case .dictionary(let dictionary):
      if !TemplateMethods.has(name, self), let value = dictionary[name] { return value }
    case .object(let object):
      if let value = object.attribute(name) { return value }
    default: break
    }
    if case .function(let function) = self, function.name == "dict", name == "fromkeys" {
      return .function(TemplateFunction(name) { try TemplateMethods.fromKeys($0) })
    }
    if TemplateMethods.has(name, self) {
      let base = self
      return .function(
        TemplateFunction(name) { try TemplateMethods.call(name, on: base, $0) })
    }
    return .undefined("'\(objectName)' has no attribute \(PythonText.quoted(name))")
  }

  private var objectName: String { isNone ? "None" : typeName + " object" }

  /// `value[key]`: a key or place first, then a method's name.
  func item(_ key: TemplateValue) throws -> TemplateValue {
    let key = key.plain
    switch self {
    case .undefined(let hint): throw ChatTemplateError(.undefined, hint)
    case .dictionary(let dictionary):
      if let key = TemplateKey(key), let value = dictionary[key] { return value }
    case .list(let values), .tuple(let values):
      if let index = key.integer, let place = Self.place(index, values.count) {
        return values[place]
      }
    case .string(let text), .markup(let text):
      if let index = key.integer {
        let scalars = text.unicodeScalars
        let place = scalars.index(
          index < 0 ? scalars.endIndex : scalars.startIndex, offsetBy: index,
          limitedBy: index < 0 ? scalars.startIndex : scalars.endIndex)
        if let place, place < scalars.endIndex { return like(String(scalars[place])) }
      }
    case .object(let object):
      if case .string(let name) = key, let value = object.attribute(name) { return value }
      if let sequence, sequence.hasPlaces, let values = sequence.lasting, let index = key.integer,
        let place = Self.place(index, values.count)
      {
        return values[place]
      }
    default: break
    }
    if case .string(let name) = key {
      if TemplateMethods.has(name, self) { return try attribute(name) }
      return .undefined("'\(objectName)' has no attribute \(PythonText.quoted(name))")
    }
    return .undefined("\(objectName) has no element \(key.representation)")
  }

  /// A part of this text, which counts as escaped where this does.
  private func like(_ text: String) -> TemplateValue { isMarkup ? .markup(text) : .string(text) }

  private static func place(_ index: Int, _ count: Int) -> Int? {
    let place = index < 0 ? index + count : index
    return (0..<count).contains(place) ? place : nil
  }

  /// `value[start:stop:step]`.
  func slice(
    _ start: TemplateValue, _ stop: TemplateValue, _ step: TemplateValue
  ) throws -> TemplateValue {
    func bound(_ value: TemplateValue) throws -> Int? {
      if value.isNone { return nil }
      guard let integer = try value.defined().integer else {
        throw ChatTemplateError(.value, "slice indices must be integers or None")
      }
      return integer
    }
    let (start, stop, step) = (try bound(start), try bound(stop), try bound(step) ?? 1)
    guard step != 0 else { throw ChatTemplateError(.value, "slice step cannot be zero") }
    switch self {
    case .list(let values):
      return .list(Self.places(start, stop, step, values.count).map { values[$0] })
    case .tuple(let values):
      return .tuple(Self.places(start, stop, step, values.count).map { values[$0] })
    case .string(let text), .markup(let text):
      let scalars = Array(text.unicodeScalars)
      var result = String.UnicodeScalarView()
      for place in Self.places(start, stop, step, scalars.count) { result.append(scalars[place]) }
      return like(String(result))
    case .undefined(let hint): throw ChatTemplateError(.undefined, hint)
    default:
      guard let sequence, sequence.hasPlaces, let values = sequence.lasting else {
        throw ChatTemplateError(
          .value,
          dictionary == nil
            ? "'\(typeName)' object is not subscriptable" : "unhashable type: 'slice'")
      }
      let places = Self.places(start, stop, step, values.count)
      if case .bytes = sequence.kind {
        return .object(TemplateSequence(.bytes, places.map { values[$0] }))
      }
      guard case .range(let first, _, let width) = sequence.kind else {
        return .tuple(places.map { values[$0] })
      }
      let bounds = Self.bounds(start, stop, step, values.count)
      return .object(
        TemplateSequence(
          .range(
            start: first + bounds.first * width, stop: first + bounds.last * width,
            step: width * step), places.map { values[$0] }))
    }
  }

  private static func places(
    _ start: Int?, _ stop: Int?, _ step: Int, _ count: Int
  ) -> [Int] {
    let (first, last) = bounds(start, stop, step, count)
    // One step leaves the range however large it is.
    let stride = min(max(step, -count - 1), count + 1)
    return Array(Swift.stride(from: first, to: last, by: stride))
  }

  private static func bounds(
    _ start: Int?, _ stop: Int?, _ step: Int, _ count: Int
  ) -> (first: Int, last: Int) {
    let (low, high) = step > 0 ? (0, count) : (-1, count - 1)
    func clamped(_ value: Int?, _ usual: Int) -> Int {
      guard let value else { return usual }
      return min(max(value < 0 ? value + count : value, low), high)
    }
    let first = clamped(start, step > 0 ? low : high)
    return (first, clamped(stop, step > 0 ? high : low))
  }
}
