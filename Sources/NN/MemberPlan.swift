import Synchronization
import Tensors

/// Where the members of a class of modules lie, found out once for all its objects.
///
/// Reflection takes microseconds for each property, and a large model is searched several times before it
/// begins. What a property's type tells is noted here; what it leaves open, such as an enumeration or a list
/// of anything, is looked at in each object.
struct MemberPlan {
  /// What the type of a property says of it.
  enum Content {
    case parameter, buffer, module
    /// A layer of any kind, or none.
    case layer, optionalLayer
    case optional(any ReferenceOptional.Type)
    case modules(any ModuleArray.Type)
    /// Only the value tells.
    case open(Any.Type)
  }

  struct Property {
    /// As it is called in the source.
    let label: String
    /// As it is called in a state dict.
    let name: String
    let isLazy: Bool
    let offset: Int
    let content: Content
  }

  /// The properties that may hold members, in the order of definition.
  let properties: [Property]

  private static let known = Mutex<[ObjectIdentifier: Known]>([:])

  /// A plan, or that there is none.
  private struct Known: @unchecked Sendable { let plan: MemberPlan? }

  /// The plan of a module's class; nil where reflection has to look at each object: for weak references, and where
  /// the class describes itself.
  static func of(_ module: Module) -> MemberPlan? {
    let type = type(of: module)
    let key = ObjectIdentifier(type)
    if let known = known.withLock({ $0[key] }) { return known.plan }
    let plan = MemberPlan(module, type)
    known.withLock { $0[key] = Known(plan: plan) }
    return plan
  }

  private init?(_ module: Module, _ type: Module.Type) {
    if module is any CustomReflectable { return nil }
    let fields = StoredField.all(of: type).dropFirst(StoredField.all(of: Module.self).count)
    guard fields.allSatisfy(\.isStrong) else { return nil }
    let names = type.stateNames
    let base = Unmanaged.passUnretained(module).toOpaque()
    properties = withExtendedLifetime(module) {
      fields.compactMap { field in
        guard let content = Self.content(field.type, at: base + field.offset) else { return nil }
        let (label, isLazy) = propertyName(field.name)
        return Property(
          label: label, name: names[label] ?? snakeCased(label), isLazy: isLazy,
          offset: field.offset, content: content)
      }
    }
  }

  /// What a property's type says of it, of which one value is at hand; nil where it can never hold members.
  private static func content(_ type: Any.Type, at place: UnsafeRawPointer) -> Content? {
    if type is Parameter.Type { return .parameter }
    if type is Buffer.Type { return .buffer }
    if type is Module.Type { return .module }
    if type == (any Layer).self { return .layer }
    if type == Optional<any Layer>.self { return .optionalLayer }
    if let type = type as? any ReferenceOptional.Type { return .optional(type) }
    if let type = type as? any ModuleArray.Type { return .modules(type) }
    return isPlain(type, at: place) ? nil : .open(type)
  }

  /// Whether a type rules members out, of which one value is at hand.
  private static func isPlain(_ type: Any.Type, at place: UnsafeRawPointer?) -> Bool {
    if isNumber(type) || type is any Memberless.Type { return true }
    if let container = type as? any MemberContainer.Type {
      return container.contents.allSatisfy { isPlain($0, at: nil) }
    }
    guard let place else { return false }
    let value = anyValue(type, at: place)
    // Any value may stand where a protocol is asked for.
    guard Swift.type(of: value) == type, !(value is any CustomReflectable),
      !(value is any NamedMemberHolder)
    else { return false }
    switch Mirror(reflecting: value).displayStyle {
    case .struct:
      return !isOpen(value)
        || StoredField.all(of: type).allSatisfy {
          $0.isStrong && isPlain($0.type, at: place + $0.offset)
        }
    // A function.
    case nil: return true
    default: return false
    }
  }

  private static func isNumber(_ type: Any.Type) -> Bool {
    type is any BinaryInteger.Type || type is any BinaryFloatingPoint.Type || type == Bool.self
      || type == String.self || type == Tensor.self || type == DType.self
  }
}

/// Whatever a module keeps that holds no members of it, as its type promises: settings, reports.
package protocol Memberless {}

/// The value of a type that lies at a place.
func anyValue(_ type: Any.Type, at place: UnsafeRawPointer) -> Any {
  func load<Value>(_ type: Value.Type) -> Any { place.assumingMemoryBound(to: type).pointee }
  return load(type)
}

/// What is a member by itself.
protocol MemberObject: AnyObject {}
extension Parameter: MemberObject {}
extension Buffer: MemberObject {}
extension Module: MemberObject {}

/// An optional parameter, buffer or module.
protocol ReferenceOptional {
  static func object(at place: UnsafeRawPointer) -> AnyObject?
}

extension Optional: ReferenceOptional where Wrapped: MemberObject {
  static func object(at place: UnsafeRawPointer) -> AnyObject? {
    place.assumingMemoryBound(to: Self.self).pointee
  }
}

/// An array of modules of one class.
protocol ModuleArray {
  static func modules(at place: UnsafeRawPointer) -> [Module]
}

extension Array: ModuleArray where Element: Module {
  static func modules(at place: UnsafeRawPointer) -> [Module] {
    place.assumingMemoryBound(to: Self.self).pointee
  }
}
