import Collectives
import NN
import Tensors

/// Values of parameters outside of passes, which a fully sharded model does not have on every rank.
extension DistributedDataParallel {
  /// Whether each rank keeps its part of the parameters only (``ShardedOptimizer/Stage/zero3``).
  public var isFullySharded: Bool { parts != nil }

  /// Runs a body while every rank has all values of the parameters (`summon_full_params`): they can be read,
  /// and written, alike on all ranks, and each rank keeps its part of what was written. All ranks call it
  /// together. Where the model is not fully sharded it is a call of the body.
  /// - Parameter body: Is handed the replica; it may call it, too, without regard to the other ranks.
  public func withFullParameters<Result>(_ body: (Model) throws -> Result) throws -> Result {
    try parts.map { try $0.whole { try body(module) } } ?? body(module)
  }

  /// Runs a body that calls the replica itself as often as every other rank does, such as an evaluation in
  /// batches: values come and go as in a forward pass.
  package func gatheringParameters<Result>(_ body: () throws -> Result) throws -> Result {
    try parts.map { try $0.pass(body) } ?? body()
  }

  /// Calls a body with the names of parameters whose values are there, all in turn: unit by unit where the
  /// model is fully sharded, so that no rank needs memory for all of them. All ranks call it together.
  package func eachGathered(_ body: (Set<String>) throws -> Void) throws {
    guard let parts else { return try body(Set(replicas.parameters.map(\.name))) }
    try parts.eachUnit { unit in try body(Set(unit.places.map(\.name))) }
  }

  /// The replica's state dict with values of its own, on the ranks that ask for it, and nil elsewhere; names are
  /// the replica's, without `module.` (`get_model_state_dict` with `full_state_dict`). Parameters that are
  /// spread over ranks come unit by unit, so that a rank needs memory for the state and one unit.
  /// Blocks until all ranks have called it.
  /// - Parameter root: The rank that receives it; nil for all.
  public func consolidatedState(to root: Int? = 0) throws -> StateDict? {
    let keeps = root == nil || root == group.rank
    guard let parts else { return keeps ? module.stateDict() : nil }
    var members: [(name: String, member: Member)] = []
    module.forEachMember { members.append(($0, $1)) }
    var copies: [ObjectIdentifier: Tensor] = [:]
    func copy(_ parameter: Parameter) {
      if keeps, copies[ObjectIdentifier(parameter)] == nil {
        copies[ObjectIdentifier(parameter)] = noGrad { parameter.value.detach().clone() }
      }
    }
    try parts.eachUnit { unit in
      for case (_, .parameter(let parameter)) in members where unit.holds(parameter) {
        copy(parameter)
      }
    }
    guard keeps else { return nil }
    var state = StateDict()
    for (name, member) in members {
      switch member {
      case .parameter(let parameter):
        copy(parameter)
        state[name] = copies[ObjectIdentifier(parameter)]
      case .buffer(let buffer) where buffer.isPersistent:
        state[name] = noGrad { buffer.value.detach().clone() }
      default: break
      }
    }
    return state
  }

  /// The replica's state dict as it is spread over ranks, by the names of ``consolidatedState(to:)``, in the ranks'
  /// own memory; nil where the model is not fully sharded. Nothing is exchanged. Not inside of a pass or of
  /// ``withFullParameters(_:)``.
  package func spreadState() -> [SpreadTensor]? {
    guard let parts else { return nil }
    require(!parts.isOpen, "spreadState", "a pass, or a body with all parameters, is under way")
    var tensors: [SpreadTensor] = []
    module.forEachMember { name, member in
      switch member {
      case .parameter(let parameter):
        let place = parameter.leaf.storage.source as? ParameterPlace
        tensors.append(
          place.map {
            SpreadTensor(
              name: name, dtype: parameter.dtype, shape: parameter.shape, parts: $0.ownParts)
          } ?? SpreadTensor(name: name, whole: parameter.value, isHere: group.rank == 0))
      case .buffer(let buffer) where buffer.isPersistent:
        tensors.append(SpreadTensor(name: name, whole: buffer.value, isHere: group.rank == 0))
      default: break
      }
    }
    return tensors
  }
}
