import Models
import Optimizers
import Settings

/// Everything a training run needs to know, from a YAML file, command line overrides and the
/// defaults below.
///
/// ```yaml
/// model: {name: char-gpt, layers: 4, heads: 4, width: 128}
/// data: {name: text, path: Sources, context: 64}
/// batch_size: 12
/// steps: 2000
/// optimizer: {name: adamw, lr: 1e-3}
/// ```
public struct RunConfiguration: Sendable, Equatable {
  /// What the run is called.
  public var name = "run"
  /// The model and its hyper-parameters.
  public var model = Selection("mlp", MLPOptions())
  /// The data source.
  public var data = Selection("digits", DigitsOptions())
  /// Records in one optimizer step, over all workers; every worker takes its share.
  public var batchSize = 64
  /// Passes over the training records; nil for no end by epochs.
  public var epochs: Int? = 10
  /// Optimizer steps; nil for no end by steps. Where both are set, what comes first ends the run.
  public var steps: Int?
  /// The optimizer and its settings.
  public var optimizer = Selection("adamw", AdamWOptions())
  /// The learning rate over the run.
  public var schedule = Selection("constant", ConstantScheduleOptions())
  /// Figures that are reported beside the model's own.
  public var metrics: [Selection] = []
  /// What takes the run's events besides its log and the terminal.
  public var callbacks: [Selection] = []
  /// Largest norm of all gradients together; nil for no clipping.
  public var clipGradNorm: Double?
  /// In which precision forward passes compute, and parameters are kept.
  public var precision = TrainingPrecision.f32
  /// How parameters that are bfloat16 themselves take steps.
  public var rounding = StepRounding.kahan
  /// In how many bits the optimizer keeps what it remembers.
  public var optimizerState = StateFormat.full
  /// Whether forward passes are captured and replayed.
  public var compile = false
  /// Parts in which a worker computes its share of a batch; more parts need less memory.
  public var accumulate = 1
  /// Seed of initial weights, order of records and dropout.
  public var seed = 1
  /// Steps between two lines of metrics.
  public var logEvery = 10
  /// When held-out records are judged.
  public var evaluation = EvaluationConfiguration()
  /// When checkpoints are saved.
  public var checkpoint = CheckpointConfiguration()
  /// How gradients meet.
  public var distributed = DistributedConfiguration()
  /// Compute threads of each worker; nil for OMP_NUM_THREADS, or its share of the cores.
  public var threads: Int?
  /// File for the timeline of all workers, `auto` for `trace.json` in the run directory; nil for none.
  public var trace: String?
  /// How many of the run's first steps the timeline holds, or the first and the last step's number.
  public var traceSteps = [100]
  /// File for the tables of what steps consist of, `auto` for `profile.txt` in the run directory; nil for
  /// none.
  public var profile: String?
  /// How many of the run's first steps are profiled, or the first and the last step's number.
  public var profileSteps = [11, 20]
  /// Folder for configuration, metrics and checkpoints.
  public var runDirectory = "runs/run"
  /// `latest` to go on from the run directory's newest checkpoint (or begin where there is none
  /// yet), or a checkpoint's path; nil to begin.
  public var resume: String?

