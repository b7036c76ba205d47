import Foundation
import Models
import NN
import Optimizers
import Settings
import Tensors
import Testing
import Training

/// The smallest configuration that is complete.
private let minimal = "model: digits-cnn\ndata: digits\n"

private func configuration(
  _ yaml: String, _ arguments: String...
) throws -> RunConfiguration {
  try inFolder { folder in
    let path = "\(folder)/job.yaml"
    try Data(yaml.utf8).write(to: URL(fileURLWithPath: path))
    return try RunConfiguration(RunArguments([path] + arguments))
  }
}

private func inFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("torus-configuration-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

/// The error that `body` throws, with the temporary folder left out of its places.
private func failure(_ body: () throws -> some Any) -> ConfigurationError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error as? ConfigurationError
  }
}

@Suite struct ConfigurationTests {
  @Test func `a bare name is a section's name, and all other keys have defaults`() throws {
    let run = try configuration(minimal)
    #expect(run.name == "job")
    #expect(run.runDirectory == "runs/job")
    #expect(run.model == Selection("digits-cnn", CNNOptions()))
    #expect(run.batchSize == 64)
    #expect(run.epochs == 10 && run.steps == nil)
    #expect(try run.optimizer.options(AdamWOptions.self).weightDecay == 0.01)
    #expect(run.distributed == DistributedConfiguration())
  }

  @Test func `every kind of value is read`() throws {
    let run = try configuration(
      """
      name: a run
      model: {name: text-lstm, bidirectional: off, pooling: mean, dropout: 0}
      data: {name: labelled-text, path: /data/sst2, validation: null}
      batch_size: 1_000
      steps: 1e6
      optimizer:
        name: adam
        lr: 1e-5
        betas: [0.8, .9]
      clip_grad_norm: 1
      """)
    let model = try run.model.options(TextLSTMOptions.self)
    #expect(!model.bidirectional && model.pooling == .mean && model.dropout == 0)
    #expect(try run.data.options(LabelledTextOptions.self).validation == nil)
    #expect(run.batchSize == 1000 && run.steps == 1_000_000 && run.epochs == nil)
    let adam = try run.optimizer.options(AdamOptions.self)
    #expect(adam.lr == 1e-5 && adam.betas == [0.8, 0.9])
    #expect(run.clipGradNorm == 1 && run.runDirectory == "runs/a run")
  }

  @Test(arguments: [
    "", "--optimizer.lr=1e-17", "--clip-grad-norm=0.1", "--steps=3", "--resume",
    "--run-dir= odd: 'name' #\"1\\\"\n\t\u{7}é", "--name='null'", "--name=''", "--name=3",
    "--model.channels=1,2", "--data.path=-", "--optimizer.name=sgd", "--threads=3",
    "--distributed.hook=bf16", "--distributed.hook=powersgd", "--distributed.hook=batched_powersgd",
    "--distributed.hook=post_local_sgd",
  ])
  func `what is printed reads back as the same value`(override: String) throws {
    let run = try configuration(minimal, override.isEmpty ? "--seed=7" : override)
    let again = try configuration(run.yaml())
    #expect(again == run)
    #expect(again.yaml() == run.yaml())
  }

  @Test func `a communication hook is named with its keys`() throws {
    #expect(try configuration(minimal).distributed.hook == Selection("none", NoOptions()))
    let yaml = minimal + "distributed: {hook: {name: powersgd, matrix_approximation_rank: 4}}"
    let power = try configuration(yaml, "--distributed.hook.warm-start=off").distributed.hook
    let options = try power.options(PowerSGDHookOptions.self)
    #expect(power.name == "powersgd" && options.matrixApproximationRank == 4)
    #expect(options.startPowerSGDIter == 1000 && options.useErrorFeedback && !options.warmStart)
    // Early enough where nothing is remembered.
    _ = try configuration(
      yaml, "--distributed.hook.warm_start=off", "--distributed.hook.use_error_feedback=off",
      "--distributed.hook.start_powersgd_iter=0")
    for (text, subgroup) in [
      ("node", PostLocalSGDHookOptions.Subgroup.node), ("none", .none), ("2", .workers(2)),
    ] {
      let local = try configuration(
        yaml, "--distributed.hook=post_local_sgd", "--distributed.hook.subgroup=\(text)")
      let options = try local.distributed.hook.options(PostLocalSGDHookOptions.self)
      #expect(options.subgroup == subgroup)
      #expect(try configuration(local.yaml()) == local)
    }
  }

