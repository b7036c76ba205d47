import NN
import Tensors

/// Which parameters of a model are gathered together where it is fully sharded
/// (`fully_shard`, and the wrapping policies of `FullyShardedDataParallel`).
///
/// A *unit* is a module with all that is below it, but for what an earlier unit has; parameters of no unit are
/// the rest, which is a unit of its own. Memory is there for two units at a time, so they should be of
/// like size, and run one after the other.
public struct ShardUnits {
  /// The units' names, the rest's last.
  public let names: [String]
  /// The unit of each parameter that is not of the rest.
  private let places: [ObjectIdentifier: Int]

  /// Units of given modules of a model, such as `model.blocks`, in the order in which they run.
  public init(_ model: Module, _ modules: [Module]) {
    let known = Dictionary(
      model.namedModules().map { (ObjectIdentifier($0.module), $0.name) },
      uniquingKeysWith: { first, _ in first })
    self.init(
      modules.map { module in
        guard let name = known[ObjectIdentifier(module)] else {
          fail("ShardUnits", "a \(type(of: module)) is not in the model")
        }
        return (name.isEmpty ? "model" : name, module)
      })
  }

  /// The units that a model's structure suggests: the outermost modules of lists and sequences, such as a
  /// transformer's blocks, or, of a model without any, its children.
  public init(_ model: Module) {
    var found: [(name: String, module: Module)] = []
    for (name, module) in model.namedModules() {
      let parts = name.split(separator: ".")
      guard let last = parts.last, Int(last) != nil,
        !found.contains(where: { name.hasPrefix($0.name + ".") })
      else { continue }
      found.append((name, module))
    }
    let units = found.isEmpty ? model.namedChildren() : found
    self.init(units.filter { !$0.module.parameters().isEmpty })
  }

  private init(_ units: [(name: String, module: Module)]) {
    var names: [String] = []
    var places: [ObjectIdentifier: Int] = [:]
    for (name, module) in units {
      let own = module.parameters().map(ObjectIdentifier.init).filter { places[$0] == nil }
      guard !own.isEmpty else { continue }
      for identity in own { places[identity] = names.count }
      names.append(name)
    }
    self.names = names + ["the rest"]
    self.places = places
  }

  /// The unit of a parameter.
  func unit(of parameter: Parameter) -> Int {
    places[ObjectIdentifier(parameter)] ?? names.count - 1
  }

  /// The positions of parameters by unit and dtype: units from the last to the first, as their gradients
  /// become ready, and the rest, which holds what is used first and last, behind them.
  func buckets(_ parameters: [Parameter]) -> [[Int]] {
    let units = parameters.map(unit)
    let order = Array((0..<(names.count - 1)).reversed()) + [names.count - 1]
    return order.flatMap { unit -> [[Int]] in
      let positions = parameters.indices.filter { units[$0] == unit }
      var dtypes: [DType] = []
      for position in positions where !dtypes.contains(parameters[position].dtype) {
        dtypes.append(parameters[position].dtype)
      }
      return dtypes.map { dtype in positions.filter { parameters[$0].dtype == dtype } }
    }
  }
}
