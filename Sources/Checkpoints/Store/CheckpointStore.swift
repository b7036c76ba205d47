import Foundation
import TensorFiles
import Tensors

/// The checkpoints of one run: a folder with one folder for each saved step.
///
/// A checkpoint is written beside its final place, synced, and moved there, so a crash at any moment
/// leaves the checkpoints before it whole. Only rank 0 writes; every rank can read. The caller puts
/// a barrier where other ranks must not go on before a checkpoint is there.
public struct CheckpointStore: Sendable {
  /// The folder of all checkpoints.
  public let folder: String
  /// How many of the newest checkpoints are kept.
  public let keep: Int
  /// This process's rank.
  public let rank: Int
  /// Whether a saved checkpoint is the newest, so that those of later steps are removed: a run has left them
  /// that went back to an earlier one.
  package var dropsLater = false

  /// The checkpoints in a folder, which is created when the first one is saved.
  public init(folder: String, keep: Int = 3, rank: Int = 0) {
    require(keep > 0, "CheckpointStore", "\(keep) checkpoints cannot be kept")
    self.folder = folder
    self.keep = keep
    self.rank = rank
  }

  /// The folder of a step's checkpoint.
  public func path(step: Int) -> String {
    let digits = String(step)
    return "\(folder)/\(Self.prefix)\(String(repeating: "0", count: max(0, 8 - digits.count)))"
      + digits
  }

  /// The steps that have a folder here, ascending; damaged ones among them.
  public var steps: [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let found = names.compactMap { name -> Int? in
      let base =
        name.hasSuffix(Self.replacedSuffix) ? name.dropLast(Self.replacedSuffix.count) : name[...]
      guard base.hasPrefix(Self.prefix), let step = Int(base.dropFirst(Self.prefix.count)),
        path(step: step) == "\(folder)/\(base)"
      else { return nil }
      return step
    }
    return Set(found).sorted()
  }

  /// Where a step's checkpoint is: aside, if a crash came while it was being replaced.
  private func place(step: Int) -> String {
    let final = path(step: step)
    let aside = final + Self.replacedSuffix
    let files = FileManager.default
    return !files.fileExists(atPath: final) && files.fileExists(atPath: aside) ? aside : final
  }

  /// Saves a checkpoint and removes those that are no longer to be kept. On other ranks than 0 it
  /// does nothing.
  /// - Returns: The checkpoint's folder.
  /// - Throws: ``TensorFiles/CheckpointError`` where it cannot be written; those before it are untouched.
  @discardableResult
  public func save(
    _ contents: CheckpointContents, step: Int
  ) throws(CheckpointError) -> String {
    guard rank == 0 else { return path(step: step) }
    let partial = try begin(step: step)
    return try finish(contents, step: step, in: partial)
  }

  /// Makes the folder in which a checkpoint is written, empty. On rank 0.
  package func begin(step: Int) throws(CheckpointError) -> String {
    try Self.createFolder(folder)
    let partial = "\(path(step: step))\(Self.partialSuffix)"
    remove(partial)
    try Self.createFolder(partial)
    return partial
  }

  /// Writes what is missing in the folder that ``begin(step:)`` made, puts it in place, and removes those that
  /// are no longer to be kept. On rank 0.
  /// - Parameter written: The files that are there already, whole and on disk.
  /// - Returns: The checkpoint's folder.
  @discardableResult
  package func finish(
    _ contents: CheckpointContents, step: Int, in partial: String, written: [CheckpointFile] = []
  ) throws(CheckpointError) -> String {
    let final = path(step: step)
    do throws(CheckpointError) {
      try write(contents, step: step, into: partial, beside: written)
      try put(partial, at: final)
    } catch {
      remove(partial)
      throw error
    }
    prune(saved: step)
    return final
  }

  /// Writes the tensors of some contents in the folder that ``begin(step:)`` made, for who writes the rest later.
  /// Empty groups are left out.
  package func write(
    tensorsOf contents: CheckpointContents, in partial: String
  ) throws(CheckpointError) -> [CheckpointFile] {
    var files: [CheckpointFile] = []
    let groups = contents.groups.map { (Checkpoint.file(of: $0.key), $0.value) }
    for (name, tensors) in [(Checkpoint.modelFile, contents.model)] + groups
    where !tensors.isEmpty {
      files.append(try Self.write(name, SafetensorsWriter.pieces(of: tensors), into: partial))
    }
    return files
  }

  /// The files that a step's checkpoint has by its manifest, unverified; empty where it is incomplete.
  package func files(step: Int) -> [CheckpointFile] {
    (try? Manifest(folder: place(step: step)))?.files ?? []
  }

  /// Removes a folder that ``begin(step:)`` made.
  package func abandon(_ partial: String) { remove(partial) }