  @Test func `a saved configuration loads as the same value`() throws {
    try inFolder { folder in
      let run = try configuration(minimal, "--optimizer.lr", "3e-4")
      try run.save(in: folder)
      #expect(try RunConfiguration(file: "\(folder)/config.yaml") == run)
      #expect(
        failure { try run.save(in: "\(folder)/absent") }?.description.contains("cannot be written")
          == true)
    }
  }

  @Test func `overrides win over the file, later ones over earlier, in either spelling`() throws {
    let run = try configuration(
      minimal + "optimizer: {name: adamw, lr: 1}", "--optimizer.lr", "3e-4",
      "--batch-size=8", "--batch_size", "16", "--checkpoint.keep", "5",
      "--model.channels", "[4, 8]", "--run-dir", "elsewhere")
    #expect(try run.optimizer.options(AdamWOptions.self).lr == 3e-4)
    #expect(run.batchSize == 16 && run.checkpoint.keep == 5)
    #expect(try run.model.options(CNNOptions.self).channels == [4, 8])
    #expect(run.runDirectory == "elsewhere")
  }

  @Test func `a switch stands alone or takes a truth value`() throws {
    let arguments = try RunArguments([
      "--optimizer.nesterov", "char-gpt", "--print-config", "--resume",
    ])
    #expect(arguments.configuration == "char-gpt" && arguments.printsConfiguration)
    #expect(arguments.overrides.map(\.value) == ["true", "latest"])
    let other = try RunArguments(["--optimizer.nesterov", "false", "--resume", "runs/x/step-3"])
    #expect(other.configuration == nil)
    #expect(other.overrides.map(\.value) == ["false", "runs/x/step-3"])
  }

  @Test func `naming another optimizer leaves out the file's keys for the old one`() throws {
    let yaml = minimal + "optimizer: {name: adamw, lr: 0.5, betas: [0.1, 0.2]}"
    let run = try configuration(yaml, "--optimizer.name", "sgd", "--optimizer.momentum", "0.9")
    let sgd = try run.optimizer.options(SGDOptions.self)
    #expect(sgd.lr == 0.5 && sgd.momentum == 0.9)
    let typed = failure {
      try configuration(yaml, "--optimizer.name", "sgd", "--optimizer.betas", "1,2")
    }
    #expect(typed?.description.contains("unknown key optimizer.betas") == true)
    #expect(try configuration(yaml, "--optimizer", "sgd").optimizer.name == "sgd")
  }

  @Test func `every ready-made configuration loads and is found by its bare name`() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().path
    let files = ProjectFiles(executable: "\(root)/.build/release/ddp-train")
    #expect(files.root == root)
    let names = ["digits-cnn", "char-gpt", "char-gpt-shakespeare", "mnist-cnn", "text-lstm"]
    for name in names {
      let run = try RunConfiguration(RunArguments([name]), files: files)
      #expect(run.name == name && run.runDirectory == "runs/\(name)")
    }
    #expect(try RunConfiguration(RunArguments([]), files: files).name == "digits-cnn")
    let shipped = try FileManager.default.contentsOfDirectory(atPath: "\(root)/configs")
    #expect(Set(shipped) == Set(names.map { "\($0).yaml" } + ["finetune"]))
    let misspelt = failure { try RunConfiguration(RunArguments(["chargpt"]), files: files) }
    #expect(misspelt?.description.contains("did you mean 'char-gpt'?") == true)
    #expect(files.resolve("configs/char-gpt.yaml").hasSuffix("configs/char-gpt.yaml"))
  }

  @Test func `threads are those configured, else OMP_NUM_THREADS, else left to the cores`() throws {
    let run = try configuration(minimal)
    #expect(try run.threads(in: [:]) == nil && run.threads(in: ["OMP_NUM_THREADS": " "]) == nil)
    #expect(try run.threads(in: ["OMP_NUM_THREADS": "3"]) == 3)
    #expect(try run.threads(in: ["OMP_NUM_THREADS": " 4 , 2"]) == 4)
    let set = try configuration(minimal, "--threads", "2")
    #expect(try set.threads(in: ["OMP_NUM_THREADS": "3"]) == 2)
    for wrong in ["0", "-1", "many", ",2", "1.5"] {
      #expect(
        failure { try run.threads(in: ["OMP_NUM_THREADS": wrong]) }?.description
          == "the environment variable OMP_NUM_THREADS is '\(wrong)': "
          + "set it to a whole number from 1 to 1024, or unset it")
    }
  }

  @Test func `help lists every key with its kind, default and purpose`() {
    let keys = RunConfiguration.keys()
    let byPath = Dictionary(keys.map { ($0.path, $0) }) { first, _ in first }
    #expect(byPath["distributed.bucket_mb"]?.standard == "25.0")
    #expect(byPath["model.heads"]?.expectation == "a whole number, at least 1")
    #expect(byPath["optimizer.nesterov"]?.bareText == "true")
    #expect(byPath["data.path"] != nil && byPath["model.name"]?.standard == nil)
    #expect(keys.allSatisfy { !$0.help.isEmpty })
    #expect(byPath["model.name"]?.choices.map(\.name).contains("char-gpt") == true)
    #expect(byPath["model.heads"]?.takers == ["char-gpt"])
    #expect(byPath["schedule.min_lr"]?.takers == ["cosine", "linear"])
    #expect(byPath["run_dir"]?.standard == "runs/NAME" && byPath["seed"]?.takers == [])
  }

  @Test func `docs/configuration.md has the tables of the declared keys`() throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../docs/configuration.md")
    let guide = try String(contentsOf: path, encoding: .utf8)
    let (begin, end) = ("<!-- keys -->\n", "<!-- end of keys -->")
    let parts = guide.components(separatedBy: begin)
    try #require(parts.count == 2)
    let rest = parts[1].components(separatedBy: end)
    try #require(rest.count == 2)
    // With TORUS_TEST_WRITE=docs the guide is brought up to date instead.
    if ProcessInfo.processInfo.environment["TORUS_TEST_WRITE"] == "docs" {
      let written = parts[0] + begin + RunConfiguration.keyTables + end + rest[1]
      try written.write(to: path, atomically: true, encoding: .utf8)
    } else {
      let (shown, declared) = (
        rest[0].split(separator: "\n"), RunConfiguration.keyTables.split(separator: "\n")
      )
      for row in declared { #expect(shown.contains(row), "missing in the guide: \(row)") }
      #expect(shown == declared, "TORUS_TEST_WRITE=docs ./launch/test --filter ConfigurationTests")
    }
  }

  @Test func `lists of what can be named are read, written and refused`() throws {
    let run = try configuration(minimal + "metrics: [accuracy, {name: top_5_accuracy}]")
    #expect(run.metrics.map(\.name) == ["accuracy", "top_5_accuracy"])
    #expect(try configuration(run.yaml()) == run)
    #expect(try configuration(minimal, "--metrics", "accuracy,top_5_accuracy") == run)
    let wrong = failure { try configuration(minimal + "metrics: [acuracy]") }
    #expect(wrong?.description.contains("job.yaml:3:11: metrics.name has no choice") == true)
    #expect(wrong?.description.contains("did you mean accuracy?") == true)
  }

  @Test func `every optimizer and every schedule can be named, and is made`() throws {
    #expect(
      Set(OptimizerDefinition.registry.entries.map(\.className)).isSuperset(of: Optimizer.names))
    #expect(Optimizer.names.count == 14)
    let needed = [
      "StepLR": "step_size: 3", "MultiStepLR": "milestones: [2]", "ExponentialLR": "gamma: 0.9",
      "CosineAnnealingWarmRestarts": "T_0: 3", "OneCycleLR": "max_lr: 0.1",
      "CyclicLR": "base_lr: 0.01, max_lr: 0.1", "SWALR": "swa_lr: 0.01",
      "cosine_with_min_lr": "min_lr: 1e-3", "cosine_warmup_with_min_lr": "min_lr_rate: 0.1",
    ]
    for name in OptimizerDefinition.registry.entries.map(\.name) {
      let run = try configuration(minimal + "optimizer: \(name)")
      let parameters = [(name: "w", parameter: Parameter(Tensor.ones([3, 2])))]
      let optimizer = try OptimizerDefinition.registry.entry(for: run.optimizer)
        .make(run.optimizer, for: parameters)
      #expect(try configuration(run.yaml()) == run)
      #expect("\(type(of: optimizer))".lowercased() == name)
      // What a configuration leaves out is what PyTorch leaves out, but for sgd's rate.
      let plain = try #require(
        Optimizer.named("\(type(of: optimizer))", [ParameterGroup(parameters.map(\.parameter))]))
      for (key, value) in plain.groups[0].options where !(name == "sgd" && key == "lr") {
        #expect(optimizer.groups[0].options[key] == value, "\(name).\(key)")
      }
      let keys = Set(run.optimizer.entries.map(\.key))
      for key in plain.defaults.keys
      where key != "decoupled_weight_decay" || ["nadam", "radam"].contains(name) {
        #expect(keys.contains(key), "\(name) lacks \(key)")
      }
    }
    #expect(ScheduleDefinition.registry.entries.count >= 18)
    for name in ScheduleDefinition.registry.entries.map(\.name) {
      let keys = needed[name].map { ", \($0)" } ?? ""
      let run = try configuration(minimal + "schedule: {name: \(name)\(keys)}")
      #expect(try configuration(run.yaml()) == run)
      let optimizer = SGD([Parameter(Tensor.ones([2]))], lr: 0.1, momentum: 0.9)
      let schedule = try ScheduleDefinition.registry.entry(for: run.schedule)
        .make(run.schedule, for: ScheduleInput(optimizer: optimizer, steps: 6))
      for step in 0..<6 {
        if let plateau = schedule as? ReduceLROnPlateau { plateau.step(1) } else { schedule.step() }
        #expect(schedule.lastLRs.allSatisfy { $0.isFinite }, "\(name), step \(step)")
      }
    }
  }

  @Test(arguments: [
    ("sgd", "name: OneCycleLR, max_lr: 0.1, total_steps: 5", "schedule.total_steps: the run has 6"),
    ("sgd", "name: OneCycleLR, max_lr: 0.1, pct_start: 1", "schedule.pct_start: of 6 steps"),
    ("sgd", "name: OneCycleLR, max_lr: [0.1, 0.2]", "schedule.max_lr: it is not a number or 1"),
    ("adagrad", "name: CyclicLR, base_lr: 0, max_lr: 1", "schedule.cycle_momentum: the optimizer"),
  ])
  func `a schedule that does not fit its run is refused in words`(
    optimizer: String, schedule: String, words: String
  ) throws {
    let run = try configuration(
      minimal + "schedule: {\(schedule)}\noptimizer: \(optimizer)")
    let made = try OptimizerDefinition.registry.entry(for: run.optimizer)
      .make(run.optimizer, for: [("w", Parameter(Tensor.ones([2])))])
    let error = failure {
      try ScheduleDefinition.registry.entry(for: run.schedule)
        .make(run.schedule, for: ScheduleInput(optimizer: made, steps: 6))
    }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }
}

