import Archives
import Foundation

/// A file that several processes write, each its own bytes of it.
package struct SharedFile {
  package let path: String
  private let descriptor: Int32

  /// Makes a file of a number of bytes, which is not there yet.
  package static func create(_ path: String, bytes: Int) throws(CheckpointError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
    guard descriptor >= 0 else { throw writeError(path, "cannot be created") }
    defer { close(descriptor) }
    guard ftruncate(descriptor, off_t(bytes)) == 0 else {
      throw writeError(path, "cannot be written")
    }
  }

  /// Opens a file that another process may have made; nil where there is none.
  package init?(_ path: String) throws(CheckpointError) {
    self.path = path
    descriptor = open(path, O_WRONLY)
    if descriptor < 0 {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw writeError(path, "cannot be written")
    }
  }

  /// Writes all of the bytes at a place.
  /// - Returns: Their CRC-32.
  package func write(_ data: Data, at place: Int) throws(CheckpointError) -> UInt32 {
    var failed = false
    let checksum = data.withUnsafeBytes { source in
      var position = 0
      while position < source.count {
        let rest = UnsafeRawBufferPointer(rebasing: source[position...])
        let written = pwrite(
          descriptor, rest.baseAddress, min(rest.count, 1 << 30), off_t(place + position))
        if written < 0 {
          if errno == EINTR { continue }
          failed = true
          return UInt32(0)
        }
        position += written
      }
      return crc32(of: source)
    }
    if failed { throw writeError(path, "cannot be written") }
    return checksum
  }

  /// Waits until the bytes are on disk, and closes the file.
  package func finish() throws(CheckpointError) { try syncAndClose(descriptor, path) }

  /// Closes the file after a failure.
  package func abandon() { close(descriptor) }
}
