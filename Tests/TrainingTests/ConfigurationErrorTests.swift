import Foundation
import Models
import NN
import Optimizers
import Settings
import Tensors
import Testing
import Training

@Suite struct ConfigurationErrorTests {
  @Test(arguments: [
    // (yaml after the smallest one, what the message must contain)
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
      "distributed: {shard_optimizer: zero3, hook: powersgd}",
      ["distributed.hook: powersgd cannot be combined with shard_optimizer: zero3", "zero1"]
    ),
    (
      "compile: true\ndistributed: {shard_optimizer: zero3}",
      ["compile: parameters that shard_optimizer: zero3 spreads", "to false", "zero2"]
    ),
    (
      "distributed: {shard_optimizer: zero3, checksum_every: 5}",
      ["distributed.shard_optimizer: zero3 cannot be combined with checksum_every", "to null"]
    ),
    (
      "distributed: {shard_optimizer: zero3, invariant: true}",
      ["distributed.shard_optimizer: zero3 cannot be combined with invariant", "zero2"]
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
    let error = try #require(configurationFailure { try readConfiguration(minimalYAML + yaml) })
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
    let error = try #require(configurationFailure { try readConfiguration(yaml) })
    #expect(error.description.contains(expected), "\(error)")
  }

  @Test func `malformed text has its line and column`() throws {
    let error = configurationFailure {
      try readConfiguration("model: mlp\ndata: digits\n  seed: 1\n")
    }
    guard case .malformed(.file(let path, let line, let column), _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(path.hasSuffix("job.yaml") && line == 3 && column == 7)
  }

  @Test func `a run directory stands for its configuration, wherever the run was started`() throws {
    try inConfigurationFolder { folder in
      let run = try readConfiguration(minimalYAML)
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
    try inConfigurationFolder { folder in
      let missing = configurationFailure {
        try RunConfiguration(RunArguments(["\(folder)/a.yaml"]))
      }
      #expect(
        missing == .notFound("\(folder)/a.yaml", searched: ["\(folder)/a.yaml"], nearest: nil))
      #expect(
        configurationFailure { try RunConfiguration(RunArguments([folder])) }
          == .isDirectory(folder, nearest: nil))
      try Data([0xFF, 0xFE, 0x80, 0x3A]).write(to: URL(fileURLWithPath: "\(folder)/b.yaml"))
      let binary = configurationFailure { try RunConfiguration(path: "\(folder)/b.yaml") }
      #expect(binary == .unreadable("\(folder)/b.yaml", reason: "it is not UTF-8 text"))
      #expect(
        configurationFailure { try RunConfiguration(RunArguments(["no-such-name"])) }?.description
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
    let error = try #require(configurationFailure { try RunArguments(arguments) })
    #expect(error.description.contains(expected))
  }

  @Test func `a mistake in an override names the option`() throws {
    let unknown = configurationFailure {
      try readConfiguration(minimalYAML, "--optimizer.lrr", "3")
    }
    #expect(
      unknown?.description
        == "--optimizer.lrr: unknown key optimizer.lrr; did you mean optimizer.lr?")
    let negative = configurationFailure {
      try readConfiguration(minimalYAML, "--optimizer.lr", "-1e-3")
    }
    #expect(
      negative?.description
        == "--optimizer.lr: optimizer.lr must be at least 0, and -0.001 was given")
    let algorithm = configurationFailure {
      try readConfiguration(minimalYAML, "--distributed.algorithm", "foo")
    }
    #expect(algorithm?.description.hasPrefix("--distributed.algorithm: ") == true)
    let broken = configurationFailure {
      try readConfiguration(minimalYAML, "--model.channels", "[1, 2")
    }
    #expect(broken?.description.hasPrefix("--model.channels: not valid YAML") == true)
    let inner = configurationFailure { try readConfiguration(minimalYAML, "--seed.x", "1") }
    #expect(inner?.description.contains("seed must be a whole number") == true)
  }

  @Test func `a registry has what was registered, and names what it lacks`() throws {
    let registry = Registry<MetricDefinition>("figure", [])
    registry.register(MetricDefinition("margin", "", sum: { outputs, _ in outputs.sum() }))
    registry.register(MetricDefinition("margin", "better", sum: { outputs, _ in outputs.sum() }))
    #expect(registry.entries.map(\.variant.summary) == ["better"] && registry["other"] == nil)
    let other = configurationFailure { try registry.entry(for: Selection("margn", NoOptions())) }
    #expect(
      other?.description.contains("figure has no choice 'margn'; did you mean margin?") == true)
  }
}