  /// Opens and verifies the checkpoint of a step.
  /// - Throws: ``TensorFiles/CheckpointError``; for a damaged one it names the newest sound one before it.
  public func load(step: Int) throws(CheckpointError) -> Checkpoint {
    do throws(CheckpointError) {
      return try Checkpoint(path: place(step: step))
    } catch {
      for earlier in steps.reversed() where earlier < step {
        if let sound = try? Checkpoint(path: place(step: earlier)) {
          throw CheckpointError(
            error.problem, path: error.path, tensor: error.tensor, error.message,
            remedy: "The checkpoint before it is sound: \(sound.path)")
        }
      }
      throw error
    }
  }

  /// The newest sound checkpoint, and what is wrong with any that are newer.
  public struct Latest: Sendable {
    /// The newest sound checkpoint, or nil where there is none.
    public let checkpoint: Checkpoint?
    /// The faults of the damaged ones that are newer, the newest first.
    public let damaged: [CheckpointError]
  }

  /// Looks for the newest sound checkpoint; damaged ones are skipped and named.
  public func latest() -> Latest {
    var damaged: [CheckpointError] = []
    for step in steps.reversed() {
      do throws(CheckpointError) {
        return Latest(checkpoint: try Checkpoint(path: place(step: step)), damaged: damaged)
      } catch {
        damaged.append(error)
      }
    }
    return Latest(checkpoint: nil, damaged: damaged)
  }

  private static let prefix = "step-"
  private static let partialSuffix = ".partial"
  private static let replacedSuffix = ".replaced"

  private func write(
    _ contents: CheckpointContents, step: Int, into partial: String,
    beside written: [CheckpointFile]
  ) throws(CheckpointError) {
    var files: [CheckpointFile] = []
    func add(_ name: String, _ pieces: @autoclosure () -> [Data]) throws(CheckpointError) {
      if let file = written.first(where: { $0.name == name }) { return files.append(file) }
      files.append(try Self.write(name, pieces(), into: partial))
    }
    try add(Checkpoint.modelFile, SafetensorsWriter.pieces(of: contents.model))
    let groups = Set(contents.groups.keys.map(Checkpoint.file(of:)))
      .union(written.map(\.name)).subtracting([Checkpoint.modelFile, Checkpoint.stateFile])
    for name in groups.sorted() {
      let group = String(name.dropLast(Checkpoint.suffix.count))
      try add(name, SafetensorsWriter.pieces(of: contents.groups[group] ?? []))
    }
    try add(Checkpoint.stateFile, [contents.stateFile])
    let manifest = Manifest(step: step, files: files)
    try AtomicFile.write(to: "\(partial)/\(Manifest.fileName)") { sink throws(CheckpointError) in
      try sink.write(manifest.json)
    }
  }

  private static func write(
    _ name: String, _ pieces: [Data], into folder: String
  ) throws(CheckpointError) -> CheckpointFile {
    var sink = try FileSink(path: "\(folder)/\(name)")
    do throws(CheckpointError) {
      for piece in pieces { try sink.write(piece) }
    } catch {
      sink.abandon()
      throw error
    }
    try sink.finish()
    return CheckpointFile(name: name, bytes: sink.count, checksum: sink.checksum)
  }

  /// Moves a complete folder to its place. One that is there already is moved aside first, so that
  /// at every moment one of the two is whole.
  private func put(_ partial: String, at final: String) throws(CheckpointError) {
    let replaced = "\(final)\(Self.replacedSuffix)"
    if FileManager.default.fileExists(atPath: final) {
      // What stands aside is older than what is in place.
      remove(replaced)
      guard rename(final, replaced) == 0 else { throw writeError(final, "cannot be replaced") }
    }
    guard rename(partial, final) == 0 else {
      let failure = writeError(final, "cannot be put in place")
      rename(replaced, final)
      throw failure
    }
    try AtomicFile.syncFolder(of: final)
    remove(replaced)
  }

  /// Removes what is older than the checkpoints to be kept. Incomplete ones do not count among them.
  private func prune(saved: Int) {
    for step in steps where dropsLater && step > saved {
      remove(path(step: step))
      remove(path(step: step) + Self.replacedSuffix)
    }
    let complete = steps.filter {
      FileManager.default.fileExists(atPath: "\(place(step: $0))/\(Manifest.fileName)")
    }
    guard complete.count > keep else { return }
    let oldest = complete[complete.count - keep]
    for step in steps where step < oldest { remove(place(step: step)) }
  }

  private func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

  private static func createFolder(_ path: String) throws(CheckpointError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      // Foundation's error hides the reason; trying once more leaves it in errno.
      let status = mkdir(path, 0o755)
      if status != 0 { throw writeError(path, "cannot be created") }
    }
  }
}
