/// What differs between two captures of one function.
extension StepProgram {
  /// A difference, in words, with the number of the event that has it.
  struct Difference {
    let what: String
    let event: Int?
  }

  /// What this capture has that an earlier one of the same function did not: then replaying it would
  /// compute something else than the function. Nil where the two are one.
  func difference(from earlier: StepProgram) -> Difference? {
    for (index, pair) in zip(events, earlier.events).enumerated() {
      if let what = Self.difference(pair.0, pair.1) {
        return Difference(what: what, event: index)
      }
    }
    if events.count != earlier.events.count {
      let index = min(events.count, earlier.events.count)
      return Difference(
        what: "it takes \(events.count) steps now and took \(earlier.events.count) before",
        event: index)
    }
    guard shapes == earlier.shapes, dtypes == earlier.dtypes, outputs == earlier.outputs,
      inputs.map(\.value) == earlier.inputs.map(\.value),
      places.map(\.value) == earlier.places.map(\.value),
      zip(places, earlier.places).allSatisfy({ $0.place === $1.place }),
      constants.map(\.value) == earlier.constants.map(\.value)
    else { return Difference(what: "its tensors come from elsewhere than before", event: nil) }
    for (own, other) in zip(constants, earlier.constants)
    where !Self.isSame(own.tensor, other.tensor) {
      return Difference(
        what: "it uses a tensor of \(own.tensor.dtype)\(own.tensor.shape) that is no input and has "
          + "other values in each call; pass it as an input",
        event: firstReader(of: own.value))
    }
    return nil
  }

  /// The event that first reads a value.
  private func firstReader(of value: Int) -> Int? {
    events.firstIndex { event in
      switch event {
      case .step(let step): step.operands.contains(value)
      case .walk(let root, let gradient, _): root == value || gradient == value
      case .store(let stored, _): stored == value
      case .effect, .chain: false
      }
    }
  }

  private static func difference(_ new: Event, _ old: Event) -> String? {
    switch (new, old) {
    case (.step(let new), .step(let old)): return difference(new, old)
    case (.walk(let root, let gradient, let retains), .walk(let root2, let gradient2, let retains2)):
      let isSame = root == root2 && gradient == gradient2 && retains == retains2
      return isSame ? nil : "its backward pass begins elsewhere than before"
    case (.store(let value, let place), .store(let value2, let place2)):
      return value == value2 && place === place2 ? nil : "it changes another buffer than before"
    case (.effect, .effect): return nil
    default: return "it does something else than before"
    }
  }

  private static func difference(_ new: Step, _ old: Step) -> String? {
    if new.name != old.name { return "it computes \(new.name) where it computed \(old.name)" }
    let (own, other) = (new.told, old.told)
    for name in Set(own.keys).union(other.keys).sorted() where own[name] != other[name] {
      return
        "\(new.name) is told \(name) = \(own[name] ?? "nothing") now and was told "
        + "\(other[name] ?? "nothing") before; a number that changes must come in a tensor that is "
        + "an input"
    }
    guard new.operands == old.operands, new.results == old.results,
      new.isRecorded == old.isRecorded, new.isGradEnabled == old.isGradEnabled
    else { return "\(new.name) takes other operands than before" }
    return nil
  }

  /// Whether a constant is the same in two captures: the very tensor, or one with the same bits that
  /// each call makes.
  private static func isSame(_ a: Tensor, _ b: Tensor) -> Bool {
    if a.body === b.body { return true }
    guard !a.requiresGrad, !b.requiresGrad, a.shape == b.shape, a.dtype == b.dtype,
      a.strides == b.strides
    else { return false }
    return noGrad {
      a.contiguous().withBytes { a in b.contiguous().withBytes { b in a.elementsEqual(b) } }
    }
  }
}

extension StepProgram.Step {
  /// All that the operation was told, as text, so that nan equals itself.
  fileprivate var told: [String: String] {
    let all = isRenewed ? operation.attributes : Attribute.properties(of: operation)
    return all.mapValues { "\($0)" }
  }
}
