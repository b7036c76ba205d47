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

  func validate() throws {
    guard [mtbfHours, hostMtbfHours, checkpointEveryS, stateMb].allSatisfy({ ($0 ?? 1) > 0 }) else {
      throw ValidationError(
        "--mtbf-hours, --host-mtbf-hours, --checkpoint-every-s and --state-mb must be positive")
    }
    guard
      [repairMinutes, restartS, saveS ?? 0, writeS ?? 0, memorySaveS ?? 0]
        .allSatisfy({ $0 >= 0 && $0.isFinite })
    else {
      throw ValidationError(
        "--repair-minutes, --restart-s, --save-s, --write-s and --memory-save-s must not be negative"
      )
    }
  }

  /// Whether there are failures at all.
  var areGiven: Bool { mtbfHours != nil || hostMtbfHours != nil }

  /// What a job loses, for checkpoints on disk and in memory.
  /// - Parameter stateBytes: Of the model that is measured, if one is.
  func costs(stateBytes: Int?) throws -> (disk: FailureCosts, memory: FailureCosts) {
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
    guard let bytes = stateMb.map({ Int(min($0, 1e9) * 1_048_576) }) ?? stateBytes else {
      throw ValidationError("a trace does not tell a checkpoint's size: name it by --state-mb")
    }
    let measured = try CheckpointCost(bytes: bytes)
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
    defer { unlink(path) }
    let file = try FileHandle(forWritingTo: try created(path))
    try file.write(contentsOf: bytes)
    try file.synchronize()
    try file.close()
  }

  private static func created(_ path: String) throws -> URL {
    guard FileManager.default.createFile(atPath: path, contents: nil) else {
      throw RecordedRun.Unusable(
        description: "\(path): cannot be written (\(String(cString: strerror(errno)))); "
          + "give --save-s, --write-s and --memory-save-s, which are else measured there")
    }
    return URL(fileURLWithPath: path)
  }
}
