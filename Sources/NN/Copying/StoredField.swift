/// A stored property of a type, as reflection knows it.
struct StoredField {
  let name: String
  let type: Any.Type
  /// Bytes from the beginning of the value; of an object, its header included.
  let offset: Int
  /// Whether it is neither weak nor unowned.
  let isStrong: Bool

  /// The stored properties of a class with those of the classes above it, of a struct, or of a tuple.
  static func all(of type: Any.Type) -> [StoredField] {
    (0..<fieldCount(type)).map { index in
      var metadata = FieldMetadata()
      let fieldType = fieldMetadata(type, index, &metadata)
      defer { metadata.free?(metadata.name) }
      return StoredField(
        name: metadata.name.map { String(cString: $0) } ?? "\(index)", type: fieldType,
        offset: fieldOffset(type, index), isStrong: metadata.isStrong)
    }
  }

  /// Bytes of a value of a type.
  static func size(of type: Any.Type) -> Int {
    func size<Value>(_ type: Value.Type) -> Int { MemoryLayout<Value>.size }
    return size(type)
  }
}

/// What the standard library's reflection fills in of a field.
private struct FieldMetadata {
  var name: UnsafePointer<CChar>?
  var free: (@convention(c) (UnsafePointer<CChar>?) -> Void)?
  var isStrong = false
  var isVariable = false
}

// What `Mirror` is made of: Swift has no public way to a field's place.
@_silgen_name("swift_reflectionMirror_recursiveCount")
private func fieldCount(_ type: Any.Type) -> Int

@_silgen_name("swift_reflectionMirror_recursiveChildMetadata")
private func fieldMetadata(
  _ type: Any.Type, _ index: Int, _ metadata: UnsafeMutablePointer<FieldMetadata>
) -> Any.Type

@_silgen_name("swift_reflectionMirror_recursiveChildOffset")
private func fieldOffset(_ type: Any.Type, _ index: Int) -> Int
