import Base
import Checkpoints
import Collectives
import Foundation
import TensorFiles

/// The copy of a job's checkpoints in memory that the first rank of the host after rank 0's keeps.
///
/// That rank writes what tensors it has by itself, as rank 0 does at the same time. Rank 0 tells it the rest of
/// the state, and buffers, which are every rank's own; and files that it does not come to by itself are handed
/// to it: the state of a sharded optimizer, parameters that are spread over ranks, what hooks keep, and what is
/// not the same on all ranks for another reason. Checksums tell which these are. A file that the copy before has
/// already is taken from there.
final class MemoryCopy {
  /// What became of a checkpoint, on every rank.
  enum Outcome {
    /// Rank 0 and the copier have it.
    case whole
    /// Rank 0 alone has it, and there are no more copies.
    case abandoned
    /// Rank 0 could not write it.
    case nothing
  }

  /// Bytes of buffers that rank 0 tells; where there are more, they are handed over with the weights' file where
  /// they differ.
  private static let toldBuffers = 1 << 20

  /// What rank 0 alone knows.
  private struct Told: Codable {
    let state: [String: Data]
    /// Bytes of buffers, by name.
    let buffers: [String: Data]
  }

  /// The files that a rank has.
  private struct Report: Codable {
    /// Of this checkpoint.
    var own: [CheckpointFile] = []
    /// Of the one before.
    var earlier: [CheckpointFile] = []
    var hasFailed = false
  }

  /// The copier.
  let rank: Int
  private let store: CheckpointStore
  private let group: ProcessGroup
  private var isCopier: Bool { group.rank == rank }
  /// On the copier: what kept a copy from being written.
  private var hasFailed = false
  private var told: Told?
  private var partial: String?
  private var own: [CheckpointFile] = []

  init(rank: Int, _ store: CheckpointStore, _ group: ProcessGroup) {
    (self.rank, self.store, self.group) = (rank, store, group)
  }

  /// Begins a copy; the copier writes what tensors it has. Blocks until all ranks have called it.
  /// - Parameters:
  ///   - contents: On rank 0 the whole checkpoint, and on the copier what tensors it has.
  ///   - buffers: The names of what ranks have of their own among the model's tensors.
  func begin(
    _ contents: CheckpointContents?, _ step: Int, buffers: () -> Set<[UInt8]>
  ) throws {
    var told: Told?
    if group.rank == 0 {
      let buffers = buffers()
      let own = contents?.model.filter { buffers.contains(Array($0.name.utf8)) } ?? []
      let isSmall = own.reduce(0) { $0 + $1.bytes.count } <= Self.toldBuffers
      told = Told(
        state: contents?.state ?? [:],
        buffers: Dictionary(
          (isSmall ? own : []).map { ($0.name, $0.bytes) }, uniquingKeysWith: { first, _ in first })
      )
    }
    told = try group.broadcast(object: told, label: "memory checkpoint")
    self.told = told
    guard isCopier, !hasFailed, var contents else { return }
    contents.model = contents.model.map { tensor in
      guard let bytes = told?.buffers[tensor.name], bytes.count == tensor.bytes.count else {
        return tensor
      }
      return StoredTensor(
        name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, bytes: bytes)
    }
    attempt { () throws(CheckpointError) in
      let partial = try store.begin(step: step)
      self.partial = partial
      own = try store.write(tensorsOf: contents, in: partial)
    }
  }

  /// Ends the copy that was begun. Blocks until all ranks have called it.
  /// - Parameter written: On rank 0 the files of the checkpoint that it has written; none where it could not.
  func finish(_ step: Int, _ written: [CheckpointFile]) throws -> Outcome {
    var report = Report()
    let before =
      isCopier ? store.steps.last { access(store.path(step: $0), F_OK) == 0 } : nil
    if group.rank == 0 {
      report.own = written
    } else if isCopier {
      report = Report(
        own: own, earlier: before.map { store.files(step: $0) } ?? [], hasFailed: hasFailed)
    }
    let reports = try group.allGather(object: report, label: "memory checkpoint")
    let (whole, copier) = (reports[0].own, reports[rank])
    guard !whole.isEmpty, !copier.hasFailed else {
      abandon()
      return whole.isEmpty ? .nothing : .abandoned
    }
    let isState = { (file: CheckpointFile) in file.name == Checkpoint.stateFile }
    let rest = whole.filter { !copier.own.contains($0) && !isState($0) }
    let sent = rest.filter { !copier.earlier.contains($0) }
    let problem = try FileRelay(files: sent, source: 0, group: group)
      .run(group.rank == 0 ? store.path(step: step) : partial)
    guard isCopier, let partial else { return .whole }
    attempt { () throws(CheckpointError) in
      if let problem { throw problem }
      for file in rest where !sent.contains(file) {
        let path = "\(partial)/\(file.name)"
        unlink(path)
        guard let before, link("\(store.path(step: before))/\(file.name)", path) == 0 else {
          throw writeError(path, "cannot be linked")
        }
      }
      var contents = CheckpointContents(model: [])
      contents.state = told?.state ?? [:]
      try store.finish(contents, step: step, in: partial, written: whole.filter { !isState($0) })
      self.partial = nil
    }
    return .whole
  }

  /// On the copier: does what may fail. Who waits for a copy is told at the next one.
  private func attempt(_ body: () throws(CheckpointError) -> Void) {
    do throws(CheckpointError) {
      try body()
    } catch {
      hasFailed = true
      StandardStream.error.write(
        "ddp-train: no more copies of checkpoints are kept in memory on this host: \(error)\n")
      abandon()
    }
  }

  private func abandon() {
    if let partial { store.abandon(partial) }
    partial = nil
  }
}
