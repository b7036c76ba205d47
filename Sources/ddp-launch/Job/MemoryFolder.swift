import CProcess
import Foundation

/// A folder for checkpoints in memory, which outlives a job's workers and ends with its launcher.
///
/// On the launcher's own machine the launcher holds a lock on it. Where it was killed, its keepers find the lock
/// free and remove the folder; where they were killed too, this user's next launcher does. On the hosts of a
/// job the folder belongs to all processes of the job there that have joined it, and the last that leaves
/// removes it: keepers, and between attempts a ``MemoryHolder``.
package final class MemoryFolder {
  /// The variable by which workers know it.
  static let variable = "TORUS_MEMORY_FOLDER"

  /// Its path.
  package let path: String
  /// The folder, opened: with it the lock ends.
  private let descriptor: Int32

  /// A folder of this process's; nil where there is no shared memory. Folders whose launchers are gone are
  /// removed.
  init?() {
    let shared = Machine.otherSharedFolder ?? "/dev/shm"
    guard access(shared, W_OK) == 0 else { return nil }
    Self.removeOrphans(in: shared)
    let path = "\(shared)/\(Self.prefix)\(geteuid())-\(getpid())"
    guard let found = Self.made(path, LOCK_EX) else { return nil }
    self.path = path
    descriptor = found
  }

  /// A folder that this process has together with others of its job on this host; nil where there is no shared
  /// memory. Folders that nobody has any more are removed.
  ///
  /// - Parameter name: What tells it from all others of this user's here.
  package init?(joining name: String) {
    let folders = ["/dev/shm"] + (Machine.otherSharedFolder.map { [$0] } ?? [])
    for folder in folders { Self.removeOrphans(in: folder) }
    let paths = folders.map { "\($0)/\(Self.prefix)\(geteuid())-\(name)" }
    // What is there already counts, though less room may be left beside it by now.
    let path = paths.first { access($0, F_OK) == 0 } ?? paths[paths.count - 1]
    guard let found = Self.made(path, LOCK_SH) else { return nil }
    self.path = path
    descriptor = found
  }

  deinit { close(descriptor) }

  /// Gives up a folder that was joined, and removes it where nobody else has it.
  ///
  /// - Parameter seconds: How long to wait for others that have it.
  package func leave(within seconds: Double = 0) {
    let end = Date().addingTimeInterval(seconds)
    flock(descriptor, LOCK_UN)
    Self.removeOrphan(path)
    while access(path, F_OK) == 0, Date() < end {
      usleep(50_000)
      Self.removeOrphan(path)
    }
  }

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
    guard let descriptor = locked(path, LOCK_EX | LOCK_NB) else { return }
    try? FileManager.default.removeItem(atPath: path)
    close(descriptor)
  }

  /// The folder at a path, made where it is missing, opened and locked; nil where there can be none.
  private static func made(_ path: String, _ lock: Int32) -> Int32? {
    // Another process may take the new folder for an orphan before it is locked.
    for _ in 0..<100 {
      mkdir(path, 0o700)
      guard let descriptor = locked(path, lock) else { continue }
      if isFolder(path, descriptor) { return descriptor }
      close(descriptor)
    }
    return nil
  }

  /// The folder, opened and locked; nil where it is not there, or other processes' locks forbid it.
  private static func locked(_ path: String, _ lock: Int32) -> Int32? {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    guard flock(descriptor, lock) == 0 else {
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
