import Base
import Foundation

/// Files for the workers' output: `LOG_DIR/RUN_ID/attempt_0/2/stdout.log`, as torchrun lays them
/// out. A file that grows past its limit becomes `stdout.log.1`, the one before `.2`, and so on.
///
/// A log that cannot be written is no reason to end a job: its lines are lost until there is room again,
/// and the next line of the file says how many.
package final class RankLogs {
  private struct File {
    var descriptor: Int32
    var size: Int
    var lost = 0
  }

  private let folder: String
  private let limit: Int
  private let kept: Int
  private var files: [String: File] = [:]
  private var isTold = false

  /// Logs below `folder`.
  ///
  /// - Parameters:
  ///   - folder: The attempt's folder.
  ///   - limit: Bytes at which a file is put aside.
  ///   - kept: How many of those put aside stay.
  package init(folder: String, limit: Int, kept: Int = 3) throws(LaunchError) {
    self.folder = folder
    self.limit = limit
    self.kept = kept
    try Self.make(folder)
  }

  deinit {
    for file in files.values { close(file.descriptor) }
  }

  /// Appends a line to the file of a rank's stream.
  ///
  /// - Returns: Why it cannot be written, the first time that one cannot.
  package func write(_ line: [UInt8], _ stream: OutputStream, ofRank rank: Int) -> LaunchError? {
    do throws(LaunchError) {
      try append(line, stream, rank)
      return nil
    } catch {
      defer { isTold = true }
      return isTold ? nil : error
    }
  }

  /// The files that somebody has deleted while they were written.
  package var deleted: [String] {
    files.keys.filter { access($0, F_OK) != 0 }.sorted()
  }

  private func append(
    _ line: [UInt8], _ stream: OutputStream, _ rank: Int
  ) throws(LaunchError) {
    let path = "\(folder)/\(rank)/\(stream == .out ? "stdout" : "stderr").log"
    var file = if let known = files[path] { known } else { try open(path, rank) }
    if file.size > 0, file.size + line.count + 1 > limit {
      close(file.descriptor)
      // Forget it first: should the new file fail to open, nothing is closed twice.
      files[path] = nil
      for number in stride(from: kept, to: 0, by: -1) {
        rename(number == 1 ? path : "\(path).\(number - 1)", "\(path).\(number)")
      }
      if kept == 0 { unlink(path) }
      file = try open(path, rank)
    }
    let gap =
      file.lost == 0
      ? [] : Array("(\(file.lost) line\(file.lost == 1 ? "" : "s") could not be written)\n".utf8)
    let bytes = gap + line + Array("\n".utf8)
    let code = StandardStream.write(bytes, to: file.descriptor)
    if code == 0 {
      file.size += bytes.count
      file.lost = 0
    } else {
      // What there was room for is no line.
      _ = ftruncate(file.descriptor, off_t(file.size))
      file.lost += 1
    }
    files[path] = file
    if code != 0 { throw .cannotLog(path, errno: code) }
  }

  private func open(_ path: String, _ rank: Int) throws(LaunchError) -> File {
    try Self.make("\(folder)/\(rank)")
    let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .cannotLog(path, errno: errno) }
    let file = File(descriptor: descriptor, size: Int(lseek(descriptor, 0, SEEK_END)))
    files[path] = file
    return file
  }

  private static func make(_ folder: String) throws(LaunchError) {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw .cannotLog(folder, errno: error.errorNumber)
    }
  }
}
