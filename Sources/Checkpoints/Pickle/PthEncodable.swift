import Base
import NN
import Optimizers
import TensorFiles
import Tensors

/// What `save(_:to:)` can put into a `.pth` file.
public protocol PthEncodable {
  /// The value as the file holds it.
  var pthValue: PthValue { get }
}

extension PthValue: PthEncodable {
  /// The value itself.
  public var pthValue: PthValue { self }
}

extension Int: PthEncodable {
  /// An int.
  public var pthValue: PthValue { .int(self) }
}

extension Double: PthEncodable {
  /// A float.
  public var pthValue: PthValue { .double(self) }
}

extension Float: PthEncodable {
  /// A float.
  public var pthValue: PthValue { .double(Double(self)) }
}

extension Bool: PthEncodable {
  /// A bool.
  public var pthValue: PthValue { .bool(self) }
}

extension String: PthEncodable {
  /// A string.
  public var pthValue: PthValue { .string(self) }
}

extension Tensor: PthEncodable {
  /// A tensor.
  public var pthValue: PthValue { .tensor(StoredTensor(name: "", self)) }
}

extension Array: PthEncodable where Element: PthEncodable {
  /// A list.
  public var pthValue: PthValue { .list(map(\.pthValue)) }
}

extension Optional: PthEncodable where Wrapped: PthEncodable {
  /// The value, or `None`.
  public var pthValue: PthValue { map(\.pthValue) ?? .none }
}

extension StateDict: PthEncodable {
  /// A dict of tensors by name.
  public var pthValue: PthValue {
    .dictionary(stored().map { PthValue.Member(.string($0.name), .tensor($0)) })
  }
}

extension OptionValue: PthEncodable {
  /// The value of the same kind; names of a dict are in alphabetical order.
  public var pthValue: PthValue {
    switch self {
    case .null: .none
    case .bool(let value): .bool(value)
    case .int(let value): .int(value)
    case .double(let value): .double(value)
    case .string(let value): .string(value)
    case .list(let values): .list(values.map(\.pthValue))
    case .object(let values):
      .dictionary(
        values.inKeyOrder.map {
          PthValue.Member(.string($0.key), $0.value.pthValue)
        })
    }
  }
}

extension OptimizerState: PthEncodable {
  /// `Optimizer.state_dict()` as PyTorch has it: `state` by parameters' numbers, and `param_groups`.
  public var pthValue: PthValue {
    var entries: [Int: [PthValue.Member]] = [:]
    for (number, value) in values.object?["state"]?.object ?? [:] {
      guard let number = Int(number), let values = value.object else { continue }
      entries[number] = values.inKeyOrder
        .map { PthValue.Member(.string($0.key), $0.value.pthValue) }
    }
    for stored in tensors.stored() {
      // state.0.exp_avg
      let parts = stored.name.split(separator: ".", maxSplits: 2)
      guard parts.count == 3, let number = Int(parts[1]) else { continue }
      entries[number, default: []].append(
        PthValue.Member(.string(String(parts[2])), .tensor(stored)))
    }
    let state = entries.inKeyOrder
      .map { PthValue.Member(.int($0.key), .dictionary($0.value)) }
    let groups = values.object?["param_groups"] ?? .list([])
    return .dictionary([
      PthValue.Member("state", .dictionary(state)),
      PthValue.Member("param_groups", groups.pthValue),
    ])
  }
}
