import Foundation

/// PyTorch's objects.
extension PickleHeap {
  /// `('storage', torch.FloatStorage, key, location, count)`.
  mutating func persistent(_ id: PickleObject) -> PickleObject {
    guard let parts = tuple(id), parts.count >= 5, case .string("storage") = parts[0],
      case .global(let type) = parts[1], case .string(let key) = parts[2],
      case .int(let count) = parts[4], count >= 0
    else { return foreign(.damaged("a persistent id is not a storage")) }
    do throws(PickleFault) {
      storages.append(
        PickleStorage(key: key, dtype: try TorchNames.storageType(type), count: count))
      return .storage(storages.count - 1)
    } catch { return foreign(error) }
  }

  /// What a function of PyTorch or Python makes of its arguments.
  mutating func call(_ function: PickleObject, _ arguments: PickleObject) -> PickleObject {
    guard case .global(let name) = function, let values = tuple(arguments) else {
      if case .foreign = function { return function }
      return foreign(.damaged("\(kind(function)) is called with \(kind(arguments))"))
    }
    do throws(PickleFault) {
      return try made(name, values)
    } catch { return foreign(error) }
  }

  mutating func made(
    _ name: String, _ arguments: [PickleObject]
  ) throws(PickleFault) -> PickleObject {
    switch name {
    case "collections.OrderedDict", "collections.Counter", "collections.defaultdict",
      "builtins.dict":
      return .dictionary(try dictionary(name, arguments))
    case "builtins.set", "builtins.frozenset", "builtins.list":
      guard arguments.isEmpty || sequence(arguments[0]) != nil else {
        throw .damaged("a set is made of \(kind(arguments[0]))")
      }
      return .list(node(sequence(arguments.first) ?? []))
    case "builtins.bytes", "builtins.bytearray", "_codecs.encode":
      return .bytes(try bytes(arguments))
    case "builtins.complex":
      let parts = arguments.compactMap(real)
      guard parts.count == arguments.count, (1...2).contains(parts.count) else {
        throw .damaged("a complex number is not made of numbers")
      }
      return .complex(parts[0], parts.count == 2 ? parts[1] : 0)
    case "torch.Size":
      guard let sizes = sequence(arguments.first) else {
        throw .damaged("a torch.Size without sizes")
      }
      return .tuple(node(sizes))
    case "torch.device":
      guard case .string(let type)? = arguments.first else {
        throw .damaged("a torch.device without a name")
      }
      if arguments.count > 1, case .int(let index) = arguments[1] {
        return .string("\(type):\(index)")
      }
      return .string(type)
    case "torch.serialization._get_layout":
      guard case .string? = arguments.first else { throw .damaged("a layout without a name") }
      return arguments[0]
    case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
      "torch.nn.parameter.Parameter":
      switch arguments.first {
      case .tensor?, .foreign?: return arguments[0]
      default: throw .damaged("a parameter without a tensor")
      }
    case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2":
      return try tensor(arguments, dtype: nil)
    case "torch._utils._rebuild_tensor_v3":
      guard arguments.count >= 7, case .global(let dtype) = arguments[6] else {
        throw .damaged("a tensor without a dtype")
      }
      return try tensor(arguments, dtype: TorchNames.dtype(dtype))
    case "torch._tensor._rebuild_from_type_v2":
      // A tensor with attributes: the function, the class, its arguments, the attributes.
      guard arguments.count >= 3, case .global(let inner) = arguments[0], inner != name,
        let values = tuple(arguments[2])
      else { throw .damaged("a tensor with attributes is not made of a function") }
      return try made(inner, values)
    case _ where readsNumpy && TorchNames.isNumpy(name): return try numpyObject(name, arguments)
    default: throw .unsupported("the file calls \(name)")
    }
  }

  private mutating func dictionary(
    _ name: String, _ arguments: [PickleObject]
  ) throws(PickleFault) -> Int {
    // A defaultdict's first argument makes its missing values.
    let contents = name == "collections.defaultdict" ? arguments.dropFirst() : arguments[...]
    switch contents.first {
    case nil, .some(.none): return node([])
    case .dictionary(let other)?: return node(nodes[other])
    case let pairs?:
      guard let pairs = sequence(pairs) else { throw .damaged("a dict is made of \(kind(pairs))") }
      var items: [PickleObject] = []
      for pair in pairs {
        guard let item = sequence(pair), item.count == 2 else {
          throw .damaged("a dict is made of something other than pairs")
        }
        items += item
      }
      return node(items)
    }
  }

  /// Bytes, which protocol 2 writes as text whose code points they are.
  private func bytes(_ arguments: [PickleObject]) throws(PickleFault) -> Data {
    switch arguments.first {
    case nil: return Data()
    case .bytes(let data)?: return data
    case .string(let text)?:
      var data = Data()
      for scalar in text.unicodeScalars {
        guard let byte = UInt8(exactly: scalar.value) else {
          throw .damaged("a code point of bytes is above 255")
        }
        data.append(byte)
      }
      guard arguments.count > 1, case .string(let encoding) = arguments[1],
        ["latin1", "latin-1", "iso-8859-1"].contains(encoding.lowercased())
      else { throw .unsupported("bytes are written in an encoding other than latin1") }
      return data
    case let other?: throw .damaged("bytes are made of \(kind(other))")
    }
  }

  private func real(_ object: PickleObject) -> Double? {
    switch object {
    case .double(let value): value
    case .int(let value): Double(value)
    default: nil
    }
  }

  /// A view of a storage: `(storage, offset, size, stride, …)`.
  private mutating func tensor(
    _ arguments: [PickleObject], dtype: StoredDType?
  ) throws(PickleFault) -> PickleObject {
    guard arguments.count >= 4, case .int(let offset) = arguments[1], offset >= 0 else {
      throw .damaged("a tensor without storage, offset, size and stride")
    }
    if case .foreign = arguments[0] { return arguments[0] }
    guard case .storage(let storage) = arguments[0] else {
      throw .damaged("a tensor is a view of \(kind(arguments[0]))")
    }
    let shape = try sizes(arguments[2], "a tensor's size")
    let strides = try sizes(arguments[3], "a tensor's stride")
    guard let dtype = dtype ?? storages[storage].dtype else {
      throw .damaged("a tensor of an untyped storage has no dtype")
    }
    guard shape.count == strides.count, dtype.byteCount(of: shape) != nil else {
      throw .damaged("the size \(shape) with stride \(strides) is impossible")
    }
    tensors.append(
      PickleTensor(storage: storage, dtype: dtype, offset: offset, shape: shape, strides: strides))
    return .tensor(tensors.count - 1)
  }

  /// Whole numbers that are not negative.
  func sizes(_ object: PickleObject, _ what: String) throws(PickleFault) -> [Int] {
    guard let elements = sequence(object) else { throw .damaged("\(what) is \(kind(object))") }
    guard elements.count <= 64 else {
      throw .unsupported("a tensor of \(elements.count) dimensions")
    }
    var result: [Int] = []
    for element in elements {
      guard case .int(let value) = element, value >= 0 else {
        throw .damaged("\(what) holds \(kind(element)) where a size belongs")
      }
      result.append(value)
    }
    return result
  }
}
