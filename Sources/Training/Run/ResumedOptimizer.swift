import Optimizers

extension Optimizer {
  /// Takes over what saved state remembers of each parameter, and keeps the options that this
  /// optimizer was made with: a resumed run goes on with what is configured now.
  ///
  /// Parameters are matched by name over all groups, so that they may be grouped otherwise, as where
  /// others decay.
  /// - Throws: ``OptimizerStateError`` where the state is of other parameters.
  package func resume(_ state: OptimizerState) throws {
    let names = groups.flatMap(\.names)
    guard let saved = state.values.object, let savedGroups = saved["param_groups"]?.list else {
      return try load(state)
    }
    // Each saved number's name.
    var savedNames: [Int: String] = [:]
    for group in savedGroups {
      let numbers = group.object?["params"]?.list?.compactMap(\.int) ?? []
      let words = group.object?["param_names"]?.list?.compactMap(\.string) ?? []
      for (number, name) in zip(numbers, words) { savedNames[number] = name }
    }
    let own = Dictionary(
      names.enumerated().compactMap { index, name in name.map { ($0, index) } }
    ) { first, _ in first }
    guard own.count == names.count, Set(own.keys) == Set(savedNames.values),
      savedNames.count == own.count
    else { return try load(state) }

    let places = savedNames.compactMapValues { own[$0] }
    var tensors = state.tensors
    tensors = .init(
      tensors.map { path, tensor in
        let parts = path.split(separator: ".", maxSplits: 2)
        guard parts.count == 3, let number = Int(parts[1]), let place = places[number] else {
          return (path, tensor)
        }
        return ("\(parts[0]).\(place).\(parts[2])", tensor)
      })
    var states: OptionValues = [:]
    for (key, value) in saved["state"]?.object ?? [:] {
      states[Int(key).flatMap { places[$0] }.map(String.init) ?? key] = value
    }
    var first = 0
    let grouped = groups.map { group -> OptionValue in
      defer { first += group.parameters.count }
      var options = group.options
      options["params"] = .ints(first..<first + group.parameters.count)
      options["param_names"] = .list(group.names.compactMap { $0 }.map { .string($0) })
      return .object(options)
    }
    try load(
      OptimizerState(
        tensors: tensors,
        values: .object(["state": .object(states), "param_groups": .list(grouped)])))
  }
}
