import Base
import Checkpoints
import Collectives
import Foundation
import TensorFiles

/// Checkpoints in memory that outlives the workers, for jobs that `ddp-launch` restarts: as those on disk,
/// but in a folder of the job's own in shared memory, which the launcher names in `TORUS_MEMORY_FOLDER` and
/// removes when the job ends.
///
/// Two are kept, so that one is whole while the next is written. Rank 0 writes what all ranks of its host read.
/// Where ranks are on several hosts, each has a folder, and the first rank of the next host keeps a copy: see
/// ``MemoryCopy``. A job that goes on takes the newest that any of its hosts has, and hosts without it are given
/// it.
package final class MemoryCheckpoints {
  /// The variable with the folder.
  package static let variable = "TORUS_MEMORY_FOLDER"

  /// This host's checkpoints, which its first rank writes.
  package let store: CheckpointStore
  private let group: ProcessGroup
  /// The first rank of each host, in their order.
  private let leaders: [Int]
  /// What keeps a copy on the next host; nil for a job on one, and where there is no room.
  private var copy: MemoryCopy?
  private var hasFailed = false
  /// Whether all ranks know that there are no more.
  private var hasFailedTogether = false

  /// The checkpoints of a job whose hosts all have such a folder; nil for another. Blocks until all ranks have
  /// called it.
  /// - Parameters:
  ///   - directory: The run directory, of which a job may have several.
  ///   - folder: This host's folder; nil for none.
  package init?(
    _ directory: String, _ group: ProcessGroup,
    folder: String? = ProcessInfo.processInfo.environment[MemoryCheckpoints.variable]
  ) throws {
    let folder = folder.flatMap { $0.isEmpty ? nil : $0 }
    if group.topology.nodes > 1 {
      let folders = try group.allGather(object: folder != nil, label: "memory folders")
      guard folders.allSatisfy({ $0 }) else { return nil }
    }
    guard let folder else { return nil }
    let path = URL(fileURLWithPath: directory).standardizedFileURL.path
    let name = Checksum.of(path)
    self.group = group
    var seen: Set<Int> = []
    leaders = (0..<group.size).filter { seen.insert(group.node(of: $0)).inserted }
    // Each host's first rank writes there as rank 0 does on its own.
    store = CheckpointStore(
      folder: "\(folder)/\(name)", keep: 2, rank: leaders.contains(group.rank) ? 0 : group.rank)
    if leaders.count > 1 { copy = MemoryCopy(rank: leaders[1], store, group) }
  }

  /// Why a job has none.
  /// - Parameters:
  ///   - nodes: Its hosts.
  ///   - environment: In which a launcher says what it does.
  package static func absence(
    nodes: Int, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String {
    let reason =
      switch environment["TORUS_MAX_RESTARTS"].flatMap({ Int($0) }) {
      case nil: "nothing outlives these workers; start them with ddp-launch --max-restarts N"
      case 0?: "ddp-launch never starts this job again; give it --max-restarts N"
      case _ where nodes > 1:
        "not all hosts have shared memory, or ddp-launch does not know their names (--host)"
      default: "this host has no shared memory"
      }
    return "no checkpoints are kept in memory (checkpoint.memory_every): \(reason)"
  }

  /// Saves; where there is no room, says so once, and the run goes on without. Every rank takes part.
  /// - Parameters:
  ///   - spread: Has all ranks write together; false where they cannot. Called for a job on one host.
  ///   - whole: What rank 0 is to write else, on rank 0, and on a given rank what tensors it has of that.
  ///   - buffers: The names of what ranks have of their own among the model's tensors.
  /// - Returns: Whether it is kept, on rank 0.
  package func save(
    step: Int, spread: (CheckpointStore) throws -> Bool,
    whole: (_ copier: Int?) throws -> CheckpointContents?, buffers: () -> Set<[UInt8]>
  ) throws -> Bool {
    guard !hasFailedTogether else { return false }
    guard leaders.count == 1 else { return try saveTwice(step, whole, buffers) }
    do {
      if try spread(store) { return true }
    } catch let error as UnwrittenCheckpoint {
      hasFailedTogether = true
      return failed(error)
    }
    // The others do not know that rank 0 has failed before.
    guard let contents = try whole(nil), !hasFailed else { return false }
    return write(contents, step)
  }

  /// Saves on rank 0 and the copier; every rank comes to the same end.
  private func saveTwice(
    _ step: Int, _ whole: (_ copier: Int?) throws -> CheckpointContents?,
    _ buffers: () -> Set<[UInt8]>
  ) throws -> Bool {
    let contents = try whole(copy?.rank)
    try copy?.begin(contents, step, buffers: buffers)
    var written: [CheckpointFile] = []
    if group.rank == 0, let contents, write(contents, step) { written = store.files(step: step) }
    if let copy {
      let outcome = try copy.finish(step, written)
      if outcome == .abandoned { self.copy = nil }
      hasFailedTogether = outcome == .nothing
    } else {
      hasFailedTogether = try group.broadcast(
        object: group.rank == 0 ? written.isEmpty : nil, label: "memory checkpoint")
    }
    // What other hosts were given to go on from is older now.
    if !hasFailedTogether, leaders.dropFirst(2).contains(group.rank) { remove() }
    return group.rank == 0 && !hasFailedTogether
  }

  private func write(_ contents: CheckpointContents, _ step: Int) -> Bool {
    do {
      try store.save(contents, step: step)
      return true
    } catch {
      return failed(error)
    }
  }

  private func failed(_ error: any Error) -> Bool {
    hasFailed = true
    if group.rank == 0 {
      StandardStream.error.write(
        "ddp-train: no more checkpoints are kept in memory: \(error)\n")
    }
    return false
  }

  /// Forgets what an earlier run in the same directory has left, on every host.
  package func clear() { if leaders.contains(group.rank) { remove() } }

  private func remove() { try? FileManager.default.removeItem(atPath: store.folder) }
}

/// What a job's hosts have to go on from.
extension MemoryCheckpoints {
  /// A checkpoint that a host has.
  package struct Offer: Codable, Equatable {
    package let step: Int
    /// The folder, on that host.
    let path: String
    let files: [CheckpointFile]

    /// Whether another host has the same.
    func isSame(as other: Offer?) -> Bool { step == other?.step && files == other?.files }
  }

  /// The newest checkpoint that one of the hosts has, and what the others have.
  package struct Kept {
    package var step: Int { offer.step }
    /// By rank; nil but for hosts' first ones, and where these have none.
    let offers: [Offer?]
    /// The rank whose it is.
    let source: Int
    let offer: Offer

    /// The newest of some ranks' offers, of equals the first rank's; nil where there is none.
    package init?(_ offers: [Offer?]) {
      guard let step = offers.compactMap({ $0?.step }).max(),
        let source = offers.firstIndex(where: { $0?.step == step }), let offer = offers[source]
      else { return nil }
      (self.offers, self.source, self.offer) = (offers, source, offer)
    }
  }

  /// One rank's offer as it travels.
  private struct Answer: Codable { let offer: Offer? }

  /// The newest sound checkpoint that a host of the job has, the same on all ranks; nil where there is none.
  /// Blocks until all ranks have called it.
  package func newest() throws -> Kept? {
    let own = leaders.contains(group.rank) ? store.latest().checkpoint : nil
    let answers = try group.allGather(
      object: Answer(offer: own.map { Offer(step: $0.step, path: $0.path, files: $0.files) }),
      label: "memory checkpoints")
    return Kept(answers.map(\.offer))
  }

  /// Gives a checkpoint to the hosts that lack it. Blocks until all ranks have called it.
  /// - Returns: Its folder on this host; nil, on all ranks, where some host has no room for it, which is said.
  package func share(_ kept: Kept) throws -> String? {
    let node = group.node(of: group.rank)
    let leader = leaders.first { group.node(of: $0) == node } ?? group.rank
    let lacking = leaders.filter { !kept.offer.isSame(as: kept.offers[$0]) }
    if !lacking.isEmpty {
      var problem: CheckpointError?
      var partial: String?
      if lacking.contains(group.rank) {
        do throws(CheckpointError) {
          partial = try store.begin(step: kept.step)
        } catch {
          problem = error
        }
      }
      let relay = FileRelay(files: kept.offer.files, source: kept.source, group: group)
      let fault = try relay.run(group.rank == kept.source ? kept.offer.path : partial)
      problem = problem ?? fault
      if let partial {
        do throws(CheckpointError) {
          if let problem { throw problem }
          try store.finish(
            CheckpointContents(model: []), step: kept.step, in: partial, written: kept.offer.files)
        } catch {
          problem = error
          store.abandon(partial)
        }
      }
      let problems = try group.allGather(
        object: problem.map { "\($0)" } ?? "", label: "memory checkpoint")
      if let rank = problems.firstIndex(where: { !$0.isEmpty }) {
        if group.rank == 0 {
          StandardStream.error.write(
            "ddp-train: rank \(rank) cannot take over the checkpoint in memory: \(problems[rank])\n"
          )
        }
        return nil
      }
    }
    let isGiven = lacking.contains(leader)
    return isGiven ? store.path(step: kept.step) : kept.offers[leader]?.path
  }
}

extension Checksum {
  /// The checksum of a text, in hexadecimal.
  fileprivate static func of(_ text: String) -> String {
    String(Array(text.utf8).withUnsafeBytes { of($0) }, radix: 16)
  }
}
