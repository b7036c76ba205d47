import Base
import NN

extension Optimizer: CustomStringConvertible {
  /// The groups with their options, as PyTorch prints them; what chooses among its implementations
  /// (`foreach`, `fused`) is not there.
  public var description: String {
    let texts = groups.enumerated().map { index, group in
      "Parameter Group \(index)\n"
        + group.options.inKeyOrder
        .map { "    \($0.key): \($0.value.pythonText)\n" }.joined()
    }
    return "\(type(of: self)) (\n\(texts.joined(separator: "\n")))"
  }
}

extension LRScheduler: CustomStringConvertible {
  /// The schedule's name, how often it has stepped, and the rates that hold now.
  public var description: String {
    "\(type(of: self))(last_epoch=\(lastEpoch), last_lr=\(lastLRs))"
  }
}

extension OptionValue {
  /// As Python prints it; a whole number without a fraction, and a list as the tuple that it is in options.
  fileprivate var pythonText: String {
    switch self {
    case .null: return "None"
    case .bool(let value): return value ? "True" : "False"
    case .int(let value): return "\(value)"
    case .double(let value):
      return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    case .string(let value): return value
    case .list(let values):
      let texts = values.map(\.pythonText).joined(separator: ", ")
      return values.count == 1 ? "(\(texts),)" : "(\(texts))"
    case .object(let values):
      let texts = values.inKeyOrder.map { "'\($0.key)': \($0.value.pythonText)" }
      return "{\(texts.joined(separator: ", "))}"
    }
  }
}
