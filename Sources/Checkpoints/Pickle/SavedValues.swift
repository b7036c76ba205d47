import NN
import Optimizers
import TensorFiles
import Tensors

/// Saves values by name in one file, which PyTorch reads, too (`torch.save`).
///
/// ```swift
/// try save(
///   ["model": model.stateDict(), "optimizer": optimizer.stateDict(), "epoch": 3], to: "c.pth")
/// let saved = try load(from: "c.pth")
/// try model.load(saved.stateDict("model"))
/// try optimizer.load(saved.optimizerState("optimizer"))
/// let epoch = try saved.int("epoch")
/// ```
///
/// The file appears complete or not at all; `torch.load` reads it with `weights_only=True`.
/// - Throws: ``TensorFiles/CheckpointError`` where it cannot be written.
public func save(
  _ values: KeyValuePairs<String, any PthEncodable>, to path: String
) throws(CheckpointError) {
  let members = values.map { PthValue.Member(.string($0.key), $0.value.pthValue) }
  try PthFile.write(.dictionary(members), to: path)
}

/// Saves one value, such as a state dict, in a file that PyTorch reads, too.
///
/// ```swift
/// try save(model.stateDict(), to: "model.pth")
/// try model.load(load(from: "model.pth").stateDict())
/// ```
/// - Throws: ``TensorFiles/CheckpointError`` where it cannot be written.
public func save(_ value: some PthEncodable, to path: String) throws(CheckpointError) {
  try PthFile.write(value.pthValue, to: path)
}

/// A model is saved by its state.
@available(*, unavailable, message: "use save(model.stateDict(), to: path)")
public func save(_ model: Module, to path: String) { fail("save", "save model.stateDict()") }

extension Module {
  /// A model is saved by its state.
  @available(*, unavailable, message: "use save(model.stateDict(), to: path)")
  public func save(to path: String) { fail("save", "save model.stateDict()") }
  /// A model is saved by its state.
  @available(*, unavailable, message: "use save(model.stateDict(), to: path)")
  public func save(_ path: String) { fail("save", "save model.stateDict()") }
  /// A model is loaded from its state.
  @available(*, unavailable, message: "use model.load(load(from: path).stateDict())")
  public func load(from path: String) { fail("load", "load a state dict") }
  /// A model is loaded from its state.
  @available(*, unavailable, message: "use model.load(load(from: path).stateDict())")
  public func load(_ path: String) { fail("load", "load a state dict") }
}

/// Reads a file that `save(_:to:)` or `torch.save` wrote.
/// - Throws: ``TensorFiles/CheckpointError`` where it is missing, damaged, or holds objects of other kinds.
public func load(from path: String) throws(CheckpointError) -> SavedValues {
  SavedValues(path: path, value: try PthFile.read(path: path))
}

/// Values by name, read from a `.pth` file. Each method throws ``TensorFiles/CheckpointError`` where there is no such
/// name, or something else under it.
public struct SavedValues: Sendable {
  /// The file.
  public let path: String
  /// All of it.
  public let value: PthValue

  /// The names in the file's order; empty where the file holds no dict.
  public var names: [String] {
    guard case .dictionary(let members) = value else { return [] }
    return members.compactMap { if case .string(let name) = $0.key { name } else { nil } }
  }

  /// The value of a name, whatever it is.
  public subscript(name: String) -> PthValue? { value[name] }

  /// A whole number.
  public func int(_ name: String) throws(CheckpointError) -> Int {
    if case .int(let value) = try found(name) { return value }
    throw other(name, "a whole number")
  }

  /// A number.
  public func double(_ name: String) throws(CheckpointError) -> Double {
    switch try found(name) {
    case .double(let value): return value
    case .int(let value): return Double(value)
    default: throw other(name, "a number")
    }
  }

  /// True or false.
  public func bool(_ name: String) throws(CheckpointError) -> Bool {
    if case .bool(let value) = try found(name) { return value }
    throw other(name, "a bool")
  }

  /// A text.
  public func string(_ name: String) throws(CheckpointError) -> String {
    if case .string(let value) = try found(name) { return value }
    throw other(name, "a string")
  }