  /// The keys, in the order in which they are printed.
  public static var fields: [Field<Self>] {
    [
      Field("name", \.name, standard: "the file's name", "what the run is called"),
      Field("model", \.model, among: ModelDefinition.registry, required: true),
      Field("data", \.data, among: DataDefinition.registry, required: true),
      Field("batch_size", \.batchSize, in: .count(), "records in one step, over all workers"),
      Field(
        "epochs", \.epochs, in: .count(), standard: "10, or null where steps are set",
        "passes over the records; null for no such end"),
      Field("steps", \.steps, in: .steps(), "optimizer steps; null for no such end"),
      Field("optimizer", \.optimizer, among: OptimizerDefinition.registry),
      Field("schedule", \.schedule, among: ScheduleDefinition.registry),
      Field(
        "metrics", \.metrics, eachAmong: MetricDefinition.registry,
        "figures that are reported beside the model's own"),
      Field(
        "callbacks", \.callbacks, eachAmong: CallbackDefinition.registry,
        "what is told of the run besides its log and the terminal"),
      Field(
        "clip_grad_norm", \.clipGradNorm, in: .positiveFloat,
        "largest norm of all gradients together"),
      Field("precision", \.precision, "f32, mixed with bf16 or f16, or parameters in bf16 too"),
      Field("rounding", \.rounding, "how parameters take steps with bf16-true"),
      Field(
        "optimizer_state", \.optimizerState, "bits of what the optimizer remembers of a number"),
      Field("compile", \.compile, "capture forward passes and replay them; the same results"),
      Field("accumulate", \.accumulate, in: .count(), "parts in which a share is computed"),
      Field("seed", \.seed, in: .atLeast(0), "seed of weights, order of records and dropout"),
      Field("log_every", \.logEvery, in: .steps(), "steps between two lines of metrics"),
      Field("evaluation", \.evaluation),
      Field("checkpoint", \.checkpoint),
      Field("distributed", \.distributed),
      Field(
        "threads", \.threads, in: .between(1, 1024),
        "threads of each worker; null for OMP_NUM_THREADS, else its share of the cores"),
    ] + recordingFields + [
      Field(
        path: "run_dir", \.runDirectory, standard: "runs/NAME",
        "folder for configuration, metrics and checkpoints"),
      Field(
        path: "resume", \.resume, words: ["latest"], bare: "latest",
        "latest, or a checkpoint's path, to go on from"),
    ]
  }

  /// Every key there is, variants' keys included, for help and for reading a command line.
  public static func keys() -> [KeyDescription] {
    fields.flatMap { $0.describe(Self(), $0.name) }
  }

  /// Reads the configuration that `node` spells.
  ///
  /// - Parameters:
  ///   - node: The keys that were set.
  ///   - name: The run's name where the keys give none.
  public init(
    reading node: ConfigurationNode, name: String = "run"
  ) throws(ConfigurationError) {
    self.name = name
    // A run whose length is given in steps has no end by epochs unless that is set as well.
    let keys = node.entries ?? []
    if keys.contains(where: { $0.key == "steps" && !$0.node.isNull }) { epochs = nil }
    do {
      try read(node, at: "", fields: Self.fields)
    } catch .unknownKey(let key, let place, nil, let known) {
      // `lr` at the top is near no key there, but is the last word of `optimizer.lr`.
      let last = ".\(key.split(separator: ".").last ?? "")"
      let elsewhere = Self.keys().first { $0.path.hasSuffix(last) && $0.path != key }?.path
      throw .unknownKey(key, place, nearest: elsewhere, known: known)
    }
    if !keys.contains(where: { $0.key == "run_dir" }) {
      guard Self.isFolderName(self.name) else {
        throw .conflict(
          "name",
          problem:
            "'\(ConfigurationNode.shortened(self.name))' cannot be a folder's name, so runs/NAME is no run directory",
          remedy: "use at most 200 bytes, or set run_dir")
      }
      runDirectory = "runs/\(self.name.isEmpty ? "run" : self.name)"
    }
    for conflict in [
      distributed.shortage(ofRecords: batchSize), distributed.conflict(with: optimizerState),
      distributed.conflict(with: rounding, precision), recordingConflict,
    ].compactMap(\.self) {
      throw .conflict(conflict.key, problem: conflict.problem, remedy: conflict.remedy)
    }
    if compile, distributed.shardOptimizer == .zero3 {
      throw .conflict(
        "compile", problem: "parameters that shard_optimizer: zero3 spreads come and go",
        remedy: "set compile to false, or distributed.shard_optimizer to zero2")
    }
    if epochs == nil, steps == nil {
      throw .conflict(
        "epochs", problem: "the run would never end", remedy: "set epochs, steps, or both")
    }
  }

  private static func isFolderName(_ name: String) -> Bool {
    name.utf8.count <= 200 && !name.utf8.contains(0)
      && !name.split(separator: "/").contains("..") && name != "."
  }

  /// The configuration as YAML that reads back as an equal value.
  public func yaml() -> String { written.yaml }
}

extension RunConfiguration: RecordedConfiguration {
  /// The defaults: an MLP over the digits.
  public init() {}
}
