import Base
import NN
import Tensors

/// An optimizer's saved state (`Optimizer.state_dict()`), apart in tensors and everything else, as a
/// checkpoint keeps them.
///
/// Put together again by their paths they are PyTorch's layout:
/// `{'state': {0: {'step': 7, 'exp_avg': tensor, …}}, 'param_groups': [{'lr': …, 'params': [0]}]}`.
public struct OptimizerState {
  /// The tensors by path: `state.0.exp_avg` is the running average of parameter 0.
  public var tensors: StateDict

  /// The rest: `state`, by a parameter's number and an entry's name, and `param_groups`, each with
  /// its options, its parameters' numbers (`params`) and, where known, names (`param_names`).
  public var values: OptionValue

  /// State read from somewhere.
  public init(tensors: StateDict, values: OptionValue) {
    self.tensors = tensors
    self.values = values
  }
}

extension OptimizerState: CustomStringConvertible {
  /// State and groups, as PyTorch prints them.
  public var description: String {
    func members(_ value: OptionValue?) -> [String: OptionValue] {
      if case .object(let members)? = value { members } else { [:] }
    }
    let values = members(self.values)
    var entries: [Int: [String]] = [:]
    for (number, state) in members(values["state"]) {
      guard let number = Int(number) else { continue }
      entries[number] = members(state).inKeyOrder.map { "'\($0.key)': \($0.value)" }
    }
    for (name, tensor) in tensors {
      let parts = name.split(separator: ".", maxSplits: 2)
      guard parts.count == 3, let number = Int(parts[1]) else { continue }
      entries[number, default: []].append("'\(parts[2])': \(tensor)")
    }
    let state = entries.inKeyOrder.map { entry in
      "\(entry.key): {" + entry.value.joined(separator: ", ") + "}"
    }
    let groups: OptionValue = values["param_groups"] ?? .list([])
    return "{'state': {" + state.joined(separator: ", ") + "}, 'param_groups': \(groups)}"
  }
}

/// Saved state that does not fit an optimizer.
public enum OptimizerStateError: Error, CustomStringConvertible {
  /// The numbers of groups differ.
  case groups(expected: Int, found: Int)
  /// A group has another number of parameters.
  case parameters(group: Int, expected: Int, found: Int)
  /// A tensor has another shape than its parameter.
  case shape(path: String, parameter: String, expected: [Int], found: [Int])
  /// Something is missing or of another kind.
  case malformed(path: String, expected: String)

  /// What does not fit, where, and what would.
  public var description: String {
    switch self {
    case .groups(let expected, let found):
      "the optimizer has \(expected) parameter groups, the saved state \(found); make it with the "
        + "groups that it was saved with"
    case .parameters(let group, let expected, let found):
      "param_groups.\(group): the optimizer has \(expected) parameters, the saved state \(found); "
        + "the model is another one"
    case .shape(let path, let parameter, let expected, let found):
      "\(path): parameter \(parameter) is \(expected), the saved tensor \(found)"
    case .malformed(let path, let expected): "\(path): expected \(expected)"
    }
  }
}
