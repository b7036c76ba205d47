import NN
import Tensors

/// The modules that the runner knows, by PyTorch's name.
///
/// A row makes a module of the constructor's arguments and says how it is called.
struct ModuleRegistry {
  typealias Forward = (Call) throws -> [Tensor]
  typealias Row = (Call) throws -> (Module, Forward)

  private var rows: [String: Row] = [:]

  init() {
    addActivations()
    addConvolutions()
    addPooling()
    addPadding()
    addNormalization()
    addLosses()
    addRecurrent()
    addAttention()
    addOthers()
    addDropout()
    addReshaping()
  }

  subscript(name: String) -> Row? { rows[name] }

  /// Adds a module with a call of its own.
  mutating func row(_ name: String, _ row: @escaping Row) { rows[name] = row }

  /// Adds a module of one tensor.
  mutating func layer(_ name: String, _ make: @escaping (Call) throws -> any Layer) {
    rows[name] = { settings in
      let layer = try make(settings)
      return (layer, { [layer(try $0.tensor(0, "input"))] })
    }
  }

  /// Adds a module of two tensors.
  mutating func pair<M: Module>(
    _ name: String, _ make: @escaping (Call) throws -> M,
    _ apply: @escaping (M, Tensor, Tensor) -> Tensor
  ) {
    rows[name] = { settings in
      let module = try make(settings)
      return (module, { [apply(module, try $0.tensor(0), try $0.tensor(1))] })
    }
  }

  /// Adds a module of three tensors.
  mutating func triple<M: Module>(
    _ name: String, _ make: @escaping (Call) throws -> M,
    _ apply: @escaping (M, Tensor, Tensor, Tensor) -> Tensor
  ) {
    rows[name] = { settings in
      let module = try make(settings)
      return (
        module, { [apply(module, try $0.tensor(0), try $0.tensor(1), try $0.tensor(2))] }
      )
    }
  }
}

/// Constructor arguments that several modules have.
extension Call {
  /// One size, or several.
  func sizes(_ position: Int?, _ keyword: String, default fallback: [Int]) throws -> [Int] {
    try optionalInts(position, keyword) ?? fallback
  }
}