  /// A tensor.
  public func tensor(_ name: String) throws(CheckpointError) -> Tensor {
    guard case .tensor(let stored) = try found(name) else { throw other(name, "a tensor") }
    return try stored.tensor(path: path)
  }

  /// A module's state. Without a name, the file's whole.
  public func stateDict(_ name: String? = nil) throws(CheckpointError) -> StateDict {
    let value = try name.map { name throws(CheckpointError) in try found(name) } ?? self.value
    guard case .dictionary(let members) = value else { throw other(name, "a state dict") }
    var state = StateDict()
    for member in members {
      guard case .string(let key) = member.key, case .tensor(let stored) = member.value else {
        throw other(name, "a state dict of tensors by name")
      }
      state[key] = try stored.tensor(path: path)
    }
    return state
  }

  /// An optimizer's state, this package's or PyTorch's. Without a name, the file's whole.
  public func optimizerState(_ name: String? = nil) throws(CheckpointError) -> OptimizerState {
    let saved = try name.map { name throws(CheckpointError) in try found(name) } ?? value
    guard case .dictionary(let parameters)? = saved["state"], let groups = saved["param_groups"]
    else { throw other(name, "an optimizer's state, with state and param_groups") }
    var tensors = StateDict()
    var values: [String: OptionValue] = [:]
    for parameter in parameters {
      guard case .int(let number) = parameter.key, case .dictionary(let entries) = parameter.value
      else { throw other(name, "an optimizer's state, by its parameters' numbers") }
      var rest: [String: OptionValue] = [:]
      for entry in entries {
        guard case .string(let key) = entry.key else { continue }
        if case .tensor(let stored) = entry.value {
          tensors["state.\(number).\(key)"] = try stored.tensor(path: path)
        } else {
          rest[key] = try options(entry.value, name)
        }
      }
      values["\(number)"] = .object(rest)
    }
    return OptimizerState(
      tensors: tensors,
      values: .object(["state": .object(values), "param_groups": try options(groups, name)]))
  }

  /// Settings, such as a schedule's state.
  public func optionValue(_ name: String) throws(CheckpointError) -> OptionValue {
    try options(try found(name), name)
  }

  private func options(_ value: PthValue, _ name: String?) throws(CheckpointError) -> OptionValue {
    switch value {
    case .none: return .null
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .double(let value): return .double(value)
    case .string(let value): return .string(value)
    case .list(let values), .tuple(let values):
      var list: [OptionValue] = []
      for value in values { list.append(try options(value, name)) }
      return .list(list)
    case .dictionary(let members):
      var object: [String: OptionValue] = [:]
      for member in members {
        switch member.key {
        case .string(let key): object[key] = try options(member.value, name)
        case .int(let key): object["\(key)"] = try options(member.value, name)
        default: throw other(name, "a dict with strings or numbers as keys")
        }
      }
      return .object(object)
    // PyTorch's rates may be tensors of one element.
    case .tensor(let stored) where stored.shape.allSatisfy { $0 == 1 }:
      return .double(try stored.tensor(path: path).item())
    case .largeInt, .complex, .bytes, .tensor:
      throw other(name, "settings, without \(value.kind)")
    }
  }

  private func found(_ name: String) throws(CheckpointError) -> PthValue {
    if let value = value[name] { return value }
    let known = names.prefix(20).joined(separator: ", ")
    throw CheckpointError(
      .mismatch, path: path, "there is no “\(name)”",
      remedy: known.isEmpty ? "Save a dict of values by name" : "Name one of: \(known)")
  }

  private func other(_ name: String?, _ expected: String) -> CheckpointError {
    let kind = (name.flatMap { value[$0] } ?? value).kind
    return CheckpointError(
      .mismatch, path: path,
      "\(name.map { "“\($0)”" } ?? "the file") holds \(kind) where \(expected) was expected",
      remedy: "Name what was saved so")
  }
}

extension SavedValues: CustomStringConvertible {
  /// What the file holds, as Python prints it.
  public var description: String { value.description }
}
