import Checkpoints
import Collectives
import DataParallel
import NN
import Optimizers
import Tensors

/// What a checkpoint keeps of a communication hook besides tensors.
package struct HookRecord: Codable {
  /// Which hook it was; another one begins anew.
  package var name: String
  /// The hook's numbers.
  package var counts: [String: Int]
  /// Steps of the averager of models.
  package var averagerStep: Int?
  /// Each rank's optimizer but for its tensors, where ranks have gone apart.
  package var optimizers: [OptionValue]?
}

/// The hook's part of a checkpoint.
///
/// Tensors are `hook.safetensors`: `shared.NAME` once for all ranks, `rank3.NAME` for each rank's own.
/// Where ranks' models have gone apart, `rank3.model.NAME` and `rank3.optimizer.PATH` are among the
/// latter, and the checkpoint's weights are the average.
package struct HookCheckpoint {
  package let record: HookRecord
  /// On rank 0; empty elsewhere.
  package let tensors: StateDict

  /// Collects all ranks' memory on rank 0; nil without a hook. Blocks until all ranks have called it.
  ///
  /// - Complexity: Memory for every rank's own tensors on rank 0.
  package init?(_ trainer: Trainer<some Any>) throws {
    guard let hook = trainer.hook, let group = trainer.group else { return nil }
    let state = hook.state()
    var record = HookRecord(
      name: hook.name, counts: state.counts, averagerStep: trainer.averager?.step)
    var own = StateDict(state.own.map { ("hook.\($0.name)", $0.tensor) })
    if trainer.averager?.hasDiverged ?? false {
      let optimizer = trainer.optimizer.stateDict()
      for (name, tensor) in trainer.model.stateDict() { own["model.\(name)"] = tensor }
      for (path, tensor) in optimizer.tensors { own["optimizer.\(path)"] = tensor }
      record.optimizers = try group.gather(object: optimizer.values, label: "optimizers")
    }
    self.record = record
    let shared = group.rank == 0 ? state.shared.map { ("shared.\($0.name)", $0.tensor) } : []
    tensors = StateDict(shared + (try group.collected(own)))
  }
}

extension RunCheckpoints.Found {
  /// Hands the hook its memory, and where ranks had gone apart each its own model and optimizer.
  ///
  /// On other ranks everyone goes on with the average of the models, rank 0's optimizer, and what the
  /// hook's memory has in common.
  package func restoreHook(_ trainer: Trainer<some Any>, _ group: ProcessGroup) throws {
    guard let hook = trainer.hook, let record = state.hook, record.name == hook.name else { return }
    var memory = HookState()
    memory.counts = record.counts
    let tensors = checkpoint.groupNames.contains("hook") ? try checkpoint.group("hook").tensors : []
    func part(_ prefix: String) throws -> StateDict {
      StateDict(
        try tensors.filter { $0.name.hasPrefix(prefix) }
          .map { (String($0.name.dropFirst(prefix.count)), try $0.tensor(path: path)) })
    }
    memory.shared = try part("shared.")
    let isSameWorld = state.worldSize == group.size
    if isSameWorld { memory.own = try part("rank\(group.rank).hook.") }
    try hook.load(memory)
    trainer.averager?.step = record.averagerStep ?? 0
    guard isSameWorld, let optimizers = record.optimizers else { return }
    try trainer.model.load(part("rank\(group.rank).model."))
    try trainer.optimizer.resume(
      OptimizerState(
        tensors: part("rank\(group.rank).optimizer."), values: optimizers[group.rank]))
  }
}

extension ProcessGroup {
  /// Every rank's tensors on rank 0, as `rank3.NAME`; empty elsewhere. Ranks may have different ones.
  fileprivate func collected(_ state: StateDict) throws -> [(String, Tensor)] {
    /// What the others must know of a tensor to take part in gathering it.
    struct Entry: Codable {
      package let name: String
      package let dtype: DType
      package let shape: [Int]
    }
    let lists = try allGather(
      object: state.map {
        Entry(name: $0.name, dtype: $0.tensor.dtype, shape: $0.tensor.shape)
      },
      label: "own tensors")
    var result: [(String, Tensor)] = []
    var seen: Set<String> = []
    for entry in lists.joined() where seen.insert(entry.name).inserted {
      let mine = state[entry.name]?.flattened() ?? .zeros([0], dtype: entry.dtype)
      guard let all = try gather(mine, label: entry.name) else { continue }
      for (rank, tensor) in all.enumerated() {
        guard let own = lists[rank].first(where: { $0.name == entry.name }) else { continue }
        result.append(("rank\(rank).\(entry.name)", tensor.reshaped(own.shape)))
      }
    }
    return result
  }
}
