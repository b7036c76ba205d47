import Tensors

/// Taking over saved state.
extension Module {
  /// Takes over values by name (`load_state_dict`), converted to the module's dtypes.
  ///
  /// Nothing changes unless everything fits. A parameter that has several names, as tied weights do,
  /// is filled from whichever of them the state has; where it has more than one, their values must be
  /// the same.
  /// - Parameters:
  ///   - state: Values by name.
  ///   - strict: Whether missing and unexpected names are errors; shapes and contradictions always
  ///     are.
  /// - Returns: The names that were missing and those that were not used.
  /// - Throws: ``StateDictError`` with every name that does not fit.
  @discardableResult
  public func load(
    _ state: StateDict, strict: Bool = true
  ) throws(StateDictError) -> (missing: [String], unexpected: [String]) {
    let owners = stateOwners()
    let known = Set(owners.flatMap(\.names).map { Array($0.utf8) })
    var error = StateDictError(
      missing: [], unexpected: state.names.filter { !known.contains(Array($0.utf8)) },
      mismatched: [])
    var values: [(member: Member, tensor: Tensor)] = []
    for owner in owners {
      let found = owner.names.compactMap { name in state[name].map { (name: name, tensor: $0) } }
      if found.isEmpty { error.missing += owner.names.filter { !mayBeMissing($0) } }
      let shape = owner.member.shape
      for (name, tensor) in found where tensor.shape != shape {
        error.mismatched.append((name, shape, tensor.shape))
      }
      guard let first = found.first, found.allSatisfy({ $0.tensor.shape == shape }) else {
        continue
      }
      for other in found.dropFirst()
      where !first.tensor.isSame(as: other.tensor, in: owner.member.dtype) {
        error.contradictions.append((first.name, other.name))
      }
      values.append((owner.member, first.tensor))
    }
    let differs = !error.missing.isEmpty || !error.unexpected.isEmpty
    if !error.mismatched.isEmpty || !error.contradictions.isEmpty || strict && differs {
      throw error
    }
    for (member, tensor) in values {
      switch member {
      case .parameter(let parameter): parameter.assign(tensor)
      case .buffer(let buffer): buffer.value = tensor.detach().to(buffer.value.dtype).clone()
      case .module: break
      }
    }
    return (error.missing, error.unexpected)
  }

  /// Every parameter and persistent buffer once, with all its names in order.
  private func stateOwners() -> [(member: Member, names: [String])] {
    var owners: [(member: Member, names: [String])] = []
    var places: [ObjectIdentifier: Int] = [:]
    forEachMember { name, member in
      let identity: ObjectIdentifier
      switch member {
      case .parameter(let parameter): identity = ObjectIdentifier(parameter)
      case .buffer(let buffer) where buffer.isPersistent: identity = ObjectIdentifier(buffer)
      default: return
      }
      if let place = places[identity] {
        owners[place].names.append(name)
      } else {
        places[identity] = owners.count
        owners.append((member, [name]))
      }
    }
    return owners
  }
}

extension Member {
  package var shape: [Int] {
    switch self {
    case .parameter(let parameter): parameter.shape
    case .buffer(let buffer): buffer.value.shape
    case .module: []
    }
  }

  fileprivate var dtype: DType {
    switch self {
    case .parameter(let parameter): parameter.dtype
    case .buffer(let buffer): buffer.value.dtype
    case .module: .float32
    }
  }
}

extension Tensor {
  /// Whether two tensors of one shape are the same, bit for bit, once they are of a dtype.
  fileprivate func isSame(as other: Tensor, in dtype: DType) -> Bool {
    noGrad {
      let (a, b) = (detach().to(dtype).contiguous(), other.detach().to(dtype).contiguous())
      return a.begins(where: b)
        || a.withBytes { left in b.withBytes { right in left.elementsEqual(right) } }
    }
  }
}
