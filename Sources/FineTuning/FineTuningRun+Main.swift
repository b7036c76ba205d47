import Foundation
import Settings
import Training

/// The command line's side of fine-tuning.
extension FineTuningRun {
  /// Runs `ddp-train finetune` with its arguments: a configuration, and keys over it.
  ///
  /// Exit codes: 0 for a finished run, 143 for one that was asked to stop and saved a checkpoint
  /// (130 where that was Ctrl-C, sent to a single worker), 2 for a configuration that cannot be run, 1 for
  /// everything else.
  public static func main(_ arguments: [String]) -> Int32 { main(arguments, until: nil) }

  /// The same, stopped after a step as if somebody had asked.
  package static func main(_ arguments: [String], until step: Int?) -> Int32 {
    RunProgram<FineTuningConfiguration>(
      name: "ddp-train finetune",
      read: {
        let parsed = try RunArguments($0, keys: FineTuningConfiguration.keys)
        return (try FineTuningConfiguration(parsed), parsed.printsConfiguration)
      },
      run: { try FineTuningRun($0, $1, threads: $2, until: step).run() }
    ).main(arguments)
  }
}

extension FineTuningConfiguration: LaunchedConfiguration {
  /// The configuration as YAML that reads back as an equal value.
  public func yaml() -> String { written.yaml }
}

extension FineTuningConfiguration {
  /// The configuration that a command line asks for: a file, or the name of one in configs/, with keys
  /// set over it; or keys alone.
  /// - Throws: `ConfigurationError`, each case with its remedy.
  package init(
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
    let keys = (node.entries ?? []).map(\.key)
    // Contexts of questions are longer than sentences.
    let task = node.entries?.first { $0.key == "task" }?.node
    if !keys.contains("max_length"), task?.yamlInline == Task.questionAnswering.rawValue {
      node.set(try ConfigurationNode(option: "--max-length", value: "384"), at: ["max_length"])
    }
    try self.init(reading: node, at: "")
    if !keys.contains("name") { name = stem }
    if !keys.contains("run_dir") { runDirectory = "runs/\(name)" }
    // A run whose length is given in steps has no end by epochs unless that is set as well.
    if keys.contains("steps"), !keys.contains("epochs") { epochs = nil }
  }
}