@Suite struct ConfigurationErrorTests {
  @Test(arguments: [
    // (yaml after the minimal one, what the message must contain)
    ("batchsize: 3", ["job.yaml:3:1", "unknown key batchsize", "did you mean batch_size?"]),
    ("lr: 3", ["unknown key lr", "did you mean optimizer.lr?"]),
    ("zzzzzzzz: 3", ["unknown key zzzzzzzz", "known here: name, model"]),
    ("optimizer:\n  name: adamw\n  wieght_decay: 1", [":5:3", "optimizer.weight_decay?"]),
    ("checkpoint: {kepe: 1}", ["unknown key checkpoint.kepe", "did you mean checkpoint.keep?"]),
    ("batch_size: fast", ["batch_size must be a whole number", "and fast was given"]),
    ("batch_size: 1.5", ["batch_size must be a whole number", "1.5"]),
    ("batch_size: 99999999999999999999", ["batch_size must be at most"]),
    ("batch_size: \"64\"", ["the text \"64\" was given", "remove the quotes"]),
    ("batch_size: [1]", ["batch_size must be a whole number", "a list of 1 was given"]),
    ("batch_size:", ["batch_size must be a whole number", "nothing was given"]),
    ("seed: true", ["seed must be a whole number", "true was given"]),
    ("clip_grad_norm: nan", ["clip_grad_norm must be a number or null", "nan was given"]),
    ("clip_grad_norm: 0x10", ["clip_grad_norm must be a number or null"]),
    ("clip_grad_norm: .inf", ["clip_grad_norm must be a number or null"]),
    ("batch_size: 0", ["batch_size must be at least 1, and 0 was given"]),
    ("clip_grad_norm: 0", ["clip_grad_norm must be above 0, and 0.0 was given"]),
    ("optimizer: {name: sgd, momentum: 1}", ["optimizer.momentum", "at least 0 and below 1"]),
    ("optimizer: {name: adam, betas: [0.9]}", ["optimizer.betas", "1 rates for two averages"]),
    ("optimizer: {name: adam, betas: [a, b]}", ["optimizer.betas must be a list", "a list of 2"]),
    ("optimizer: {name: sgd, nesterov: true}", ["optimizer.nesterov", "set momentum to 0.9"]),
    ("optimizer: {name: sgd, nesterov: 1}", ["optimizer.nesterov must be true or false"]),
    ("optimizer: {name: admw}", ["no choice 'admw'", "did you mean adamw?", "sgd, adam, adamw"]),
    ("optimizer: {momentum: 0.5}", ["unknown key optimizer.momentum", "known here: lr, betas"]),
    ("optimizer: [sgd]", ["optimizer must be a name or a section", "a list of 1"]),
    ("optimizer: {name: [sgd]}", ["optimizer.name must be one of sgd, adam, adamw"]),
    ("distributed: 3", ["distributed must be a section of keys, and 3 was given"]),
    ("distributed: {sharding: maybe}", ["distributed.sharding must be one of auto, record, file"]),
    (
      "distributed: {algorithm: foo}",
      ["job.yaml:3:15: distributed.algorithm must be one of auto, ring,", "and foo was given"]
    ),
    ("epochs: null", ["epochs: the run would never end", "set epochs, steps, or both"]),
    ("schedule: {name: cosine, warmup_steps: 9, decay_steps: 9}", ["within the warm-up of 9"]),
    ("distributed: {reduce_dtype: int8}", ["must be one of same, bfloat16, float16"]),
    (
      "distributed: {shard_optimizer: zero2, hook: powersgd}",
      ["distributed.hook: powersgd cannot be combined with shard_optimizer: zero2", "zero1"]
    ),
    (
      "distributed: {reduce_dtype: float16, hook: powersgd}",
      ["distributed.hook: powersgd cannot be combined with reduce_dtype: float16", "same"]
    ),
    (
      "distributed: {shard_optimizer: zero1, hook: post_local_sgd}",
      ["post_local_sgd cannot be combined with shard_optimizer: zero1", "to none"]
    ),
    (
      "distributed: {checksum_every: 5, hook: post_local_sgd}",
      ["post_local_sgd cannot be combined with checksum_every", "to null"]
    ),
    ("distributed: {hook: powersdg}", ["distributed.hook.name has no choice", "powersgd?"]),
    ("distributed: {hook: {name: fp16, rank: 1}}", ["key distributed.hook.rank", "has no keys"]),
    (
      "distributed: {hook: {name: powersgd, start_powersgd_itr: 1}}",
      ["did you mean distributed.hook.start_powersgd_iter?"]
    ),
    (
      "distributed: {hook: {name: batched_powersgd, start_powersgd_iter: 1}}",
      ["distributed.hook.start_powersgd_iter: 1 is too early", "set it to 2 or more"]
    ),
    (
      "distributed: {hook: {name: powersgd, matrix_approximation_rank: 0}}",
      ["distributed.hook.matrix_approximation_rank must be at least 1"]
    ),
    (
      "distributed: {hook: {name: powersgd, random_seed: -1}}",
      ["distributed.hook.random_seed must be between 0 and 4294967295"]
    ),
    (
      "distributed: {hook: {name: post_local_sgd, subgroup: rack}}",
      ["distributed.hook.subgroup must be node, none, or a number of workers", "rack"]
    ),
    (
      "distributed: {hook: {name: post_local_sgd, period: 0}}",
      ["distributed.hook.period must be at least 1"]
    ),
    ("? [a]\n: 1", ["a key must be a word"]),
    ("seed: 1\nseed: 2", ["key given twice", "seed"]),
    ("seed: {", ["job.yaml:", "not valid YAML"]),
    ("\tseed: 1", ["job.yaml:3:1", "not valid YAML"]),
    ("seed: *nowhere", ["not valid YAML"]),
  ])
  func `a mistake is named with its place and remedy`(yaml: String, expected: [String]) throws {
    let error = try #require(failure { try configuration(minimal + yaml) })
    for part in expected {
      #expect(error.description.contains(part), "\(error)")
    }
  }

