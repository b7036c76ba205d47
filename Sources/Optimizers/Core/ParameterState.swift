import NN
import Tensors

/// What an optimizer remembers of one parameter (`optimizer.state[p]`): tensors such as running
/// averages, and numbers such as the steps made.
///
/// Entries have PyTorch's names. There are few of them, so finding one is a short walk.
public final class ParameterState {
  /// The tensors in the order in which they came to be.
  public private(set) var tensors: [(name: String, tensor: Tensor)] = []
  /// The other values.
  public private(set) var values: [(name: String, value: OptionValue)] = []

  /// The memory of a parameter that has not been stepped yet.
  public init() {}

  /// A tensor by name; setting nil forgets it.
  public subscript(name: String) -> Tensor? {
    get { tensors.first { $0.name == name }?.tensor }
    set {
      switch (tensors.firstIndex { $0.name == name }, newValue) {
      case (let place?, let tensor?): tensors[place].tensor = tensor
      case (let place?, nil): tensors.remove(at: place)
      case (nil, let tensor?): tensors.append((name, tensor))
      case (nil, nil): break
      }
    }
  }

  /// A tensor by name, made at its first use.
  public func tensor(_ name: String, else initial: () -> Tensor) -> Tensor {
    if let tensor = self[name] { return tensor }
    let tensor = initial()
    tensors.append((name, tensor))
    return tensor
  }

  /// A tensor of a parameter's shape and dtype by name, zeros at its first use.
  public func zeros(_ name: String, like parameter: Parameter) -> Tensor {
    tensor(name) { .zeros(like: parameter.value) }
  }

  /// A value that is no tensor; setting nil forgets it.
  public subscript(value name: String) -> OptionValue? {
    get { values.first { $0.name == name }?.value }
    set {
      switch (values.firstIndex { $0.name == name }, newValue) {
      case (let place?, let value?): values[place].value = value
      case (let place?, nil): values.remove(at: place)
      case (nil, let value?): values.append((name, value))
      case (nil, nil): break
      }
    }
  }

  /// The memory of the tensors.
  package var byteCount: Int {
    tensors.reduce(0) { $0 + $1.tensor.count * $1.tensor.dtype.size }
  }

  /// Forgets everything.
  package func removeAll() {
    tensors = []
    values = []
  }

  /// Counts a step and gives its number, 1 at the first.
  public func countStep() -> Int {
    let step = (self[value: "step"]?.int ?? 0) + 1
    self[value: "step"] = .int(step)
    return step
  }
}
