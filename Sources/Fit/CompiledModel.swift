import Collectives
import DataParallel
import Metrics
import Models
import NN
import Optimizers
import Tensors
import Training

/// A model with what trains and judges it, as Keras' `compile` makes it.
///
/// ```swift
/// let m = model.compile(optimizer: "adam", loss: .sparseCategoricalCrossEntropy, metrics: ["accuracy"])
/// m.fit(x, y, epochs: 10, validation: (xv, yv), batchSize: 32)
/// print(m.evaluate(xv, yv)["accuracy"] ?? 0)
/// let logits = m.predict(xv)
/// ```
///
/// With a group every rank makes the same calls with the same tensors, and each computes its share of
/// every batch; figures and predictions are those of all records on every rank.
public final class CompiledModel<Model: Module> {
  /// The model.
  public let model: Model
  /// What changes its parameters.
  public let optimizer: Optimizer
  /// The ranks that train together; nil for a process on its own.
  public let group: ProcessGroup?
  /// Passes over training records that are done.
  public internal(set) var epochs = 0
  /// The confusion matrix of the last evaluation, or of the last epoch's, where `confusion_matrix` is
  /// among the metrics, or another that is made of one.
  public var confusionMatrix: ConfusionMatrix? { counters.confusion }

  let trainer: Trainer<FitBatch>
  let counters: FitCounters
  let forward: ([Tensor]) throws -> [Tensor]

  init(
    _ model: Model, optimizer: Optimizer, losses: [TrainingLoss], weights: [Double],
    metrics: [FitMetric], group: ProcessGroup?, options: TrainerOptions,
    forward: @escaping ([Tensor]) throws -> [Tensor]
  ) throws {
    let own = Set(model.parameters().map(ObjectIdentifier.init))
    require(
      own.isEmpty
        || optimizer.groups.contains { group in
          group.parameters.contains { own.contains(ObjectIdentifier($0)) }
        }, "compile",
      "the optimizer holds none of the model's parameters; make it of model.parameters()")
    let owned = options.virtualWorkers?.owned(by: group?.rank ?? 0, of: group?.size ?? 1)
    let counters = FitCounters(metrics, losses: losses, workers: owned?.count ?? 1)
    (self.model, self.optimizer, self.group) = (model, optimizer, group)
    (self.counters, self.forward) = (counters, forward)
    trainer = try Trainer(model, optimizer: optimizer, group: group, options: options) { batch in
      let outputs = try forward(batch.inputs)
      require(
        outputs.count == losses.count && batch.targets.count == losses.count, "fit",
        "\(outputs.count) outputs and \(batch.targets.count) targets for \(losses.count) losses")
      if batch.count > 0 { counters.add(outputs, batch.targets, worker: batch.worker) }
      let parts = losses.indices.map { index -> Tensor in
        let part = losses[index].function(outputs[index], batch.targets[index])
        require(
          part.count == 1, "fit",
          "the loss \(losses[index].name) is \(part.shape), not one number: the mean over the records"
        )
        return weights[index] == 1 ? part : part * weights[index]
      }
      return StepOutput(loss: parts.dropFirst().reduce(parts[0]) { $0 + $1 })
    }
  }
}

/// What `compile` takes as an optimizer: one that is made, or a name with PyTorch's and Keras' usual
/// settings.
public enum CompiledOptimizer: ExpressibleByStringLiteral {
  /// One that is made.
  case made(Optimizer)
  /// A name: `adam`, `adamw`, `sgd`, …
  case named(String, lr: Double? = nil)

  /// A name.
  public init(stringLiteral value: String) { self = .named(value) }

  func make(for model: Module) -> Optimizer {
    switch self {
    case .made(let optimizer): return optimizer
    case .named(let name, let lr):
      let parameters = model.namedParameters().map { ($0.name, $0.parameter) }
      require(!parameters.isEmpty, "compile", "\(type(of: model)) has no parameters to train")
      // Those that other packages register are known to configurations alone.
      let known = Set(Optimizer.names)
      let entries = OptimizerDefinition.registry.entries.filter { known.contains($0.className) }
      let wanted = name.lowercased()
      guard let entry = entries.first(where: { $0.name.lowercased() == wanted }),
        let made = Optimizer.named(
          entry.className,
          [ParameterGroup(parameters)],
          options: ["lr": .double(lr ?? (entry.name == "sgd" ? 0.01 : entry.usualRate))])
      else {
        fail(
          "compile",
          "there is no optimizer \"\(name)\": there are \(entries.map(\.name).joined(separator: ", ")); "
            + "or pass one that is made")
      }
      return made
    }
  }
}

extension OptimizerDefinition {
  /// The learning rate of Keras, which is PyTorch's where both have the optimizer.
  fileprivate var usualRate: Double {
    switch name {
    case "adadelta", "lbfgs": 1
    case "adagrad", "asgd", "rprop", "adafactor": 0.01
    case "nadam", "adamax": 0.002
    case "muon": 0.02
    case "rmsprop": 0.01
    default: 0.001
    }
  }
}

extension Layer {
  /// The model with what trains and judges it (Keras' `compile`). With a group, blocks until all ranks
  /// have called it.
  ///
  /// Errors stop the process: an unknown name, replicas that differ.
  /// - Parameters:
  ///   - optimizer: A name, such as `"adam"`, or `.made(Adam(…))`.
  ///   - loss: What is made small: `.sparseCategoricalCrossEntropy`, `"mse"`, `.custom { … }`.
  ///   - metrics: Figures by name: see ``Fit/FitMetric``.
  ///   - group: The ranks that train together.
  ///   - virtualWorkers: How many workers the training pretends to have, so that results are the same bits on
  ///     any number of ranks up to that; nil for the ranks themselves. See
  ///     ``Training/TrainerOptions/virtualWorkers``, which also says what draws come from.
  ///   - options: Clipping and buckets.
  public func compile(
    optimizer: CompiledOptimizer = "adam", loss: TrainingLoss, metrics: [FitMetric] = [],
    group: ProcessGroup? = nil, virtualWorkers: Int? = nil, options: TrainerOptions = .init()
  ) -> CompiledModel<Self> {
    stopping("compile") {
      try CompiledModel(
        self, optimizer: optimizer.make(for: self), losses: [loss], weights: [1],
        metrics: metrics, group: group, options: options.pretending(virtualWorkers)
      ) { [self] inputs in
        require(
          inputs.count == 1, "\(Self.self)", "the model takes one tensor, not \(inputs.count)")
        return [self(inputs[0])]
      }
    }
  }

  /// ``compile(optimizer:loss:metrics:group:virtualWorkers:options:)`` with an optimizer that is made.
  public func compile(
    optimizer: Optimizer, loss: TrainingLoss, metrics: [FitMetric] = [],
    group: ProcessGroup? = nil, virtualWorkers: Int? = nil, options: TrainerOptions = .init()
  ) -> CompiledModel<Self> {
    compile(
      optimizer: .made(optimizer), loss: loss, metrics: metrics, group: group,
      virtualWorkers: virtualWorkers, options: options)
  }
}

extension TrainerOptions {
  /// The options with so many virtual workers; as they are for nil.
  func pretending(_ workers: Int?) -> TrainerOptions {
    var options = self
    if let workers {
      options.virtualWorkers = VirtualWorkers(
        count: workers, seed: options.virtualWorkers?.seed ?? 0)
    }
    return options
  }
}

/// Runs a body whose errors nobody is there to catch: they are said, and end the process.
func stopping<Result>(_ caller: String, _ body: () throws -> Result) -> Result {
  do { return try body() } catch { fail(caller, "\(error)") }
}
