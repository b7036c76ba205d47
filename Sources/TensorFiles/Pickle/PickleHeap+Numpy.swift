import Foundation

/// NumPy's objects.
extension PickleHeap {
  /// What one of NumPy's functions makes of its arguments.
  mutating func numpyObject(
    _ name: String, _ arguments: [PickleObject]
  ) throws(PickleFault) -> PickleObject {
    switch name {
    case "numpy.dtype":
      guard case .string(let code)? = arguments.first else {
        throw .damaged("a dtype without a name")
      }
      numpyTypes.append(code)
      return .numpyType(numpyTypes.count - 1)
    case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct":
      return array(StoredTensor(name: "", dtype: .uint8, shape: [0], bytes: Data()))
    case "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer":
      guard arguments.count >= 4 else { throw .damaged("an array lacks its elements") }
      var isColumnMajor = false
      if case .string("F") = arguments[3] { isColumnMajor = true }
      return array(try filled(arguments[2], arguments[1], isColumnMajor, arguments[0]))
    default: throw .unsupported("the file calls \(name)")
    }
  }

  /// A dtype with its byte order, or an array with its elements: what `__setstate__` makes of an
  /// object.
  mutating func built(_ object: PickleObject, _ state: PickleObject) -> PickleObject {
    do throws(PickleFault) {
      guard let parts = tuple(state) else {
        throw .damaged("\(kind(object)) has \(kind(state)) for a state")
      }
      switch object {
      case .numpyType(let number):
        guard parts.count > 1, case .string(let order) = parts[1],
          ["<", ">", "|", "="].contains(order)
        else { throw .damaged("a dtype without a byte order") }
        numpyTypes[number] = order + numpyTypes[number].drop { "<>|=".contains($0) }
      case .numpyArray(let number):
        // The version, the shape, the dtype, whether columns come first, and the elements.
        guard parts.count == 5, case .bool(let isColumnMajor) = parts[3] else {
          throw .damaged("an array lacks its elements")
        }
        numpyArrays[number] = try filled(parts[1], parts[2], isColumnMajor, parts[4])
      default: break
      }
      return object
    } catch { return foreign(error) }
  }

  private mutating func array(_ elements: StoredTensor) -> PickleObject {
    numpyArrays.append(elements)
    return .numpyArray(numpyArrays.count - 1)
  }

  private func filled(
    _ shape: PickleObject, _ type: PickleObject, _ isColumnMajor: Bool, _ elements: PickleObject
  ) throws(PickleFault) -> StoredTensor {
    let shape = try sizes(shape, "an array's shape")
    guard case .numpyType(let number) = type else {
      throw .damaged("an array's dtype is \(kind(type))")
    }
    let code = numpyTypes[number]
    let name = String(code.drop { "<>|=".contains($0) })
    guard !code.hasPrefix(">"), let dtype = Self.numpyNames[name] else {
      throw .unsupported("it is an array of \(code)")
    }
    let bytes: Data
    switch elements {
    case .bytes(let data): bytes = data
    // A string of Python 2 whose bytes happen to be text.
    case .string(let text): bytes = Data(text.utf8)
    default: throw .damaged("an array's elements are \(kind(elements))")
    }
    guard dtype.byteCount(of: shape) == bytes.count else {
      throw .damaged("\(bytes.count) bytes do not fill an array of \(shape) of \(code)")
    }
    guard isColumnMajor, shape.count > 1 else {
      return StoredTensor(name: "", dtype: dtype, shape: shape, bytes: bytes)
    }
    var strides: [Int] = []
    var step = 1
    for size in shape {
      strides.append(step)
      step *= size
    }
    return StoredTensor(
      name: "", dtype: dtype, shape: shape,
      bytes: gathered(bytes, shape: shape, strides: strides, offset: 0, size: dtype.bits / 8))
  }

  private static let numpyNames: [String: StoredDType] = [
    "b1": .bool, "u1": .uint8, "i1": .int8, "u2": .uint16, "i2": .int16, "u4": .uint32,
    "i4": .int32, "u8": .uint64, "i8": .int64, "f2": .float16, "f4": .float32, "f8": .float64,
  ]
}
