import Collectives
import Dispatch
import NN
import Tensors

/// Trains one model on many workers: every rank holds a replica, and gradients are averaged while
/// the backward pass goes on (`torch.nn.parallel.DistributedDataParallel`; Li et al. 2020).
///
/// ```swift
/// let model = try DistributedDataParallel(NeuralNet(), group: world.group)
/// let loss = F.crossEntropy(try model(x), y)      // or: try model { $0(tokens, mask) }
/// loss.backward()       // gradients are now the averages over all ranks
/// optimizer.step()
/// ```
///
/// At the start parameters are compared across ranks and broadcast from rank 0. Gradients live in
/// buckets; a bucket is reduced as soon as its last gradient is there. A parameter that no rank used
/// keeps a nil gradient; one that this rank did not use receives the average of the others.
/// Detection is always on, and costs one number per parameter in the buckets.
///
/// It is a module itself: parameters, modes and state pass through, under names that begin with
/// `module.` as in PyTorch.
///
/// All ranks must run the same number of synchronised backward passes; ``Join`` helps where they
/// have different numbers of batches. See docs/data-parallel.md.
public final class DistributedDataParallel<Model: Module>: Module, Hookable {
  /// The replica.
  public let module: Model
  /// The ranks that train together.
  public let group: ProcessGroup
  /// How the replicas are kept together.
  public let options: DataParallelOptions
  let reducer: any ModelReducing
  /// The parameters' parts, where the model is fully sharded.
  let parts: FullyShardedParameters?
  let replicas: Replicas
  /// What the model's synchronized batch norms exchange statistics through.
  let synchronizers: [BatchNormSynchronizer]
  /// Whether the next forward pass begins with rank 0's buffers: not between the passes of one
  /// optimizer step.
  var mustSyncBuffers = true
  /// The join that is under way.
  public var joining: JoinState?
  /// Whether this rank took part in it without data.
  var hasShadowed = false

  /// Compares the replicas, makes them equal and puts their gradients into buckets. Blocks until all
  /// ranks of the group have called it.
  /// - Parameters:
  ///   - module: The replica; convert its dtype before.
  ///   - group: The ranks that train together.
  ///   - options: Buckets and what travels.
  ///   - optimizer: Where gradients are sharded, the optimizer that keeps them; then its buckets
  ///     count, and each rank has the averages of its share only.
  /// - Throws: ``ReplicaMismatch`` naming the first parameter that differs in name, shape or dtype,
  ///   ``DataParallelError`` for options that do not fit, or a collective's error.
  public init(
    _ module: Model, group: ProcessGroup, options: DataParallelOptions = .init(),
    optimizer: ShardedOptimizer? = nil
  ) throws {
    try options.check()
    self.module = module
    self.group = group
    self.options = options
    replicas = try Replicas(module, group, ignored: options.ignored)
    try replicas.verify()
    // Where each rank keeps its part of the parameters only, they come unit by unit.
    if optimizer?.stage == .zero3 {
      try replicas.broadcastBuffers(root: 0)
    } else {
      try replicas.broadcast()
    }
    for (name, parameter) in replicas.parameters { parameter.label = name }
    let trained = replicas.parameters.filter { $0.parameter.requiresGrad }
    let frozen = replicas.parameters.filter { !$0.parameter.requiresGrad }
    guard !trained.isEmpty else {
      throw DataParallelError.unsupported(
        "the model has no parameter that requires a gradient; data parallelism has nothing to do")
    }
    synchronizers = BatchNormSynchronizer.all(in: module)
    if let optimizer, let shards = optimizer.gradientShards {
      try optimizer.follow(trained, frozen: frozen, options) { [replicas] in
        try replicas.broadcast($0)
      }
      reducer = shards
      parts = optimizer.parts
    } else {
      parts = nil
      reducer = try Reducer(trained, frozen: frozen, group: group, options: options)
    }
    super.init()
    describe(trained.map(\.parameter))
  }

