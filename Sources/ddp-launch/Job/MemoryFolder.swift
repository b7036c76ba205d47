import CProcess
import Foundation

/// A folder for checkpoints in memory, which outlives a job's workers and ends with its launcher.
///
/// Its launcher holds a lock on it. Where a launcher was killed, its keepers find the lock free and remove the
/// folder; where they were killed too, this user's next launcher does.
final class MemoryFolder {
  /// The variable by which workers know it.
  static let variable = "TORUS_MEMORY_FOLDER"

  /// Its path.
  let path: String
  /// The folder, opened: with it the lock ends.
  private let descriptor: Int32

  /// A folder of this process's; nil where there is no shared memory. Folders whose launchers are gone are
  /// removed.
  init?() {
    let shared = Machine.otherSharedFolder ?? "/dev/shm"
    guard access(shared, W_OK) == 0 else { return nil }
    Self.removeOrphans(in: shared)
    let path = "\(shared)/\(Self.prefix)\(geteuid())-\(getpid())"
    var found: Int32?
    // Another launcher may take the new folder for an orphan before it is locked.
    for _ in 0..<100 where found == nil {
      mkdir(path, 0o700)
      guard let descriptor = Self.locked(path, waits: true) else { continue }
      if Self.isFolder(path, descriptor) { found = descriptor } else { close(descriptor) }
    }
    guard let found else { return nil }
    self.path = path
    descriptor = found
  }

  deinit { close(descriptor) }

  /// Removes it with all that is in it.
  func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// Removes the folder that an environment names, where its launcher is gone.
  static func removeOrphan(environment: [String: String]) {
    guard let path = environment[variable],
      URL(fileURLWithPath: path).lastPathComponent.hasPrefix(prefix)
    else { return }
    removeOrphan(path)
  }

  /// Removes all folders of this user's whose launchers are gone.
  ///
  /// - Parameter shared: The folder in which they are.
  static func removeOrphans(in shared: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: shared)) ?? []
    for name in names where name.hasPrefix("\(prefix)\(geteuid())-") {
      removeOrphan("\(shared)/\(name)")
    }
  }

  private static let prefix = "torus-memory-"

  private static func removeOrphan(_ path: String) {
    guard let descriptor = locked(path, waits: false) else { return }
    try? FileManager.default.removeItem(atPath: path)
    close(descriptor)
  }

  /// The folder, opened and locked; nil where it is not there, or another process has locked it.
  private static func locked(_ path: String, waits: Bool) -> Int32? {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    guard flock(descriptor, LOCK_EX | (waits ? 0 : LOCK_NB)) == 0 else {
      close(descriptor)
      return nil
    }
    return descriptor
  }

  /// Whether an opened folder is still the one at its path.
  private static func isFolder(_ path: String, _ descriptor: Int32) -> Bool {
    var here = stat()
    var there = stat()
    return fstat(descriptor, &here) == 0 && stat(path, &there) == 0
      && here.st_ino == there.st_ino && here.st_dev == there.st_dev
  }
}
