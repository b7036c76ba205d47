import Base
import NN
import Tensors

/// Saving and loading.
extension Optimizer {
  func copiedState() -> OptimizerState {
    var tensors = StateDict()
    var states: OptionValues = [:]
    var saved: [OptionValue] = []
    var number = 0
    for group in groups {
      var options = group.options
      options["params"] = .ints(number..<number + group.parameters.count)
      let names = group.names.compactMap { $0 }
      if names.count == group.names.count {
        options["param_names"] = .list(names.map { .string($0) })
      }
      saved.append(.object(options))
      for parameter in group.parameters {
        let state = state(of: parameter)
        for (name, tensor) in state.tensors {
          tensors["state.\(number).\(name)"] = tensor.detach().clone()
        }
        if !state.values.isEmpty {
          states["\(number)"] = .object(
            Dictionary(state.values.map { ($0.name, $0.value) }) { _, last in last })
        }
        number += 1
      }
    }
    return OptimizerState(
      tensors: tensors, values: .object(["state": .object(states), "param_groups": .list(saved)]))
  }

  /// Takes over saved state as it lies, which nobody may step with: its owner copies what is kept of it.
  package func borrow(_ state: OptimizerState) throws(OptimizerStateError) {
    try adopt(state, copies: false)
  }

  func adopt(_ state: OptimizerState, copies: Bool = true) throws(OptimizerStateError) {
    try state.values.requireModest("state")
    let saved = try SavedGroups(state.values)
    guard saved.groups.count == groups.count else {
      throw .groups(expected: groups.count, found: saved.groups.count)
    }
    var places: [Int: (parameter: Parameter, name: String)] = [:]
    var options: [OptionValues] = []
    for (index, group) in groups.enumerated() {
      let other = saved.groups[index]
      guard other.numbers.count == group.parameters.count else {
        throw .parameters(
          group: index, expected: group.parameters.count, found: other.numbers.count)
      }
      for (number, place) in zip(other.numbers, other.order(for: group)) {
        places[number] = (group.parameters[place], group.names[place] ?? "\(number)")
      }
      for (name, value) in other.options {
        if let own = defaults[name], !own.accepts(value) {
          throw .malformed(
            path: "param_groups.\(index).\(name)", expected: "a value like \(own), not \(value)")
        }
      }
      options.append(group.options.merging(other.options) { _, new in new })
    }
    let states = try loadedStates(state, saved, places, copies: copies)
    if copies { for entry in states.values { entry.compact(stateFormat) } }
    replaceStates(states)
    for index in groups.indices { groups[index].options = options[index] }
  }

  private func loadedStates(
    _ state: OptimizerState, _ saved: SavedGroups,
    _ places: [Int: (parameter: Parameter, name: String)], copies: Bool
  ) throws(OptimizerStateError) -> [ObjectIdentifier: ParameterState] {
    var states: [ObjectIdentifier: ParameterState] = [:]
    func entry(_ number: Int, _ path: String) throws(OptimizerStateError) -> ParameterState {
      guard let place = places[number] else {
        throw .malformed(path: path, expected: "the number of a parameter in param_groups")
      }
      if let state = states[ObjectIdentifier(place.parameter)] { return state }
      let state = ParameterState()
      states[ObjectIdentifier(place.parameter)] = state
      return state
    }
    for (number, values) in saved.values.inKeyOrder {
      let entry = try entry(number, "state.\(number)")
      for (name, value) in values.inKeyOrder where !value.isNull {
        entry[value: name] = value
      }
    }
    for (path, tensor) in state.tensors {
      let parts = path.split(separator: ".", maxSplits: 2)
      guard parts.count == 3, parts[0] == "state", let number = Int(parts[1]) else {
        throw .malformed(path: path, expected: "a tensor's path like state.0.exp_avg")
      }
      let entry = try entry(number, path)
      guard let (parameter, label) = places[number] else { continue }
      let name = String(parts[2])
      if Self.numbers.contains(name.prefix { $0 != "." }.description) {
        // PyTorch keeps the steps made and the like as tensors of one element.
        guard tensor.count == 1 else { throw .malformed(path: path, expected: "one element") }
        entry[value: name] = .double(tensor.item())
        continue
      }
      if let shape = shape(of: name, for: parameter), shape != tensor.shape {
        throw .shape(path: path, parameter: label, expected: shape, found: tensor.shape)
      }
      let kept = tensor.detach().to(rounding.dtype(of: name, for: parameter))
      entry[name] = copies ? kept.clone() : kept
    }
    return states
  }
}

/// The groups of a saved state, read and checked.
private struct SavedGroups {
  struct Group {
    var options: OptionValues
    let numbers: [Int]
    let names: [String]?

    /// For each saved parameter its place in an optimizer's group.
    func order(for group: ParameterGroup) -> [Int] {
      let own = group.names.compactMap { $0 }
      let places = Dictionary(zip(own, own.indices)) { first, _ in first }
      guard let names, own.count == group.names.count, places.count == own.count,
        Set(names) == Set(own)
      else { return Array(numbers.indices) }
      return names.compactMap { places[$0] }
    }
  }

  let groups: [Group]
  let values: [Int: OptionValues]

  init(_ values: OptionValue) throws(OptimizerStateError) {
    guard let list = values.object?["param_groups"]?.list else {
      throw .malformed(path: "param_groups", expected: "a list of groups")
    }
    var groups: [Group] = []
    for (index, entry) in list.enumerated() {
      guard var options = entry.object, let params = options["params"]?.list else {
        throw .malformed(path: "param_groups.\(index)", expected: "options and params")
      }
      let numbers = params.compactMap(\.int)
      guard numbers.count == params.count else {
        throw .malformed(path: "param_groups.\(index).params", expected: "whole numbers")
      }
      let names = options["param_names"]?.list?.compactMap(\.string)
      options["params"] = nil
      options["param_names"] = nil
      groups.append(
        Group(
          options: options, numbers: numbers, names: names?.count == numbers.count ? names : nil))
    }
    self.groups = groups
    var states: [Int: OptionValues] = [:]
    for (key, entry) in values.object?["state"]?.object ?? [:] {
      guard let number = Int(key), let values = entry.object else {
        throw .malformed(path: "state.\(key)", expected: "a parameter's number with its entries")
      }
      states[number] = values
    }
    self.values = states
  }
}
