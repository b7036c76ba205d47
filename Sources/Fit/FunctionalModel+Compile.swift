import Collectives
import NN
import Optimizers
import Tensors
import Training

extension FunctionalModel {
  /// The model with what trains and judges it, for one output and any number of inputs: see
  /// `Layer.compile`.
  public func compile(
    optimizer: CompiledOptimizer = "adam", loss: TrainingLoss, metrics: [FitMetric] = [],
    group: ProcessGroup? = nil, virtualWorkers: Int? = nil, options: TrainerOptions = .init()
  ) -> CompiledModel<FunctionalModel> {
    compile(
      optimizer: optimizer, losses: [loss], metrics: metrics, group: group,
      virtualWorkers: virtualWorkers, options: options)
  }

  /// The model with what trains and judges it, for several outputs: the sum of their losses is made
  /// small. Figures of the outputs are called `output_0_accuracy`, `output_1_accuracy`, ….
  ///
  /// Errors stop the process: an unknown name, replicas that differ.
  /// - Parameters:
  ///   - optimizer: A name, such as `"adam"`, or `.made(Adam(…))`.
  ///   - losses: One for each output.
  ///   - lossWeights: What each is multiplied by; by default 1.
  ///   - metrics: Figures by name, of each output.
  ///   - group: The ranks that train together.
  ///   - virtualWorkers: How many workers the training pretends to have; nil for the ranks themselves.
  ///   - options: Clipping and buckets.
  public func compile(
    optimizer: CompiledOptimizer = "adam", losses: [TrainingLoss], lossWeights: [Double]? = nil,
    metrics: [FitMetric] = [], group: ProcessGroup? = nil, virtualWorkers: Int? = nil,
    options: TrainerOptions = .init()
  ) -> CompiledModel<FunctionalModel> {
    require(
      losses.count == outputShapes.count && (lossWeights?.count ?? losses.count) == losses.count,
      "compile",
      "\(losses.count) losses and \(lossWeights?.count ?? losses.count) weights for "
        + "\(outputShapes.count) outputs")
    return stopping("compile") {
      try CompiledModel(
        self, optimizer: optimizer.make(for: self), losses: losses,
        weights: lossWeights ?? losses.map { _ in 1 }, metrics: metrics, group: group,
        options: options.pretending(virtualWorkers)
      ) { [self] in self($0) }
    }
  }
}
