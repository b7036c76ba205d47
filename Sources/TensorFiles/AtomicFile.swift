import Archives
import Foundation

/// A file that is being written: plain POSIX writes, whose every failure is an error.
package struct FileSink {
  package let path: String
  private let descriptor: Int32
  /// The number of bytes written so far.
  package private(set) var count = 0
  /// The CRC-32 of the bytes written so far.
  package private(set) var checksum: UInt32 = 0

  /// Opens a file for writing.
  package init(path: String, flags: Int32 = O_WRONLY | O_CREAT | O_EXCL) throws(CheckpointError) {
    self.path = path
    descriptor = open(path, flags, 0o644)
    if descriptor < 0 { throw writeError(path, "cannot be created") }
  }

  /// Writes all of the bytes.
  package mutating func write(_ data: Data) throws(CheckpointError) {
    var failed = false
    data.withUnsafeBytes { source in
      var position = 0
      while position < source.count {
        let rest = UnsafeRawBufferPointer(rebasing: source[position...])
        let written = Foundation.write(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
        if written < 0 {
          if errno == EINTR { continue }
          failed = true
          return
        }
        position += written
      }
      checksum = crc32(of: source, continuing: checksum)
    }
    if failed { throw writeError(path, "cannot be written") }
    count += data.count
  }

  /// Waits until the bytes are on disk, and closes the file.
  package func finish() throws(CheckpointError) { try syncAndClose(descriptor, path) }

  /// Closes the file after a failure.
  package func abandon() { close(descriptor) }
}

/// Waits until what was written is on disk, and closes the file.
func syncAndClose(_ descriptor: Int32, _ path: String) throws(CheckpointError) {
  let synced = fsync(descriptor) == 0 || errno == EINVAL
  let code = errno
  let closed = close(descriptor) == 0
  if !synced { errno = code }
  if !synced || !closed { throw writeError(path, "cannot be written") }
}

/// Files that appear complete or not at all.
package enum AtomicFile {
  /// Writes a file beside its final place, syncs it, and moves it there.
  /// - Returns: The number and the CRC-32 of the bytes.
  /// - Throws: ``CheckpointError``, also that of `body`; what was at the path is then untouched.
  @discardableResult
  package static func write(
    to path: String, _ body: (inout FileSink) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> (count: Int, checksum: UInt32) {
    let temporary = partial(path)
    var sink = try FileSink(path: temporary)
    do throws(CheckpointError) {
      try body(&sink)
    } catch {
      sink.abandon()
      unlink(temporary)
      throw error
    }
    do throws(CheckpointError) {
      try sink.finish()
    } catch {
      unlink(temporary)
      throw error
    }
    try put(temporary, at: path)
    return (sink.count, sink.checksum)
  }

  /// A name beside a file's place, which no other writer takes.
  package static func partial(_ path: String) -> String {
    "\(path).\(getpid())-\(UInt32.random(in: .min ... .max)).partial"
  }

  /// Moves a file that is whole and on disk to its place; where that fails, it is removed.
  package static func put(_ partial: String, at path: String) throws(CheckpointError) {
    guard rename(partial, path) == 0 else {
      let failure = writeError(path, "cannot be replaced")
      unlink(partial)
      throw failure
    }
    try syncFolder(of: path)
  }

  /// Waits until a folder's entries are on disk.
  package static func syncFolder(of path: String) throws(CheckpointError) {
    let parent = (path as NSString).deletingLastPathComponent
    let folder = parent.isEmpty ? "." : parent
    let descriptor = open(folder, O_RDONLY)
    guard descriptor >= 0 else { throw writeError(folder, "cannot be opened") }
    defer { close(descriptor) }
    // Some network file systems do not sync folders and say so with EINVAL.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw writeError(folder, "cannot be synced")
    }
  }
}

/// An error for the present `errno`.
package func writeError(_ path: String, _ what: String) -> CheckpointError {
  let code = errno
  let remedy =
    switch code {
    case ENOSPC, EDQUOT: "Free some space or save elsewhere; what was saved before is untouched"
    case EACCES, EPERM, EROFS: "Make the folder writable, or save elsewhere"
    case ENOENT, ENOTDIR: "Create the folder \((path as NSString).deletingLastPathComponent)"
    default: "Check the disk; what was saved before is untouched"
    }
  return CheckpointError(
    .unwritable, path: path, "\(what): \(String(cString: strerror(code)))", remedy: remedy,
    systemError: code)
}

/// A file's bytes, mapped into memory.
/// - Parameter isWritable: Whether this process may change its own view of them, for which it must have room.
package func mappedContents(
  of path: String, isWritable: Bool = true
) throws(CheckpointError) -> Data {
  var status = stat()
  guard stat(path, &status) == 0 else {
    if errno == ENOENT || errno == ENOTDIR {
      throw CheckpointError(
        .missing, path: path, "there is no such file", remedy: "Check the path")
    }
    throw CheckpointError(
      .unreadable, path: path, "it cannot be examined: \(String(cString: strerror(errno)))",
      remedy: "Check the permissions of its folder")
  }
  guard status.st_mode & S_IFMT == S_IFREG else {
    throw CheckpointError(.unreadable, path: path, "it is not a file", remedy: "Name a file")
  }
  if status.st_size == 0 { return Data() }
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  let size = Int(status.st_size)
  // Private: all processes share the pages, but for those that one of them changes.
  let access = isWritable ? PROT_READ | PROT_WRITE : PROT_READ
  let base =
    descriptor < 0
    ? MAP_FAILED
    : mmap(nil, size, access, MAP_PRIVATE | MAP_NORESERVE, descriptor, 0)
  let code = errno
  if descriptor >= 0 { close(descriptor) }
  guard let base, base != MAP_FAILED else {
    throw CheckpointError(
      .unreadable, path: path, "it cannot be read: \(String(cString: strerror(code)))",
      remedy: "Check its permissions")
  }
  return Data(bytesNoCopy: base, count: size, deallocator: .custom { munmap($0, $1) })
}
