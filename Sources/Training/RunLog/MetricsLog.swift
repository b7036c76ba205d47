import Base
import Foundation
import Synchronization

/// The run's `metrics.jsonl`: one JSON object a line, each written through to the file at once.
///
/// The last line of a finished run is
/// `{"event": "finished", "world_size": 4, "samples_per_second": 5210.0, "test_accuracy": 0.99}`.
/// Numbers that are not finite are written as `"nan"`, `"inf"` and `"-inf"`, so that every line
/// stays JSON. Only one rank of a run may hold its log.
public final class MetricsLog: Sendable {
  /// The file.
  public let path: String
  /// The descriptor, and the length of the lines that are complete.
  private let file: Mutex<(descriptor: Int32, length: Int64)>

  /// Opens the log in `folder`, which is made where it does not exist.
  ///
  /// - Parameters:
  ///   - folder: The run directory.
  ///   - step: For a resumed run, the step of its checkpoint: what an earlier attempt logged up
  ///     to there stays, and what it logged later, and a half-written last line, are dropped,
  ///     since the run will log those steps again. Nil begins an empty log.
  public init(folder: String, resumingAt step: Int? = nil) throws(RunLogError) {
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw .unwritableDirectory(folder, errno: error.errorNumber)
    }
    guard access(folder, W_OK | X_OK) == 0 else {
      throw .unwritableDirectory(folder, errno: errno)
    }
    path = "\(folder)/metrics.jsonl"
    if let step { try Self.dropLines(after: step, path) }
    // To be read as well: what stands there is copied where somebody deletes the file meanwhile.
    let flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | (step == nil ? O_TRUNC : 0)
    let descriptor = open(path, flags, 0o644)
    guard descriptor >= 0 else { throw .cannotOpen(path, errno: errno) }
    file = Mutex((descriptor, Int64(lseek(descriptor, 0, SEEK_END))))
  }

  deinit {
    file.withLock { _ = close($0.descriptor) }
  }

  /// Appends one line: `{"event": event, …metrics}`.
  ///
  /// - Throws: `RunLogError.cannotWrite`, after the half-written line is taken back.
  public func write(_ event: String, _ metrics: MetricValues) throws(RunLogError) {
    var line: MetricValues = ["event": .text(event)]
    for pair in metrics.pairs { line[pair.name] = pair.value }
    let bytes = Array((line.json + "\n").utf8)
    let failure: Int32 = file.withLock { file in
      var written = 0
      while written < bytes.count {
        let count = bytes[written...].withUnsafeBytes {
          Foundation.write(file.descriptor, $0.baseAddress, $0.count)
        }
        if count > 0 {
          written += count
        } else if errno != EINTR {
          let code = errno
          _ = ftruncate(file.descriptor, off_t(file.length))
          return code
        }
      }
      file.length += Int64(bytes.count)
      return 0
    }
    guard failure == 0 else { throw .cannotWrite(path, errno: failure) }
  }

  /// Makes the file again, with all that was written to it, where somebody has deleted or moved it or its
  /// folder while the run goes on.
  ///
  /// - Returns: Whether that was so.
  /// - Throws: `RunLogError.cannotOpen` where it cannot be made.
  package func restoreIfDeleted() throws(RunLogError) -> Bool {
    let failure: (isMissing: Bool, code: Int32) = file.withLock { file in
      var here = stat()
      var written = stat()
      guard fstat(file.descriptor, &written) == 0 else { return (false, 0) }
      let isThere = stat(path, &here) == 0
      if isThere, here.st_dev == written.st_dev, here.st_ino == written.st_ino { return (false, 0) }
      // A pipe or a device keeps nothing to copy.
      guard written.st_mode & S_IFMT == S_IFREG else { return (false, 0) }
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let new = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o644)
      guard new >= 0 else { return (true, errno) }
      if let code = Self.copy(file.descriptor, file.length, to: new) {
        close(new)
        return (true, code)
      }
      close(file.descriptor)
      file.descriptor = new
      return (true, 0)
    }
    guard failure.code == 0 else { throw .cannotOpen(path, errno: failure.code) }
    return failure.isMissing
  }

  /// Copies a file's first bytes; returns the errno of what failed.
  private static func copy(_ source: Int32, _ length: Int64, to target: Int32) -> Int32? {
    var place: Int64 = 0
    var failure: Int32?
    while place < length, failure == nil {
      let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
        let wanted = min(buffer.count, Int(length - place))
        let got = pread(source, buffer.baseAddress, wanted, off_t(place))
        if got <= 0 { failure = got == 0 ? EIO : errno }
        count = max(0, got)
      }
      let code = StandardStream.write(bytes, to: target)
      if code != 0 { failure = code }
      place += Int64(bytes.count)
    }
    return failure
  }

  /// Appends the run's last line and waits until it is on the disk.
  ///
  /// - Parameters:
  ///   - worldSize: How many workers trained.
  ///   - recordsPerSecond: Training records per second, over all workers; nil where these workers
  ///     trained none.
  ///   - results: What the run is judged by: `test_accuracy` or `validation_loss` (in nats).
  public func finish(
    worldSize: Int, recordsPerSecond: Double?, _ results: MetricValues
  ) throws(RunLogError) {
    var line: MetricValues = ["world_size": .integer(worldSize)]
    if let recordsPerSecond { line["samples_per_second"] = .number(recordsPerSecond) }
    for pair in results.pairs { line[pair.name] = pair.value }
    try write("finished", line)
    let failure: Int32 = file.withLock { fsync($0.descriptor) == 0 ? 0 : errno }
    // A pipe or a device cannot be synced, and need not be.
    guard failure == 0 || failure == EINVAL || failure == EROFS else {
      throw .cannotWrite(path, errno: failure)
    }
  }

  private static func dropLines(after step: Int, _ path: String) throws(RunLogError) {
    guard FileManager.default.fileExists(atPath: path) else { return }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .cannotOpen(path, errno: errno == 0 ? EACCES : errno)
    }
    // A last line without its newline was being written when the run was killed.
    let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .dropLast().filter { line in
        guard let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any]
        else { return false }
        return (object["step"] as? Int ?? 0) <= step && object["event"] as? String != "finished"
      }
    let kept = Data(lines.flatMap { $0 + [UInt8(ascii: "\n")] })
    do {
      try kept.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw .cannotOpen(path, errno: errno == 0 ? EACCES : errno)
    }
  }
}
