import Collectives
import Foundation
import Settings

/// A configuration of a run that can write down where its time goes: a timeline of all workers, and what
/// some of its steps consist of.
public protocol RecordedConfiguration: ConfigurationSection {
  /// What the run is called.
  var name: String { get }
  /// Folder for what the run writes.
  var runDirectory: String { get }
  /// In which precision forward passes compute.
  var precision: TrainingPrecision { get }
  /// File for the timeline of all workers, `auto` for `trace.json` in the run directory; nil for none.
  var trace: String? { get set }
  /// How many of the run's first steps the timeline holds, or the first and the last step's number.
  var traceSteps: [Int] { get set }
  /// File for the tables of what steps consist of, `auto` for `profile.txt` in the run directory; nil for
  /// none.
  var profile: String? { get set }
  /// How many of the run's first steps are profiled, or the first and the last step's number.
  var profileSteps: [Int] { get set }
}

extension RecordedConfiguration {
  /// The keys of what is recorded.
  package static var recordingFields: [Field<Self>] {
    [
      Field(
        path: "trace", \.trace, words: ["auto"], bare: "auto",
        "file for a timeline of all workers; auto: RUN_DIR/trace.json"),
      Field(
        "trace_steps", \.traceSteps, in: .steps(),
        "how many first steps the timeline holds, or FIRST,LAST"),
      Field(
        path: "profile", \.profile, words: ["auto"], bare: "auto",
        "file for what steps consist of, by operation and layer; auto: RUN_DIR/profile.txt"),
      Field(
        "profile_steps", \.profileSteps, in: .steps(),
        "how many first steps are profiled, or FIRST,LAST"),
    ]
  }

  /// What is wrong with the steps that are to be recorded; nil where nothing is.
  package var recordingConflict: (key: String, problem: String, remedy: String)? {
    for (key, steps) in [("trace_steps", traceSteps), ("profile_steps", profileSteps)] {
      guard (1...2).contains(steps.count), steps[0] <= steps[steps.count - 1] else {
        return (
          key, "it is neither a number of steps nor a first and a last one",
          "set it as in \(key): 50 or \(key): [100, 120]"
        )
      }
    }
    return nil
  }

  /// Where the timeline goes.
  package var tracePath: String? { trace == "auto" ? "\(runDirectory)/trace.json" : trace }

  /// Which steps it holds.
  package var traceWindow: Timeline.Window { .init(traceSteps) }

  /// Where the tables of a profile go.
  package var profilePath: String? { profile == "auto" ? "\(runDirectory)/profile.txt" : profile }

  /// Which steps it is of.
  package var profileWindow: Timeline.Window { .init(profileSteps) }
}

extension Timeline.Window {
  /// A number of steps, or a first and a last one.
  fileprivate init(_ steps: [Int]) {
    self = steps.count == 1 ? .first(steps[0]) : .steps(steps[0]...steps[1])
  }
}

/// What a run writes down of its time on this rank, as its configuration asks: the timeline of all workers,
/// and on rank 0 what some steps consist of.
package final class RunRecording<Configuration: RecordedConfiguration> {
  /// What is told of the trainer's events and buckets; nil where no timeline is asked for.
  package let timeline: Timeline?
  private let configuration: Configuration
  private let world: World
  /// What rank 0 shows.
  private let terminal: TerminalSink?
  private var trace: TraceFile?

  package init(_ configuration: Configuration, _ world: World, _ terminal: TerminalSink?) {
    self.configuration = configuration
    self.world = world
    self.terminal = terminal
    timeline = configuration.tracePath.map { _ in Timeline(configuration.traceWindow) }
  }

  /// Begins the files of a run whose trainer is ready. Blocks until all ranks have called it.
  /// - Returns: What takes the trainer's events on this rank.
  /// - Throws: ``RunLogError`` on rank 0 where a file cannot be written.
  package func begin(_ trainer: Trainer<some Any>) throws -> [any EventSink] {
    guard let timeline, let path = configuration.tracePath else { return try profiling(trainer) }
    trace = try TraceFile(path, timeline, group: world.group)
    return try [timeline] + profiling(trainer)
  }

  /// Writes the timeline of a run that has ended, or was asked to. Blocks until all ranks have called it.
  package func end(threads: Int, model: String) throws {
    guard let trace, let path = configuration.tracePath else { return }
    try trace.finish([
      "name": .text(configuration.name), "model": .text(model),
      "threads": .integer(threads), "core_share": .number(world.coreShare),
    ])
    terminal?.say("timeline written to \(path)")
  }

  /// What looks at some of rank 0's steps and writes what it saw. That the file can be written is seen now.
  private func profiling(_ trainer: Trainer<some Any>) throws -> [any EventSink] {
    guard world.rank == 0, let path = configuration.profilePath else { return [] }
    let steps = configuration.profileSteps.map(String.init).joined(separator: " to ")
    // Where that fails, so does writing, which says why.
    try? FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try RunFile.write(Data("None of the steps was run yet: \(steps)\n".utf8), to: path)
    let profiler = StepProfiler(
      configuration.profileWindow, configuration.precision.dtype, timeline: timeline
    ) { [terminal, world] profile in
      guard let profile else {
        terminal?.say("nothing was profiled: the run did not come to profile_steps (\(steps))")
        return
      }
      try RunFile.write(Data("\(profile)\n".utf8), to: path)
      let rank = world.size == 1 ? "" : " on rank 0 of \(world.size)"
      terminal?.say("profile of \(profile.range)\(rank) written to \(path)")
    }
    trainer.profiler = profiler
    return [profiler]
  }
}
