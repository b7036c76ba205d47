import Foundation
import Models
import NN
import Optimizers
import Settings
import Tensors
import Testing
import Training

@Suite struct ConfigurationTests {
  @Test func `a bare name is a section's name, and all other keys have defaults`() throws {
    let run = try readConfiguration(minimalYAML)
    #expect(run.name == "job")
    #expect(run.runDirectory == "runs/job")
    #expect(run.model == Selection("digits-cnn", CNNOptions()))
    #expect(run.batchSize == 64)
    #expect(run.epochs == 10 && run.steps == nil)
    #expect(try run.optimizer.options(AdamWOptions.self).weightDecay == 0.01)
    #expect(run.distributed == DistributedConfiguration())
  }

  @Test func `every kind of value is read`() throws {
    let run = try readConfiguration(
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
    let run = try readConfiguration(minimalYAML, override.isEmpty ? "--seed=7" : override)
    let again = try readConfiguration(run.yaml())
    #expect(again == run)
    #expect(again.yaml() == run.yaml())
  }

  @Test func `a communication hook is named with its keys`() throws {
    #expect(try readConfiguration(minimalYAML).distributed.hook == Selection("none", NoOptions()))
    let yaml = minimalYAML + "distributed: {hook: {name: powersgd, matrix_approximation_rank: 4}}"
    let power = try readConfiguration(yaml, "--distributed.hook.warm-start=off").distributed.hook
    let options = try power.options(PowerSGDHookOptions.self)
    #expect(power.name == "powersgd" && options.matrixApproximationRank == 4)
    #expect(options.startPowerSGDIter == 1000 && options.useErrorFeedback && !options.warmStart)
    // Early enough where nothing is remembered.
    _ = try readConfiguration(
      yaml, "--distributed.hook.warm_start=off", "--distributed.hook.use_error_feedback=off",
      "--distributed.hook.start_powersgd_iter=0")
    for (text, subgroup) in [
      ("node", PostLocalSGDHookOptions.Subgroup.node), ("none", .none), ("2", .workers(2)),
    ] {
      let local = try readConfiguration(
        yaml, "--distributed.hook=post_local_sgd", "--distributed.hook.subgroup=\(text)")
      let options = try local.distributed.hook.options(PostLocalSGDHookOptions.self)
      #expect(options.subgroup == subgroup)
      #expect(try readConfiguration(local.yaml()) == local)
    }
  }

  @Test func `a saved configuration loads as the same value`() throws {
    try inConfigurationFolder { folder in
      let run = try readConfiguration(minimalYAML, "--optimizer.lr", "3e-4")
      try run.save(in: folder)
      #expect(try RunConfiguration(path: "\(folder)/config.yaml") == run)
      #expect(
        configurationFailure { try run.save(in: "\(folder)/absent") }?.description.contains(
          "cannot be written")
          == true)
    }
  }

  @Test func `overrides win over the file, later ones over earlier, in either spelling`() throws {
    let run = try readConfiguration(
      minimalYAML + "optimizer: {name: adamw, lr: 1}", "--optimizer.lr", "3e-4",
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
    let yaml = minimalYAML + "optimizer: {name: adamw, lr: 0.5, betas: [0.1, 0.2]}"
    let run = try readConfiguration(yaml, "--optimizer.name", "sgd", "--optimizer.momentum", "0.9")
    let sgd = try run.optimizer.options(SGDOptions.self)
    #expect(sgd.lr == 0.5 && sgd.momentum == 0.9)
    let typed = configurationFailure {
      try readConfiguration(yaml, "--optimizer.name", "sgd", "--optimizer.betas", "1,2")
    }
    #expect(typed?.description.contains("unknown key optimizer.betas") == true)
    #expect(try readConfiguration(yaml, "--optimizer", "sgd").optimizer.name == "sgd")
  }

  @Test func `every ready-made configuration loads and is found by its bare name`() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().path
    let files = ProjectFiles(executable: "\(root)/.build/release/ddp-train")
    #expect(files.root == root)
    let names = [
      "digits-cnn", "char-gpt", "char-gpt-shakespeare", "mnist-cnn", "text-lstm", "cifar10-resnet",
      "image-folder",
    ]
    for name in names {
      let run = try RunConfiguration(RunArguments([name]), files: files)
      #expect(run.name == name && run.runDirectory == "runs/\(name)")
    }
    #expect(try RunConfiguration(RunArguments([]), files: files).name == "digits-cnn")
    let shipped = try FileManager.default.contentsOfDirectory(atPath: "\(root)/configs")
    #expect(Set(shipped) == Set(names.map { "\($0).yaml" } + ["finetune"]))
    let misspelt = configurationFailure {
      try RunConfiguration(RunArguments(["chargpt"]), files: files)
    }
    #expect(misspelt?.description.contains("did you mean 'char-gpt'?") == true)
    #expect(files.resolve("configs/char-gpt.yaml").hasSuffix("configs/char-gpt.yaml"))
  }

  @Test func `threads are those configured, else OMP_NUM_THREADS, else left to the cores`() throws {
    let run = try readConfiguration(minimalYAML)
    #expect(try run.threads(in: [:]) == nil && run.threads(in: ["OMP_NUM_THREADS": " "]) == nil)
    #expect(try run.threads(in: ["OMP_NUM_THREADS": "3"]) == 3)
    #expect(try run.threads(in: ["OMP_NUM_THREADS": " 4 , 2"]) == 4)
    let set = try readConfiguration(minimalYAML, "--threads", "2")
    #expect(try set.threads(in: ["OMP_NUM_THREADS": "3"]) == 2)
    for wrong in ["0", "-1", "many", ",2", "1.5"] {
      #expect(
        configurationFailure { try run.threads(in: ["OMP_NUM_THREADS": wrong]) }?.description
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
    let run = try readConfiguration(minimalYAML + "metrics: [accuracy, {name: top_5_accuracy}]")
    #expect(run.metrics.map(\.name) == ["accuracy", "top_5_accuracy"])
    #expect(try readConfiguration(run.yaml()) == run)
    #expect(try readConfiguration(minimalYAML, "--metrics", "accuracy,top_5_accuracy") == run)
    let wrong = configurationFailure { try readConfiguration(minimalYAML + "metrics: [acuracy]") }
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
      let run = try readConfiguration(minimalYAML + "optimizer: \(name)")
      let parameters = [(name: "w", parameter: Parameter(Tensor.ones([3, 2])))]
      let optimizer = try OptimizerDefinition.registry.entry(for: run.optimizer)
        .make(run.optimizer, for: parameters)
      #expect(try readConfiguration(run.yaml()) == run)
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
      let run = try readConfiguration(minimalYAML + "schedule: {name: \(name)\(keys)}")
      #expect(try readConfiguration(run.yaml()) == run)
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
    let run = try readConfiguration(
      minimalYAML + "schedule: {\(schedule)}\noptimizer: \(optimizer)")
    let made = try OptimizerDefinition.registry.entry(for: run.optimizer)
      .make(run.optimizer, for: [("w", Parameter(Tensor.ones([2])))])
    let error = configurationFailure {
      try ScheduleDefinition.registry.entry(for: run.schedule)
        .make(run.schedule, for: ScheduleInput(optimizer: made, steps: 6))
    }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }
}