  @Test(arguments: [
    ("model: {hidden: 3}\ndata: digits", "model.name is not set: set it to one of mlp"),
    ("data: digits", "model is not set: set it to one of mlp, digits-cnn"),
    ("model: mlp", "data is not set: set it to one of digits, idx"),
    ("model: char-gpt\ndata: text", "data.path is not set"),
    ("model: {name: char-gpt, width: 130}\ndata: digits", "use a multiple of 4, such as 128"),
    ("model: {name: mlp, heads: 4}\ndata: digits", "unknown key model.heads"),
    ("", "is empty"), ("# only a comment\n", "is empty"), ("null", "is empty"),
    ("just words", "the configuration must be a section of keys"),
    ("- a\n- b", "the configuration must be a section of keys"),
  ])
  func `an incomplete configuration says what it lacks`(yaml: String, expected: String) throws {
    let error = try #require(failure { try configuration(yaml) })
    #expect(error.description.contains(expected), "\(error)")
  }

  @Test func `malformed text has its line and column`() throws {
    let error = failure { try configuration("model: mlp\ndata: digits\n  seed: 1\n") }
    guard case .malformed(.file(let path, let line, let column), _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(path.hasSuffix("job.yaml") && line == 3 && column == 7)
  }

  @Test func `a run directory stands for its configuration, wherever the run was started`() throws {
    try inFolder { folder in
      let run = try configuration(minimal)
      try run.save(in: folder)
      #expect(run.runDirectory != folder)
      for spelled in [folder, "\(folder)/"] {
        let read = try RunConfiguration(RunArguments([spelled, "--resume", "--seed", "7"]))
        #expect(read.runDirectory == folder)
        #expect(read.resume == "latest" && read.seed == 7)
        #expect(read.model == run.model && read.name == run.name)
      }
      let elsewhere = try RunConfiguration(RunArguments([folder, "--run-dir", "x"]))
      #expect(elsewhere.runDirectory == "x")
    }
  }

  @Test func `a file that is missing, a folder, unreadable or no text is named`() throws {
    try inFolder { folder in
      let missing = failure { try RunConfiguration(RunArguments(["\(folder)/a.yaml"])) }
      #expect(
        missing == .notFound("\(folder)/a.yaml", searched: ["\(folder)/a.yaml"], nearest: nil))
      #expect(
        failure { try RunConfiguration(RunArguments([folder])) }
          == .isDirectory(folder, nearest: nil))
      try Data([0xFF, 0xFE, 0x80, 0x3A]).write(to: URL(fileURLWithPath: "\(folder)/b.yaml"))
      let binary = failure { try RunConfiguration(file: "\(folder)/b.yaml") }
      #expect(binary == .unreadable("\(folder)/b.yaml", reason: "it is not UTF-8 text"))
      #expect(
        failure { try RunConfiguration(RunArguments(["no-such-name"])) }?.description
          .contains("looked for configs/no-such-name.yaml") == true)
    }
  }

  @Test(arguments: [
    (["-v"], "options begin with two dashes"),
    (["a", "b"], "'a' is the configuration already"),
    (["--optimizer.lr"], "a value must follow, as in --optimizer.lr VALUE"),
    (["--steps", "--resume"], "a value must follow"),
    (["--.lr", "3"], "a key is words with dots"),
    (["--=3"], "a key is words with dots"),
  ])
  func `a command line that cannot be read says why`(arguments: [String], expected: String) throws {
    let error = try #require(failure { try RunArguments(arguments) })
    #expect(error.description.contains(expected))
  }

  @Test func `a mistake in an override names the option`() throws {
    let unknown = failure { try configuration(minimal, "--optimizer.lrr", "3") }
    #expect(
      unknown?.description
        == "--optimizer.lrr: unknown key optimizer.lrr; did you mean optimizer.lr?")
    let negative = failure { try configuration(minimal, "--optimizer.lr", "-1e-3") }
    #expect(
      negative?.description
        == "--optimizer.lr: optimizer.lr must be at least 0, and -0.001 was given")
    let algorithm = failure { try configuration(minimal, "--distributed.algorithm", "foo") }
    #expect(algorithm?.description.hasPrefix("--distributed.algorithm: ") == true)
    let broken = failure { try configuration(minimal, "--model.channels", "[1, 2") }
    #expect(broken?.description.hasPrefix("--model.channels: not valid YAML") == true)
    let inner = failure { try configuration(minimal, "--seed.x", "1") }
    #expect(inner?.description.contains("seed must be a whole number") == true)
  }

  @Test func `a registry has what was registered, and names what it lacks`() throws {
    let registry = Registry<MetricDefinition>("figure", [])
    registry.register(MetricDefinition("margin", "", sum: { outputs, _ in outputs.sum() }))
    registry.register(MetricDefinition("margin", "better", sum: { outputs, _ in outputs.sum() }))
    #expect(registry.entries.map(\.variant.summary) == ["better"] && registry["other"] == nil)
    let other = failure { try registry.entry(for: Selection("margn", NoOptions())) }
    #expect(
      other?.description.contains("figure has no choice 'margn'; did you mean margin?") == true)
  }
}
