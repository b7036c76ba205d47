import Base
import Foundation
import Synchronization
import Tensors

/// Writes what TensorBoard shows (`torch.utils.tensorboard.SummaryWriter`).
///
/// ```swift
/// let writer = try SummaryWriter(logDir: "runs/mine")
/// try writer.addScalar("loss/train", loss, globalStep: step)
/// try writer.close()
/// ```
///
/// Tags with slashes are grouped: `loss/train` and `loss/test` stand together. A run of several workers
/// makes one writer, on rank 0. Methods may be called from any thread.
///
/// Every method that adds something takes the step at which it is so (`globalStep`, 0 where it is left
/// out) and, where that is not now, the time in seconds since 1970 (`walltime`); it throws
/// ``SummaryWriterError`` where the file cannot be written.
public final class SummaryWriter: Sendable {
  /// The folder of the event files.
  public let logDir: String
  private let maxQueue: Int
  private let flushSecs: Double
  private let filenameSuffix: String
  private let files = Mutex(Files())

  private struct Files: Sendable {
    /// This writer's file; nil after `close`, until something is added again.
    var own: EventFile?
    /// Those of ``addScalars(_:_:globalStep:walltime:)``, by their folders.
    var parts: [String: EventFile] = [:]
  }

  /// A writer of a new file in a folder, which is made where there is none.
  ///
  /// - Parameters:
  ///   - logDir: The folder; by default `runs/` with date, time and host, as in
  ///     `runs/Nov28_21-32-12_node1`.
  ///   - comment: Appended to the default folder's name.
  ///   - maxQueue: How many events wait in memory before they are written.
  ///   - flushSecs: How many seconds an event waits at most; it is looked at when the next one comes.
  ///   - filenameSuffix: Appended to the file's name.
  public init(
    logDir: String? = nil, comment: String = "", maxQueue: Int = 10, flushSecs: Double = 120,
    filenameSuffix: String = ""
  ) throws {
    self.logDir = try logDir.map { try UserPath.expanded($0) } ?? Self.standardFolder(comment)
    (self.maxQueue, self.flushSecs) = (maxQueue, flushSecs)
    self.filenameSuffix = filenameSuffix
    _ = try files.withLock { files throws(SummaryWriterError) in try own(&files) }
  }

  /// The event file that is written now; nil after ``close()``.
  public var path: String? { files.withLock { $0.own?.path } }

  // MARK: What is added

  /// Adds a number.
  /// - Parameters:
  ///   - tag: What it is called.
  ///   - value: The number.
  ///   - globalStep: The step that it belongs to.
  ///   - walltime: Seconds since 1970; by default now.
  ///   - newStyle: As a tensor of the scalars plugin instead of a bare number in single precision.
  ///   - doublePrecision: As such a tensor in double precision.
  public func addScalar(
    _ tag: String, _ value: some BinaryFloatingPoint, globalStep: Int? = nil,
    walltime: Double? = nil, newStyle: Bool = false, doublePrecision: Bool = false
  ) throws(SummaryWriterError) {
    let value = Double(value)
    let summary: Summary =
      newStyle || doublePrecision
      ? .scalarTensor(tag, value, isDouble: doublePrecision) : .scalar(tag, Float(value))
    try add(summary, globalStep, walltime)
  }

  /// Adds a whole number.
  public func addScalar(
    _ tag: String, _ value: some BinaryInteger, globalStep: Int? = nil, walltime: Double? = nil
  ) throws(SummaryWriterError) {
    try addScalar(tag, Double(value), globalStep: globalStep, walltime: walltime)
  }

  /// Adds a tensor of one element.
  public func addScalar(
    _ tag: String, _ value: Tensor, globalStep: Int? = nil, walltime: Double? = nil
  ) throws(SummaryWriterError) {
    try addScalar(tag, value.item(), globalStep: globalStep, walltime: walltime)
  }

  /// Adds several numbers that TensorBoard draws into one chart.
  ///
  /// Each has a run of its own, in a folder `mainTag_name` beside the event file (slashes and blanks are
  /// replaced by underscores).
  /// - Parameters:
  ///   - mainTag: The chart's name.
  ///   - values: Each number by its name.
  ///   - globalStep: The step that it belongs to.
  ///   - walltime: Seconds since 1970; by default now.
  public func addScalars(
    _ mainTag: String, _ values: [String: Double], globalStep: Int? = nil, walltime: Double? = nil
  ) throws(SummaryWriterError) {
    let now = walltime ?? Date().timeIntervalSince1970
    for (name, value) in values.inKeyOrder {
      let folder = "\(logDir)/\(mainTag.replacing("/", with: "_"))_\(name)"
        .replacing(" ", with: "_")
      let file = try files.withLock { files throws(SummaryWriterError) in
        if let known = files.parts[folder] { return known }
        let file = try open(folder)
        files.parts[folder] = file
        return file
      }
      try file.append(Self.event(.scalar(mainTag, Float(value)), globalStep, now))
    }
  }

