import Collectives
import DataParallel
import Settings
import Tensors

/// What gradients meet by in place of the plain average, and what models meet by.
public struct Exchange {
  /// Nil for the plain average.
  public var hook: (any CommunicationHook)?
  /// Nil where all ranks' models are the same.
  public var averager: PeriodicModelAverager?

  /// A hook, and an averager where it lets models go apart.
  public init(hook: (any CommunicationHook)? = nil, averager: PeriodicModelAverager? = nil) {
    (self.hook, self.averager) = (hook, averager)
  }
}

/// What an exchange is made for.
public struct ExchangeInput {
  /// The ranks that train together.
  public let group: ProcessGroup
  /// How they all-reduce; nil picks by size and ranks.
  public let algorithm: AllReduceAlgorithm?
}

/// A communication hook that runs can use, under the name by which configurations call it. Every rank
/// makes the same one, since groups are made by all.
public struct HookDefinition: Registrable {
  /// The hooks that configurations can name.
  public static let registry = Registry<HookDefinition>("hook", builtIn)

  /// Its name, its purpose and its keys.
  public let variant: Variant
  private let making: @Sendable (Selection, ExchangeInput) throws -> Exchange

  /// A hook.
  public init<Options: ConfigurationSection>(
    _ name: String, _ summary: String, _ options: Options.Type,
    make: @escaping @Sendable (Options, ExchangeInput) throws -> Exchange
  ) {
    variant = Variant(name, summary, options)
    making = { selection, input in try make(selection.options(Options.self), input) }
  }

  /// The configured hook.
  public func make(_ selection: Selection, for input: ExchangeInput) throws -> Exchange {
    try making(selection, input)
  }
}

private let builtIn: [HookDefinition] = [
  HookDefinition("none", "the plain average", NoOptions.self) { _, _ in Exchange() },
  HookDefinition("fp16", "gradients in float16", NoOptions.self) { _, input in
    narrow(.float16, input)
  },
  HookDefinition("bf16", "gradients in bfloat16", NoOptions.self) { _, input in
    narrow(.bfloat16, input)
  },
  HookDefinition("powersgd", "low-rank factors of each matrix", PowerSGDHookOptions.self) {
    options, input in
    try power(options, input, isBatched: false)
  },
  HookDefinition(
    "batched_powersgd", "low-rank factors of each bucket", BatchedPowerSGDHookOptions.self
  ) { options, input in
    try power(options.base, input, isBatched: true)
  },
  HookDefinition(
    "post_local_sgd", "gradients within subgroups, models now and then",
    PostLocalSGDHookOptions.self, make: postLocal),
]

private func narrow(_ dtype: DType, _ input: ExchangeInput) -> Exchange {
  Exchange(hook: CompressionHook(dtype, over: AllReduceHook(algorithm: input.algorithm)))
}

private func power(
  _ options: PowerSGDHookOptions, _ input: ExchangeInput, isBatched: Bool
) throws -> Exchange {
  var chosen = PowerSGDHook.Options()
  chosen.matrixApproximationRank = options.matrixApproximationRank
  chosen.isBatched = isBatched
  chosen.startPowerSGDIter = options.startPowerSGDIter
  chosen.minCompressionRate = options.minCompressionRate
  chosen.useErrorFeedback = options.useErrorFeedback
  chosen.warmStart = options.warmStart
  chosen.orthogonalizationEpsilon = options.orthogonalizationEpsilon
  chosen.randomSeed = UInt32(options.randomSeed)
  return Exchange(hook: try PowerSGDHook(chosen, algorithm: input.algorithm))
}

/// A subgroup of all ranks needs no averages of models, and a subgroup of one no collectives.
@Sendable private func postLocal(
  _ options: PostLocalSGDHookOptions, _ input: ExchangeInput
) throws -> Exchange {
  let group = input.group
  let subgroup: ProcessGroup?
  switch options.subgroup {
  case .none, .workers(1): subgroup = nil
  case .node: subgroup = try group.split(color: group.node(of: group.rank), name: "node")
  case .workers(let count):
    guard group.size % count == 0 else {
      throw ConfigurationError.conflict(
        "distributed.hook.subgroup",
        problem: "subgroups of \(count) do not divide \(group.size) workers",
        remedy: "set it to a divisor of \(group.size), to node or to none")
    }
    subgroup = try group.subgroups(of: count)
  }
  let averager = try PeriodicModelAverager(
    period: options.period, warmupSteps: options.startLocalSGDIter, group: group)
  return Exchange(
    hook: PostLocalSGDHook(
      subgroup: subgroup, startLocalSGDIter: options.startLocalSGDIter, algorithm: input.algorithm),
    averager: subgroup?.size == group.size ? nil : averager)
}
