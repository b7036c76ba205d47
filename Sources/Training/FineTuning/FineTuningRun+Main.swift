import Base
import Collectives
import Foundation
import Settings
import Tensors

/// The command line's side of fine-tuning.
extension FineTuningRun {
  /// Runs `ddp-train finetune` with its arguments: a configuration, and keys over it.
  ///
  /// Exit codes: 0 for a finished run, 143 for one that was asked to stop, 2 for a configuration that
  /// cannot be run, 1 for everything else.
  public static func main(_ arguments: [String]) -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    let configuration: FineTuningConfiguration
    do {
      let parsed = try RunArguments(arguments, keys: FineTuningConfiguration.keys)
      configuration = try FineTuningConfiguration(parsed)
      if parsed.printsConfiguration {
        if launchedRank == 0, !StandardStream.output.write(configuration.written.yaml) { return 1 }
        return 0
      }
    } catch {
      complain(error, rank: launchedRank)
      return 2
    }
    let world: World
    do {
      world = try World.initialize(World.Options())
    } catch {
      complain(error, rank: launchedRank)
      return 1
    }
    if world.size > 1 { Failure.prefix = "[rank \(world.rank)] " }
    Failure.handlesAbort = true
    StopRequest.install()
    do {
      let end = try FineTuningRun(configuration, world).run()
      try world.finalize()
      return end == .finished ? 0 : 143
    } catch {
      let code: Int32 = error is ConfigurationError ? 2 : 1
      if world.size == 1 {
        world.expectExit()
        complain(error, rank: 0)
        return code
      }
      // What all ranks meet alike (a missing file), rank 0 says; its end is the others'.
      if world.rank != 0, !(error is CollectiveError) { Thread.sleep(forTimeInterval: 2) }
      world.group.end(error, during: "ddp-train finetune", code: code)
    }
  }

  private static var launchedRank: Int {
    LaunchVariables(environment: ProcessInfo.processInfo.environment).rank
  }

  private static func complain(_ error: any Error, rank: Int) {
    guard rank == 0 else { return Thread.sleep(forTimeInterval: 0.5) }
    StandardStream.error.write("ddp-train: \(error)\n")
  }
}

extension FineTuningConfiguration {
  /// The configuration that a command line asks for: a file, or the name of one in configs/, with keys
  /// set over it; or keys alone.
  /// - Throws: `ConfigurationError`, each case with its remedy.
  public init(
    _ arguments: RunArguments, files: ProjectFiles = ProjectFiles()
  ) throws(ConfigurationError) {
    var node: ConfigurationNode
    var stem = "finetune"
    if let given = arguments.configuration {
      let path = try RunConfiguration.find(given, files: files)
      node = try ConfigurationNode(yaml: RunConfiguration.text(path), path: path)
      stem = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    } else {
      node = ConfigurationNode(.section([]))
    }
    for override in arguments.overrides {
      let value = try ConfigurationNode(option: override.option, value: override.value)
      node.set(value, at: override.path[...])
    }
    try self.init(reading: node, at: "")
    let keys = (node.entries ?? []).map(\.key)
    if !keys.contains("name") { name = stem }
    if !keys.contains("run_dir") { runDirectory = "runs/\(name)" }
    // A run whose length is given in steps has no end by epochs unless that is set as well.
    if keys.contains("steps"), !keys.contains("epochs") { epochs = nil }
  }
}
