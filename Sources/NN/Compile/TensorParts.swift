import Tensors

/// The tensors in a value, alone or in tuples, structs, optionals, arrays and dictionaries, and what else
/// there is, as text.
///
/// What is in an object is not looked at: the object itself stands for it.
final class TensorParts {
  /// The tensors in the order in which they stand.
  private(set) var tensors: [Tensor] = []
  /// Everything else.
  private(set) var rest = ""
  /// Whether a tensor stands where no other can be put: in an enumeration's case.
  private(set) var hasFixed = false
  private var replacements: ArraySlice<Tensor>?

  init() {}

  /// A value with other tensors in the places of its own.
  static func replacing<Value>(in value: Value, by tensors: [Tensor]) -> Value {
    let parts = TensorParts()
    parts.replacements = tensors[...]
    return parts.visit(value)
  }

  /// Looks through a value and returns it, with other tensors where there are some to put in.
  @discardableResult
  func visit<Value>(_ value: Value) -> Value {
    switch Value.self {
    case is Tensor.Type: return cast(tensor(cast(value)))
    case is [Tensor].Type:
      let list: [Tensor] = cast(value)
      rest += "[\(list.count)]"
      return cast(list.map { tensor($0) })
    case let type as any PartByPart.Type: return visit(value, as: type)
    default: break
    }
    if type(of: value as Any) is AnyClass {
      rest += "\(ObjectIdentifier(value as AnyObject)),"
      return value
    }
    guard isOpenToParts(value) else {
      rest += "\(value),"
      return value
    }
    let fields = StoredField.all(of: Value.self)
    if fields.isEmpty {
      look(into: value)
      return value
    }
    var result = value
    withUnsafeMutableBytes(of: &result) { bytes in
      guard let base = bytes.baseAddress else { return }
      for field in fields where field.isStrong {
        func replace<Part>(_ type: Part.Type) {
          let place = (base + field.offset).assumingMemoryBound(to: Part.self)
          let part = visit(place.pointee)
          if replacements != nil { place.pointee = part }
        }
        replace(field.type)
      }
    }
    return result
  }

  private func visit<Value, Container: PartByPart>(
    _ value: Value, as type: Container.Type
  ) -> Value {
    cast(Container.visited(cast(value), by: self))
  }

  private func tensor(_ tensor: Tensor) -> Tensor {
    tensors.append(tensor)
    return replacements?.popFirst() ?? tensor
  }

  fileprivate func note(_ text: String) { rest += text }

  /// Looks into an enumeration's case, whose parts cannot be exchanged.
  private func look(into value: Any) {
    let before = tensors.count
    rest += "\(Mirror(reflecting: value).children.isEmpty ? "\(value)" : "")("
    for child in Mirror(reflecting: value).children {
      rest += "\(child.label ?? ""):"
      if let tensor = child.value as? Tensor {
        tensors.append(tensor)
      } else {
        look(into: child.value)
      }
    }
    rest += ")"
    if tensors.count > before { hasFixed = true }
  }

  /// A value whose type is known to be another, by another name.
  private func cast<From, To>(_ value: From) -> To {
    guard let result = value as? To else {
      fail("compile", "a \(From.self) is no \(To.self)")
    }
    return result
  }

  /// Whether a value's fields are looked at: not those of numbers, strings and the like.
  private func isOpenToParts(_ value: Any) -> Bool {
    let name = String(reflecting: type(of: value))
    return !["Swift", "Foundation", "FoundationEssentials", "Dispatch", "Synchronization"].contains(
      String(name.prefix { $0 != "." }))
  }
}

/// A container that is looked through part by part.
private protocol PartByPart {
  static func visited(_ value: Self, by parts: TensorParts) -> Self
}

extension Optional: PartByPart {
  static fileprivate func visited(_ value: Self, by parts: TensorParts) -> Self {
    parts.note(value == nil ? "nil," : "some,")
    return value.map { parts.visit($0) }
  }
}

extension Array: PartByPart {
  static fileprivate func visited(_ value: Self, by parts: TensorParts) -> Self {
    if Element.self is any BinaryInteger.Type || Element.self == String.self {
      parts.note("\(value)")
      return value
    }
    parts.note("[\(value.count)]")
    return value.map { parts.visit($0) }
  }
}

extension Dictionary: PartByPart {
  static fileprivate func visited(_ value: Self, by parts: TensorParts) -> Self {
    var result = value
    // Their order in memory differs from one dictionary to another.
    for key in value.keys.sorted(by: { "\($0)" < "\($1)" }) {
      parts.note("\(key):")
      if let part = value[key] { result[key] = parts.visit(part) }
    }
    return result
  }
}
