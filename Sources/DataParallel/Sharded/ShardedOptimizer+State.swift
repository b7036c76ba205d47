import Collectives
import NN
import Optimizers
import Tensors

/// Saving and loading, in the layout of the optimizer that was never sharded.
extension ShardedOptimizer {
  /// What one rank remembers of a piece, but for its tensors' values.
  private struct PieceRecord: Codable {
    struct Entry: Codable {
      let name: String
      let shape: [Int]
      let dtype: String
    }
    let position: Int
    let start: Int
    let count: Int
    let entries: [Entry]
    let values: [String: OptionValue]
  }

  /// All ranks' state put together on one rank (`consolidate_state_dict`), nil elsewhere. Blocks
  /// until all ranks have called it.
  ///
  /// The root needs memory for the whole state meanwhile.
  public func consolidated(to root: Int = 0) throws -> OptimizerState? {
    let own = pieces.joined().map { piece in
      PieceRecord(
        position: piece.place.position, start: piece.place.range.lowerBound,
        count: piece.place.range.count,
        entries: piece.state.tensors.map {
          .init(name: $0.name, shape: $0.tensor.shape, dtype: "\($0.tensor.dtype)")
        },
        values: Dictionary(piece.state.values.map { ($0.name, $0.value) }) { $1 })
    }
    let records = try group.allGather(object: own, label: "optimizer state")
    var states: [ObjectIdentifier: ParameterState] = [:]
    for position in all.indices {
      let found = records.map { $0.filter { $0.position == position } }
      guard let first = found.joined().first else { continue }
      let state = ParameterState()
      for (name, value) in first.values.sorted(by: { $0.key < $1.key }) {
        state[value: name] = value
      }
      for entry in first.entries {
        let tensor = try gathered(entry, position, found, root)
        state[entry.name] = tensor
      }
      states[ObjectIdentifier(all[position])] = state
    }
    guard group.rank == root else { return nil }
    base.groups = groups
    base.replaceStates(states)
    defer { base.replaceStates([:]) }
    return base.stateDict()
  }

  /// One entry of a parameter's state, from all ranks' pieces, on the root.
  private func gathered(
    _ entry: PieceRecord.Entry, _ position: Int, _ found: [[PieceRecord]], _ root: Int
  ) throws -> Tensor? {
    let own = pieces[position].compactMap { $0.state[entry.name] }
    guard let dtype = DType(named: entry.dtype) else {
      fail("ShardedOptimizer", "state of an unknown type \(entry.dtype)")
    }
    let counts = found.map { records in
      records.reduce(0) { sum, record in
        sum + (record.entries.first { $0.name == entry.name }?.shape.reduce(1, *) ?? 0)
      }
    }
    let mine = own.isEmpty ? Tensor.zeros([0], dtype: dtype) : .cat(own.map { $0.flattened() })
    let isRoot = group.rank == root
    let whole = Tensor.uninitialized([isRoot ? counts.reduce(0, +) : 0], dtype)
    try group.gather(
      input: mine.lentMemory, output: isRoot ? whole.lentMemory : nil, counts: counts,
      dtype: dtype, root: root, label: "state of parameter \(position): \(entry.name)"
    ).wait()
    withExtendedLifetime(mine) {}
    guard isRoot else { return nil }
    // Pieces lie in rank order, which is their order in the parameter.
    let parameter = all[position]
    if whole.count == parameter.count && base.unit == .element {
      return whole.reshaped(parameter.shape)
    }
    // What is not cut is alike in all pieces.
    return whole.sliced(from: 0, to: entry.shape.reduce(1, *)).reshaped(entry.shape)
  }

  /// Takes this rank's share of the state of an optimizer that was never sharded.
  func takeShare(of state: OptimizerState) throws(OptimizerStateError) {
    base.groups = groups
    base.stateFormat = .full
    try base.load(state)
    defer { base.replaceStates([:]) }
    for index in groups.indices { groups[index].options = base.groups[index].options }
    for piece in pieces.joined() {
      let place = piece.place
      let (whole, parameter) = (base.state(of: all[place.position]), all[place.position])
      piece.state.removeAll()
      for (name, value) in whole.values { piece.state[value: name] = value }
      for (name, tensor) in whole.tensors {
        let isCut = tensor.shape == parameter.shape && place.range.count < parameter.count
        piece.state[name] =
          isCut
          ? tensor.contiguous().flattened().sliced(
            from: place.range.lowerBound, to: place.range.upperBound
          ).clone() : tensor.clone()
      }
      piece.state.compact(stateFormat)
    }
  }
}
