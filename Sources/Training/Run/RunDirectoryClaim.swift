import Foundation

/// One job's claim on its run directory: two that write checkpoints and metrics there would spoil each
/// other's, as workers do that outlive a killed launcher while the next job resumes.
///
/// It is a lock on the folder itself, which ends with the process that holds it, however that ends.
/// File systems without such locks, as some network ones, are not guarded.
package final class RunDirectoryClaim {
  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Whether the folder of that path is the one that is claimed, and not another in its place.
  package func holds(_ path: String) -> Bool {
    var claimed = stat()
    var here = stat()
    return fstat(descriptor, &claimed) == 0 && stat(path, &here) == 0
      && claimed.st_dev == here.st_dev && claimed.st_ino == here.st_ino
  }

  /// Claims a folder, which is made where it is missing.
  /// - Parameter patience: How long to wait for a job that is ending.
  /// - Returns: The claim; nil where the folder cannot be locked.
  /// - Throws: ``RunLogError/inUse(_:)`` where another job has it.
  package static func take(
    _ path: String, patience: Duration
  ) throws(RunLogError) -> RunDirectoryClaim? {
    // What cannot be made is reported by the first that writes there.
    try? FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true)
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    let claim = RunDirectoryClaim(descriptor)
    let end = ContinuousClock.now + patience
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else { return nil }
      if ContinuousClock.now >= end { throw .inUse(path) }
      usleep(50_000)
    }
    return claim
  }
}
