import Base
import Checkpoints
import Collectives
import Foundation

/// Checkpoints in memory that outlives the workers, for jobs that `ddp-launch` restarts: as those on disk,
/// but in a folder of the job's own in shared memory, which the launcher names in `TORUS_MEMORY_FOLDER` and
/// removes when the job ends.
///
/// Two are kept, so that one is whole while the next is written. Rank 0 writes what all ranks read, so there
/// are none where ranks are on several hosts.
package final class MemoryCheckpoints {
  /// The variable with the folder.
  package static let variable = "TORUS_MEMORY_FOLDER"

  package let store: CheckpointStore
  private let rank: Int
  private var hasFailed = false
  /// Whether all ranks know that there are no more.
  private var hasFailedTogether = false

  /// The checkpoints of a job that has such a folder; nil for another, and for one on several hosts.
  /// - Parameter directory: The run directory, of which a job may have several.
  package init?(_ directory: String, _ group: ProcessGroup) {
    guard group.topology.nodes == 1,
      let folder = ProcessInfo.processInfo.environment[Self.variable], !folder.isEmpty
    else { return nil }
    let path = URL(fileURLWithPath: directory).standardizedFileURL.path
    let name = Checksum.of(path)
    rank = group.rank
    store = CheckpointStore(folder: "\(folder)/\(name)", keep: 2, rank: group.rank)
  }

  /// Saves; where there is no room, says so once, and the run goes on without. Every rank takes part.
  /// - Parameters:
  ///   - spread: Has all ranks write together; false where they cannot.
  ///   - whole: What rank 0 is to write else, on rank 0.
  /// - Returns: Whether it is kept, on rank 0.
  package func save(
    step: Int, spread: (CheckpointStore) throws -> Bool, whole: () throws -> CheckpointContents?
  ) throws -> Bool {
    guard !hasFailedTogether else { return false }
    do {
      if try spread(store) { return true }
    } catch let error as UnwrittenCheckpoint {
      hasFailedTogether = true
      return failed(error)
    }
    // The others do not know that rank 0 has failed before.
    guard let contents = try whole(), !hasFailed else { return false }
    do {
      try store.save(contents, step: step)
      return true
    } catch {
      return failed(error)
    }
  }

  private func failed(_ error: any Error) -> Bool {
    hasFailed = true
    if rank == 0 {
      StandardStream.error.write(
        "ddp-train: no more checkpoints are kept in memory: \(error)\n")
    }
    return false
  }

  /// Forgets what an earlier run in the same directory has left. On rank 0.
  package func clear() {
    if rank == 0 { try? FileManager.default.removeItem(atPath: store.folder) }
  }
}

extension Checksum {
  /// The checksum of a text, in hexadecimal.
  fileprivate static func of(_ text: String) -> String {
    String(Array(text.utf8).withUnsafeBytes { of($0) }, radix: 16)
  }
}
