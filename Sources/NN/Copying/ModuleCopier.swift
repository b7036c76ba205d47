import CObjects
import Tensors

extension Module {
  /// A module of the same classes with parameters and buffers of its own (`copy.deepcopy`).
  ///
  /// What is shared inside stays shared, tied weights for example; gradients, modes, hooks and
  /// parametrizations are copied. What is no module and holds none is shared with the original: tensors
  /// (which are values), closures with all that they captured, generators, other objects. A weak reference
  /// is nil in the copy.
  ///
  /// An unowned reference, or a module in an enumeration's case, cannot be copied and stops the process
  /// by name, and so does a data-parallel model: copy what it holds.
  public func copy() -> Self { ModuleCopier().copied(self) }
}

/// A module of which no copy can be made.
package protocol UncopyableModule: Module {
  /// Why, and what to do.
  var copyRefusal: String { get }
}

/// A container that is copied element by element.
private protocol CopiedByElement {
  static func copy(_ value: Self, by copier: ModuleCopier) -> Self
}

extension Optional: CopiedByElement {
  static fileprivate func copy(_ value: Self, by copier: ModuleCopier) -> Self {
    value.map { copier.copied($0) }
  }
}

extension Array: CopiedByElement {
  static fileprivate func copy(_ value: Self, by copier: ModuleCopier) -> Self {
    isPlain(Element.self) ? value : value.map { copier.copied($0) }
  }
}

extension Dictionary: CopiedByElement {
  static fileprivate func copy(_ value: Self, by copier: ModuleCopier) -> Self {
    isPlain(Value.self) ? value : value.mapValues { copier.copied($0) }
  }
}

/// Makes copies, each object's once.
///
/// A module's class need have no initializer that could be called, so an object is made and its fields
/// are filled one by one, each by the rules of its type.
final class ModuleCopier {
  private var copies: [ObjectIdentifier: AnyObject] = [:]

  /// A value of the same type that shares no parameter, buffer or module.
  func copied<Value>(_ value: Value) -> Value {
    if let container = Value.self as? any CopiedByElement.Type {
      return copied(value, as: container)
    }
    if Swift.type(of: value as Any) is AnyClass { return cast(object(value as AnyObject)) }
    guard isOpenToCopies(value) else { return value }
    let fields = StoredField.all(of: Value.self)
    if fields.isEmpty {
      require(
        Mirror(reflecting: value).displayStyle != .enum || !holdsMembers(in: value), "Module.copy",
        "a \(Value.self) holds modules in an enumeration's case, which cannot be copied")
      return value
    }
    var result = value
    withUnsafeMutableBytes(of: &result) { bytes in
      guard let base = bytes.baseAddress else { return }
      for field in fields where field.isStrong {
        func replace<Part>(_ type: Part.Type) {
          let place = (base + field.offset).assumingMemoryBound(to: Part.self)
          place.pointee = copied(place.pointee)
        }
        replace(field.type)
      }
    }
    return result
  }

  private func copied<Value, Container: CopiedByElement>(
    _ value: Value, as type: Container.Type
  ) -> Value {
    // The types are the same.
    unsafeBitCast(Container.copy(unsafeBitCast(value, to: type), by: self), to: Value.self)
  }

  private func cast<Value>(_ object: AnyObject) -> Value {
    guard let value = object as? Value else {
      fail("Module.copy", "a copied \(Swift.type(of: object)) is no \(Value.self)")
    }
    return value
  }

  private func object(_ original: AnyObject) -> AnyObject {
    if let known = copies[ObjectIdentifier(original)] { return known }
    switch original {
    case let parameter as Parameter:
      let copy = Parameter(
        noGrad { parameter.leaf.detach().clone() }, requiresGrad: parameter.leaf.requiresGrad)
      copies[ObjectIdentifier(original)] = copy
      copy.grad = parameter.grad.map { grad in noGrad { grad.detach().clone() } }
      copy.requiresGrad = parameter.derivation == nil ? parameter.requiresGrad : copy.requiresGrad
      copy.derivation = parameter.derivation?.copied(by: self)
      return copy
    case let buffer as Buffer:
      let copy = Buffer(
        noGrad { buffer.value.detach().clone() }, persistent: buffer.isPersistent)
      copies[ObjectIdentifier(original)] = copy
      return copy
    case let hooks as ModuleHooks: return hooks.copied()
    case let module as Module:
      if let uncopyable = module as? any UncopyableModule {
        fail("Module.copy", "\(Swift.type(of: module)): \(uncopyable.copyRefusal)")
      }
      return fields(of: original)
    default:
      return isOpenToCopies(original) && holdsMembers(in: original)
        ? fields(of: original) : original
    }
  }

  /// An object of the same class whose fields are copies.
  private func fields(of original: AnyObject) -> AnyObject {
    let type: AnyClass = Swift.type(of: original)
    let fields = StoredField.all(of: type)
    let size = fields.map { $0.offset + StoredField.size(of: $0.type) }.max() ?? 0
    let memory = torus_new_object(unsafeBitCast(type, to: UnsafeRawPointer.self), size)
    let copy = Unmanaged<AnyObject>.fromOpaque(memory).takeRetainedValue()
    copies[ObjectIdentifier(original)] = copy
    let source = UnsafeRawPointer(Unmanaged.passUnretained(original).toOpaque())
    for field in fields {
      require(
        field.type != Void.self, "Module.copy",
        "\(type).\(field.name) is of a type that cannot be copied")
      guard field.isStrong else {
        // Zeros are a weak reference to nothing.
        require(
          field.type is any OptionalType.Type, "Module.copy",
          "\(type).\(field.name) is unowned, and would lead nowhere in the copy")
        continue
      }
      func fill<Part>(_ type: Part.Type) {
        let value = (source + field.offset).assumingMemoryBound(to: Part.self).pointee
        (memory + field.offset).initializeMemory(as: Part.self, to: copied(value))
      }
      fill(field.type)
    }
    return copy
  }
}

/// Whether values of a type are copied as they are, which spares a look at each of many.
private func isPlain(_ type: Any.Type) -> Bool {
  type is any BinaryInteger.Type || type is any BinaryFloatingPoint.Type || type == String.self
    || type == Bool.self || type == Tensor.self
}

private protocol OptionalType {}
extension Optional: OptionalType {}