  /// Adds how a tensor's elements are distributed. Elements that are not finite are left out.
  /// - Parameters:
  ///   - tag: What it is called.
  ///   - values: Of any shape.
  ///   - globalStep: The step that it belongs to.
  ///   - bins: The buckets' limits in ascending order; nil for TensorFlow's, which grow by a tenth.
  ///   - walltime: Seconds since 1970; by default now.
  public func addHistogram(
    _ tag: String, _ values: Tensor, globalStep: Int? = nil, bins: [Double]? = nil,
    walltime: Double? = nil
  ) throws(SummaryWriterError) {
    try addHistogram(
      tag, values.array(of: Double.self), globalStep: globalStep, bins: bins, walltime: walltime)
  }

  /// Adds how numbers are distributed.
  public func addHistogram(
    _ tag: String, _ values: [Double], globalStep: Int? = nil, bins: [Double]? = nil,
    walltime: Double? = nil
  ) throws(SummaryWriterError) {
    try add(.histogram(tag, Histogram(values, limits: bins)), globalStep, walltime)
  }

  /// Adds a text; TensorBoard renders its Markdown.
  public func addText(
    _ tag: String, _ text: String, globalStep: Int? = nil, walltime: Double? = nil
  ) throws(SummaryWriterError) {
    try add(.text(tag, text), globalStep, walltime)
  }

  /// Writes all that waits in memory.
  public func flush() throws(SummaryWriterError) {
    let all = files.withLock { ($0.own.map { [$0] } ?? []) + $0.parts.values }
    for file in all { try file.flush() }
  }

  /// Writes all that waits and closes the files. What is added later begins a new file.
  public func close() throws(SummaryWriterError) {
    try flush()
    files.withLock { $0 = Files() }
  }

  // MARK: Files and events

  /// Adds a summary to this writer's file.
  func add(_ summary: Summary, _ step: Int?, _ walltime: Double?) throws(SummaryWriterError) {
    try add(event: Self.event(summary, step, walltime ?? Date().timeIntervalSince1970))
  }

  /// Adds an event to this writer's file.
  func add(event: [UInt8]) throws(SummaryWriterError) {
    let file = try files.withLock { files throws(SummaryWriterError) in try own(&files) }
    try file.append(event)
  }

  /// `Event`: `wall_time = 1`, `step = 2`, `summary = 5`.
  static func event(_ summary: Summary, _ step: Int?, _ walltime: Double) -> [UInt8] {
    ProtoWriter.message {
      $0.double(1, walltime)
      if let step, step != 0 { $0.integer(2, step) }
      $0.data(5, summary.bytes)
    }
  }

  private func own(_ files: inout Files) throws(SummaryWriterError) -> EventFile {
    if let file = files.own { return file }
    let file = try open(logDir)
    files.own = file
    return file
  }

  /// How many files this process has made, so that two of one second differ.
  private static let made = Atomic<Int>(0)

  private func open(_ folder: String) throws(SummaryWriterError) -> EventFile {
    let now = Date().timeIntervalSince1970
    let number = Self.made.add(1, ordering: .relaxed).oldValue
    let name =
      "events.out.tfevents.\(String(format: "%010d", Int(now))).\(Self.host)"
      + ".\(getpid()).\(number)\(filenameSuffix)"
    return try EventFile(
      "\(folder)/\(name)", mostWaiting: maxQueue, patience: flushSecs, walltime: now)
  }

  private static var host: String {
    ProcessInfo.processInfo.hostName.replacing("/", with: "_")
  }

  private static func standardFolder(_ comment: String) -> String {
    var now = time(nil)
    var parts = tm()
    localtime_r(&now, &parts)
    var text = [CChar](repeating: 0, count: 64)
    strftime(&text, text.count, "%b%d_%H-%M-%S", &parts)
    let date = String(
      decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return "runs/\(date)_\(host)\(comment)"
  }
}
