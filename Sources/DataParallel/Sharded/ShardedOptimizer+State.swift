import Base
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

  /// One tensor of what all ranks remember of a parameter.
  private struct Entry {
    let position: Int
    let name: String
    let dtype: DType
    let shape: [Int]
    /// The numbers that each rank gives.
    let counts: [Int]
    /// Whether they are parts, and not the whole from one rank.
    let isCut: Bool

    var path: String { "state.\(position).\(name)" }
  }

  /// All ranks' state put together on one rank (`consolidate_state_dict`), nil elsewhere. Blocks
  /// until all ranks have called it.
  ///
  /// The root needs memory for the whole state meanwhile.
  public func consolidated(to root: Int = 0) throws -> OptimizerState? {
    let (entries, values) = try survey()
    var tensors = StateDict()
    for entry in entries {
      if let tensor = try gathered(entry, root) { tensors[entry.path] = tensor }
    }
    return group.rank == root ? OptimizerState(tensors: tensors, values: values) : nil
  }

  /// What ``consolidated(to:)`` puts together, as it is spread over ranks. Blocks until all ranks have called it;
  /// only names and shapes are exchanged.
  package func spreadState() throws -> (tensors: [SpreadTensor], values: OptionValue) {
    let (entries, values) = try survey()
    let tensors = entries.map {
      SpreadTensor(name: $0.path, dtype: $0.dtype, shape: $0.shape, parts: own($0))
    }
    return (tensors, values)
  }

  /// What all ranks remember: the tensors, in the order of parameters, and the other values.
  private func survey() throws -> ([Entry], OptionValue) {
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
    var entries: [Entry] = []
    for position in all.indices {
      let found = records.map { $0.filter { $0.position == position } }
      guard let first = found.joined().first else { continue }
      let state = ParameterState()
      for (name, value) in first.values.inKeyOrder {
        state[value: name] = value
      }
      states[ObjectIdentifier(all[position])] = state
      entries += first.entries.map { entry($0, position, found) }
    }
    base.groups = groups
    base.replaceStates(states)
    defer { base.replaceStates([:]) }
    return (entries, base.stateDict().values)
  }

  /// One entry of a parameter's state, of which all ranks have told their pieces.
  private func entry(
    _ first: PieceRecord.Entry, _ position: Int, _ found: [[PieceRecord]]
  ) -> Entry {
    guard let dtype = DType(named: first.dtype) else {
      fail("ShardedOptimizer", "state of an unknown type \(first.dtype)")
    }
    let counts = found.map { records in
      records.reduce(0) { sum, record in
        sum + (record.entries.first { $0.name == first.name }?.shape.reduce(1, *) ?? 0)
      }
    }
    let parameter = all[position]
    let isCut = base.unit == .element && counts.reduce(0, +) == parameter.count
    guard !isCut else {
      return Entry(
        position: position, name: first.name, dtype: dtype, shape: parameter.shape, counts: counts,
        isCut: true)
    }
    // What is not cut is alike in all pieces: the first rank's.
    let owner = found.firstIndex { !$0.isEmpty } ?? 0
    return Entry(
      position: position, name: first.name, dtype: dtype, shape: first.shape,
      counts: found.indices.map { $0 == owner ? first.shape.reduce(1, *) : 0 }, isCut: false)
  }

  /// What this rank has of an entry.
  private func own(_ entry: Entry) -> [(start: Int, values: Tensor)] {
    guard entry.counts[group.rank] > 0 else { return [] }
    let parts = pieces[entry.position].compactMap { piece in
      piece.state[entry.name].map {
        (piece.place.range.lowerBound, $0.detach().contiguous().flattened())
      }
    }
    return entry.isCut ? parts : parts.prefix(1).map { (0, $0.1) }
  }

  /// An entry whole, on the root.
  private func gathered(_ entry: Entry, _ root: Int) throws -> Tensor? {
    let parts = own(entry)
    let mine =
      parts.isEmpty ? Tensor.zeros([0], dtype: entry.dtype) : Tensor.cat(parts.map(\.values))
    let isRoot = group.rank == root
    let whole = Tensor.uninitialized([isRoot ? entry.counts.reduce(0, +) : 0], entry.dtype)
    // Pieces lie in rank order, which is their order in the parameter.
    try group.gather(
      input: mine.lentMemory, output: isRoot ? whole.lentMemory : nil, counts: entry.counts,
      dtype: entry.dtype, root: root,
      label: "state of parameter \(entry.position): \(entry.name)"
    ).wait()
    withExtendedLifetime(mine) {}
    return isRoot ? whole.reshaped(entry.shape) : nil
  }

  /// Takes this rank's share of the state of an optimizer that was never sharded.
  func takeShare(of state: OptimizerState) throws(OptimizerStateError) {
    base.groups = groups
    base.stateFormat = .full
    // Each tensor is copied below, and no more of it than this rank keeps.
    try base.borrow(state)
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
