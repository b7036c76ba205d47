import ArgumentParser
import Foundation

/// How often hosts and workers fail, and what that costs, as options of a command.
struct FailureArguments: ParsableArguments {
  @Option(
    help: """
      Mean hours between two deaths of workers on a host that goes on; with it or \
      --host-mtbf-hours goodput is predicted too.
      """)
  var mtbfHours: Double?

  @Option(help: "Mean hours between two losses of a host.")
  var hostMtbfHours: Double?

  @Option(help: "Minutes until a host that was lost is back.")
  var repairMinutes = 30.0

  @Option(help: "Seconds from a failure to the first step done anew.")
  var restartS = 2.0

  @Option(help: "MiB of a checkpoint; the model's parameters and optimizer state if not given.")
  var stateMb: Double?

  @Option(
    help: "Seconds that steps wait for a checkpoint on disk; a copy's, measured, if not given.")
  var saveS: Double?

  @Option(help: "Seconds that writing it then takes; measured in the current folder if not given.")
  var writeS: Double?

  @Option(help: "Seconds that steps wait for a checkpoint in memory; measured if not given.")
  var memorySaveS: Double?

  @Option(help: "Seconds of work between two checkpoints; the best for each row if not given.")
  var checkpointEveryS: Double?

  @Option(
    help: "Seconds after which a job that goes on with fewer takes back what it has lost.")
  var growIntervalS = 60.0

  @Option(help: "The fewest workers with which a job on one machine goes on.")
  var fewestWorkers = 1

  @Option(
    help: """
      The speed without one worker or machine, as a share of that of all; repeated, without two, and \
      so on. In proportion to their number if not given.
      """)
  var shrunkSpeed: [Double] = []

  func validate() throws {
    guard
      [mtbfHours, hostMtbfHours, checkpointEveryS, stateMb]
        .allSatisfy({ (1e-9...1e15).contains($0 ?? 1) })
    else {
      throw ValidationError(
        "--mtbf-hours, --host-mtbf-hours, --checkpoint-every-s and --state-mb must lie in "
          + "1e-9 ... 1e15")
    }
    guard shrunkSpeed.allSatisfy({ $0 > 0 && $0 <= 2 }), fewestWorkers > 0 else {
      throw ValidationError(
        "--shrunk-speed must lie above 0 and be at most 2, and --fewest-workers be positive")
    }
    guard
      [repairMinutes, restartS, saveS ?? 0, writeS ?? 0, memorySaveS ?? 0, growIntervalS]
        .allSatisfy({ (0...1e15).contains($0) })
    else {
      throw ValidationError(
        "--repair-minutes, --restart-s, --save-s, --write-s, --memory-save-s and "
          + "--grow-interval-s must lie in 0 ... 1e15")
    }
  }

  /// Whether a checkpoint's size has to be known.
  var needsSize: Bool {
    areGiven && stateMb == nil && (saveS == nil || writeS == nil || memorySaveS == nil)
  }

  /// Whether there are failures at all.
  var areGiven: Bool { mtbfHours != nil || hostMtbfHours != nil }

  /// What a job loses, for checkpoints on disk and in memory.
  /// - Parameter stateBytes: The checkpoint's size, unless it was given.
  func costs(stateBytes: Int) throws -> (disk: FailureCosts, memory: FailureCosts) {
    var disk = FailureCosts()
    disk.deaths = (mtbfHours ?? .infinity) * 3600
    disk.losses = (hostMtbfHours ?? .infinity) * 3600
    disk.repair = repairMinutes * 60
    disk.restart = restartS
    disk.interval = checkpointEveryS
    var memory = disk
    if let saveS, let writeS, let memorySaveS {
      (disk.save, disk.write, memory.save) = (saveS, writeS, memorySaveS)
      return (disk, memory)
    }
    let measured = try CheckpointCost(
      bytes: stateMb.map { Int(min($0, 1e9) * 1_048_576) } ?? stateBytes)
    disk.save = saveS ?? measured.copy
    disk.write = writeS ?? measured.disk
    memory.save = memorySaveS ?? measured.memory
    return (disk, memory)
  }
}

/// Seconds that a state of some size takes to be copied and written here.
struct CheckpointCost {
  /// Copied within the process.
  let copy: Double
  /// Written to the current folder, until it is on disk.
  let disk: Double
  /// Written to shared memory.
  let memory: Double

  /// Measures up to 256 MiB and takes more in proportion.
  init(bytes: Int) throws {
    let part = min(max(bytes, 1), 256 << 20)
    let scale = Double(max(bytes, 1)) / Double(part)
    let source = [UInt8](repeating: 1, count: part)
    var target = [UInt8](repeating: 0, count: part)
    func median(_ body: () throws -> Void) throws -> Double {
      let clock = ContinuousClock()
      return try (0..<3).map { _ in try clock.measure(body) / .seconds(1) }.sorted()[1] * scale
    }
    copy = try median { target.withUnsafeMutableBytes { $0.copyBytes(from: source) } }
    disk = try median { try Self.write(source, in: ".") }
    let shared = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
    memory = try median { try Self.write(source, in: shared) }
  }

  private static func write(_ bytes: [UInt8], in folder: String) throws {
    let path = "\(folder)/torus-simulate-\(getpid())"
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    defer { unlink(path) }
    var rest = bytes[...]
    while file >= 0, !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
      if count <= 0 { break }
      rest = rest.dropFirst(count)
    }
    let isWritten = rest.isEmpty && fsync(file) == 0
    let reason = String(cString: strerror(errno))
    if file >= 0 { close(file) }
    guard isWritten else {
      throw RecordedRun.Unusable(
        description: "\(path): a checkpoint of \(bytes.count >> 20) MiB cannot be written "
          + "(\(reason)); give --save-s, --write-s and --memory-save-s, which are else measured")
    }
  }
}
