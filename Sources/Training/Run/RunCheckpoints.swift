import Base
import Checkpoints
import Collectives
import DataParallel
import Datasets
import Foundation
import NN
import Optimizers
import Settings
import Tensors

/// Saves a run's checkpoints and finds the one to go on from.
package final class RunCheckpoints {
  private let identity: RunIdentity
  private let group: ProcessGroup
  private let store: CheckpointStore
  private let memory: MemoryCheckpoints?
  /// Writes while training goes on, on rank 0; nil elsewhere, and where training waits.
  private var writer: CheckpointWriter?
  private var launch: LaunchProgress?
  /// Whether some rank does not see rank 0's files, so that it writes for all.
  private var isElsewhere = false
  /// What is to be said of a run that begins where an earlier one was, or that was to go on; nil for nothing.
  package private(set) var beginning: String?

  /// Blocks until all ranks have called it.
  package init(_ identity: RunIdentity, _ group: ProcessGroup) throws {
    self.identity = identity
    self.group = group
    var store = CheckpointStore(
      folder: "\(identity.directory)/checkpoints", keep: identity.keep, rank: group.rank)
    store.dropsLater = true
    self.store = store
    memory = try MemoryCheckpoints(identity.directory, group)
  }

  /// What is to be said of a run that is to keep a checkpoint in memory every so many steps, and cannot; nil for
  /// nothing.
  package func missingMemory(every steps: Int?) -> String? {
    steps == nil || memory != nil ? nil : MemoryCheckpoints.absence(nodes: group.topology.nodes)
  }

  /// Begins to tell the launcher how far the run has come, on rank 0 of a job whose launcher asks.
  package func progress(from found: Found?) -> LaunchProgress? {
    launch = LaunchProgress(rank: group.rank, from: found)
    return launch
  }

  /// A checkpoint to go on from.
  package struct Found {
    package let checkpoint: Checkpoint
    package let state: RunState
    package var path: String { checkpoint.path }
  }

  /// The checkpoint that `resume` means; nil to begin. Rank 0 chooses for all. A run that does not go on
  /// sets aside what an earlier one has left in its directory.
  ///
  /// A damaged newest checkpoint is an error that offers the one before it; a job that its launcher
  /// restarted takes that one by itself.
  package func find() throws -> Found? {
    guard let resume = identity.resume else {
      memory?.clear()
      let directory = identity.directory
      let earlier = try group.madeOnce("earlier run") { try EarlierRun.setAside(in: directory) }
      beginning = earlier.map { "\(directory) held an earlier run, which is in \($0) now" }
      return nil
    }
    let kept = resume == "latest" ? try memory?.newest() : nil
    let isNewer = try group.madeOnce("checkpoint") {
      kept.map { $0.step > store.latest().checkpoint?.step ?? -1 } ?? false
    }
    let shared = try isNewer ? kept.flatMap { try memory?.share($0) } : nil
    let path =
      try shared
      ?? group.madeOnce("checkpoint") {
        resume == "latest" ? try onDisk() : try Self.named(resume)
      }
    guard let path else {
      beginning = "there is no checkpoint in \(identity.directory) to go on from: the run begins"
      return nil
    }
    let found = try Found(path: path)
    try check(found)
    return found
  }

  /// The newest checkpoint on disk; nil for none. On rank 0.
  private func onDisk() throws -> String? {
    let latest = store.latest()
    if let damage = latest.damaged.first {
      guard let sound = latest.checkpoint else { throw damage }
      guard ProcessInfo.processInfo.environment["TORUS_RESTART_COUNT"].flatMap(Int.init) ?? 0 > 0
      else { throw DamagedCheckpoint(damage: damage, sound: sound.path) }
    }
    return latest.checkpoint?.path
  }

  /// The checkpoint at a path, where a run's folder is named by mistake.
  private static func named(_ path: String) throws(CheckpointError) -> String {
    do {
      return try Checkpoint(path: path).path
    } catch {
      guard FileManager.default.fileExists(atPath: "\(path)/checkpoints") else { throw error }
      throw CheckpointError(
        .mismatch, path: path, "this is a run and no checkpoint",
        remedy: "Go on with it by \(ResumeHint.quoted(path)) --resume, or name a folder in "
          + "\(path)/checkpoints")
    }
  }

  /// Refuses to go on with another optimizer's state, another model, or among other records.
  private func check(_ found: Found) throws(OtherRun) {
    let state = found.state
    func refuse(_ saved: String, _ given: String, _ remedy: String) -> OtherRun {
      OtherRun(path: found.path, saved: saved, given: given, remedy: remedy)
    }
    let optimizer = identity.optimizer
    if let saved = state.optimizer, saved != optimizer {
      throw refuse("optimizer \(saved)", optimizer, "set optimizer.name: \(saved)")
    }
    let now = identity.settings
    let changed = (state.settings ?? [:]).filter { key, value in
      identity.rule(key) == .refused && now[key] != value
    }.inKeyOrder
    let asBefore = changed.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
    if let saved = state.records, saved != identity.records {
      throw refuse(
        "\(saved) training records", "\(identity.records)",
        changed.isEmpty
          ? "give the data that \(identity.dataKey) named, and what of them is held out, as they were"
          : "set \(asBefore)")
    }
    if let (key, value) = changed.first {
      throw refuse("\(key): \(value)", now[key] ?? "no such key", "set \(asBefore)")
    }
    if let difference = state.contents?.difference(from: identity.contents) {
      throw refuse(
        "other data",
        "\(identity.dataKey): \(now[identity.dataKey] ?? "null"), where \(difference)",
        "give the data as they were")
    }
  }

  /// Keeps the present state in memory, where the job has some that outlives it; every rank takes part, and
  /// rank 0 writes, and where there are several hosts a rank of the next one.
  package func remember<Content>(
    _ trainer: Trainer<Content>, _ loader: any BatchLoading<[BatchPart<Content>]>,
    adding add: (inout CheckpointContents) throws -> Void = { _ in }
  ) throws {
    guard let memory else { return }
    let isKept = try memory.save(step: trainer.step) { store in
      try saveSpread(trainer, loader, in: store, adding: add)
    } whole: { copier in
      try contents(trainer, loader, awaitsEvaluation: false, copier: copier, adding: add)
    } buffers: {
      Set(trainer.model.namedBuffers().map { Array($0.name.utf8) })
    }
    if isKept { launch?.saved(step: trainer.step) }
  }

  /// Saves the present state; every rank takes part, and rank 0 writes, where that is configured while
  /// training goes on.
  /// - Parameters:
  ///   - awaitsEvaluation: Whether an evaluation is due that did not take place.
  ///   - add: Adds what this kind of run remembers besides, on rank 0.
  /// - Returns: The checkpoint's folder.
  /// - Throws: On every rank what kept the checkpoint before from being written.
  package func save<Content>(
    _ trainer: Trainer<Content>, _ loader: any BatchLoading<[BatchPart<Content>]>,
    awaitsEvaluation: Bool = false, adding add: (inout CheckpointContents) throws -> Void = { _ in }
  ) throws -> String {
    // Before the state is copied, so that no more than one copy is held.
    try settle()
    if try saveSpread(
      trainer, loader, in: store, awaitsEvaluation: awaitsEvaluation, adding: add)
    {
      launch?.saved(step: trainer.step)
      return store.path(step: trainer.step)
    }
    let contents = try contents(
      trainer, loader, awaitsEvaluation: awaitsEvaluation, adding: add)
    let step = trainer.step
    guard let contents else { return store.path(step: step) }
    guard identity.asynchronous else {
      let path = try store.save(contents, step: step)
      launch?.saved(step: step)
      return path
    }
    let writer = writer ?? CheckpointWriter(store) { [launch] in launch?.saved(step: $0) }
    self.writer = writer
    return try writer.save(contents, step: step)
  }

  /// Blocks until the last checkpoint is on disk; every rank takes part.
  /// - Throws: On every rank what kept it from being written.
  package func settle() throws {
    guard identity.asynchronous else { return }
    var failure: CheckpointError?
    do throws(CheckpointError) { try writer?.wait() } catch { failure = error }
    // All ranks come to the same end, whoever of them wrote.
    let said = try group.broadcast(
      object: group.rank == 0 ? failure.map { "\($0)" } ?? "" : nil, label: "checkpoint")
    guard said.isEmpty else { throw UnwrittenCheckpoint(description: said) }
  }

  /// Blocks until this rank writes nothing any more, however the run has ended.
  package func drain() { try? writer?.wait() }

  /// Saves the present state of a model that is spread over ranks, each rank its parts, while training waits.
  /// - Returns: False where it is not spread, or some rank does not see rank 0's files.
  private func saveSpread<Content>(
    _ trainer: Trainer<Content>, _ loader: any BatchLoading<[BatchPart<Content>]>,
    in store: CheckpointStore, awaitsEvaluation: Bool = false,
    adding add: (inout CheckpointContents) throws -> Void
  ) throws -> Bool {
    guard !isElsewhere, let optimizer = try trainer.spreadOptimizerState(),
      let weights = trainer.parallel?.spreadState()
    else { return false }
    let frozen = frozen(of: trainer.model)
    var contents = CheckpointContents(model: [])
    try describe(trainer, loader, awaitsEvaluation, optimizer.values, in: &contents)
    if group.rank == 0 { try add(&contents) }
    let files = SpreadFiles(
      files: [weights.filter { !frozen.contains(Array($0.name.utf8)) }, optimizer.tensors],
      group: group)
    var partial = ""
    let isWritten = try files.write { () throws(CheckpointError) in
      partial = try store.begin(step: trainer.step)
      return [Checkpoint.modelFile, Checkpoint.file(of: Self.optimizer)].map { "\(partial)/\($0)" }
    } end: { written throws(CheckpointError) in
      try store.finish(contents, step: trainer.step, in: partial, written: written)
    } abandon: {
      store.abandon(partial)
    }
    isElsewhere = !isWritten
    return isWritten
  }

  /// The present state, on rank 0; every rank takes part.
  /// - Parameter copier: A rank that gives what tensors of it are its own as well; nil for none.
  private func contents<Content>(
    _ trainer: Trainer<Content>, _ loader: any BatchLoading<[BatchPart<Content>]>,
    awaitsEvaluation: Bool, copier: Int? = nil,
    adding add: (inout CheckpointContents) throws -> Void
  ) throws -> CheckpointContents? {
    let isCopier = group.rank == copier
    let optimizer = try trainer.optimizerState()
    let frozen = frozen(of: trainer.model)
    let weights = try trainer.withAveragedModel {
      let whole = try trainer.weights()
      return (isCopier ? trainer.replicatedWeights : whole).map { state in
        StateDict(
          state.filter { !frozen.contains(Array($0.name.utf8)) }.map { ($0.name, $0.tensor) })
      }
    }
    // Copies all, of which nobody else knows.
    var contents = CheckpointContents(lending: weights ?? StateDict())
    try describe(trainer, loader, awaitsEvaluation, optimizer?.values, in: &contents)
    if isCopier {
      contents.groups[Self.optimizer] = trainer.replicatedOptimizerState?.lent()
      return contents
    }
    guard group.rank == 0, let optimizer else { return nil }
    contents.groups[Self.optimizer] = optimizer.tensors.lent()
    try add(&contents)
    return contents
  }

  /// Writes down what is neither a weight nor the optimizer's tensor; every rank takes part.
  private func describe<Content>(
    _ trainer: Trainer<Content>, _ loader: any BatchLoading<[BatchPart<Content>]>,
    _ awaitsEvaluation: Bool, _ optimizer: OptionValue?, in contents: inout CheckpointContents
  ) throws {
    let generators = try group.allGather(
      object: Data(Generator.default.state), label: "random states")
    let hook = try HookCheckpoint(trainer)
    let state = RunState(
      step: trainer.step, trainingSeconds: trainer.trainingSeconds,
      trainedRecords: trainer.trainedRecords, worldSize: group.size, position: loader.state,
      generators: generators, optimizer: identity.optimizer, records: identity.records,
      settings: identity.settings, contents: identity.contents,
      buckets: trainer.bucketPlan?.buckets, bucketLimits: identity.bucketLimits,
      hook: hook?.record, scaler: trainer.scaler.isEnabled ? trainer.scaler.stateDict() : nil,
      awaitsEvaluation: awaitsEvaluation ? true : nil)
    guard let optimizer else { return }
    try contents.setState("optimizer", optimizer)
    if let tensors = hook?.tensors, !tensors.isEmpty { contents.groups["hook"] = tensors.stored() }
    if let scheduler = trainer.scheduler {
      try contents.setState("scheduler", scheduler.stateDict())
    }
    try contents.setState("run", state)
  }

  /// The parameters that are not to be saved: those that are not trained, where they are elsewhere.
  private func frozen(of model: Module) -> Set<[UInt8]> {
    guard !identity.savesFrozen else { return [] }
    return Set(
      model.namedParameters().filter { !$0.parameter.requiresGrad }.map { Array($0.name.utf8) })
  }

  private static let optimizer = "optimizer"

  /// Saves the weights alone, as safetensors; every rank takes part.
  package static func saveModel(_ trainer: Trainer<some Any>, to path: String) throws {
    guard let parallel = trainer.parallel else {
      return try trainer.model.stateDict().save(safetensors: path)
    }
    try parallel.save(safetensors: path)
  }
}

/// A checkpoint of a run whose optimizer or data were others than the configured ones.
package struct OtherRun: Error, CustomStringConvertible {
  package let path: String
  package let saved: String
  package let given: String
  package let remedy: String

  package var description: String {
    "\(path) was saved with \(saved), and the configuration has \(given); \(remedy), or begin a new run"
  }
}

/// A checkpoint that could not be written, as every rank is told.
package struct UnwrittenCheckpoint: Error, CustomStringConvertible {
  /// Its path, the reason, and what to do.
  package let description: String
}

/// The newest checkpoint is damaged, and there is one before it.
package struct DamagedCheckpoint: Error, CustomStringConvertible {
  package let damage: CheckpointError
  package let sound: String

  package var description: String {
    "\(damage.path): \(damage.message). The checkpoint before it is sound: go on from it with --resume \(ResumeHint.quoted(sound))"
  }
}