  /// Fills in what the log says of the model.
  private func describe(_ trained: [Parameter]) {
    var about = reducer.log.statistics
    about.module = "\(Model.self)"
    (about.worldSize, about.rank) = (group.size, group.rank)
    about.parameterCount = trained.count
    about.parameterBytes = trained.reduce(0) { $0 + $1.count * $1.dtype.size }
    about.isStaticGraph = options.isStaticGraph
    about.broadcastsBuffers = options.broadcastsBuffers
    about.reduceType = options.reduceDtype.map { "\($0)" }
    reducer.log.statistics = about
  }

  /// A forward pass of the replica, whatever it takes and returns:
  /// `try model { $0(tokens, lengths: lengths) }`. A `Layer` is called as itself: `try model(x)`.
  ///
  /// A call of ``module`` itself is the replica's own, for evaluation: it shares no buffers and no
  /// statistics, and other ranks do not hear of it. Hooks of the replica run in either; those of
  /// the wrapper in the call of a `Layer` alone.
  /// - Parameter body: The pass; it is handed the replica.
  public func callAsFunction<Result>(_ body: (Model) throws -> Result) throws -> Result {
    try forward(body)
  }

  /// Runs a forward pass of the replica, with rank 0's buffers where
  /// ``DataParallelOptions/broadcastsBuffers``, and tells ``Join`` of it. Blocks until all ranks
  /// have begun theirs where there are buffers.
  /// - Parameter body: The pass; it is handed the replica.
  package func forward<Result>(_ body: (Model) throws -> Result) throws -> Result {
    if Capture.isOn {
      Capture.refuse(
        "a data-parallel model is called inside the function: call it around the compiled one, "
          + "as in model { _ in compiled(x) }")
    }
    let began = DispatchTime.now().uptimeNanoseconds
    let synchronizes = isGradEnabled && reducer.isSynchronizing
    try announcePass(synchronizes: synchronizes)
    for synchronizer in synchronizers { synchronizer.beginPass() }
    if sendsBuffers { try replicas.broadcastBuffers(root: reducer.leader) }
    mustSyncBuffers = synchronizes
    let result = try parts.map { try $0.pass { try body(module) } } ?? body(module)
    reducer.log.forwardEnded(DispatchTime.now().uptimeNanoseconds - began)
    return result
  }

  var sendsBuffers: Bool {
    mustSyncBuffers && options.broadcastsBuffers && !replicas.buffers.isEmpty
  }

  /// Runs a body whose backward passes add to the local gradients without meeting the other ranks;
  /// the next synchronised one reduces the sum (`no_sync`). Forward passes inside leave buffers
  /// alone but for the first of an optimizer step.
  public func noSync<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = reducer.isSynchronizing
    reducer.isSynchronizing = false
    defer { reducer.isSynchronizing = before }
    return try body()
  }

  /// Has a hook reduce buckets in place of the built-in average, from the next pass on
  /// (`register_comm_hook`). Every rank registers the same one.
  /// - Throws: ``DataParallelError/secondHook(present:refused:)`` where there is one, or
  ///   ``DataParallelError/unsupported(_:)`` beside a reduce type, and for a hook that needs whole
  ///   gradients where they are sharded.
  public func register(_ hook: any CommunicationHook) throws(DataParallelError) {
    try reducer.register(hook)
  }

  /// Takes over rank 0's buffers, such as batch norm's running statistics. Blocks until all ranks
  /// have called it.
  public func broadcastBuffers() throws { try replicas.broadcastBuffers(root: 0) }

  /// The positions of the parameters in each bucket, in the order in which buckets are reduced: what
  /// a checkpoint must keep for a resumed run to add up in the same order.
  public var bucketPlan: BucketPlan { reducer.plan }

  /// How it is set up and what the passes so far did: bucket sizes, order of readiness, times,
  /// unused parameters.
  public var statistics: DataParallelStatistics { reducer.log.statistics }
}

extension DistributedDataParallel: UncopyableModule {
  package var copyRefusal: String { "its gradients meet those of other ranks; copy its module" }
}

extension DistributedDataParallel where Model: Layer {
  /// A forward pass of a model that makes one tensor of one tensor, with rank 0's buffers where
  /// ``DataParallelOptions/broadcastsBuffers``. Blocks until all ranks have begun theirs where there
  /// are buffers.
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    try withHooks(x) { x in try forward { $0(x) } }
  }
}
