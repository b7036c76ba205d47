import Settings

/// Keys of `powersgd`, which PyTorch has in `PowerSGDState`.
public struct PowerSGDHookOptions: ConfigurationSection {
  /// Columns of the matrices that travel.
  public var matrixApproximationRank = 1
  /// Steps that average gradients as they are before compression begins.
  public var startPowerSGDIter = 1000
  /// How many times fewer numbers must travel for a gradient to be compressed.
  public var minCompressionRate = 2.0
  /// Whether what was lost is made up for in the next step.
  public var useErrorFeedback = true
  /// Whether a step's matrices begin with those of the step before.
  public var warmStart = true
  /// What is added to the norms by which columns are divided.
  public var orthogonalizationEpsilon = 0.0
  /// Seed of the first matrices.
  public var randomSeed = 0
  /// PyTorch's defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(
      "matrix_approximation_rank", \.matrixApproximationRank, in: .count(),
      "columns of the matrices that travel"),
    Field(
      "start_powersgd_iter", \.startPowerSGDIter, in: .steps(from: 0),
      "steps before compression begins"),
    Field(
      "min_compression_rate", \.minCompressionRate, in: .positiveFloat,
      "how many times less must travel for a gradient to be compressed"),
    Field(
      "use_error_feedback", \.useErrorFeedback, "what was lost is made up for in the next step"),
    Field("warm_start", \.warmStart, "matrices begin with those of the step before"),
    Field(
      "orthogonalization_epsilon", \.orthogonalizationEpsilon, in: .float(),
      "what is added to the norms by which columns are divided"),
    Field(
      "random_seed", \.randomSeed, in: .between(0, 4_294_967_295), "seed of the first matrices"),
  ]
  /// Buckets are rebuilt after the first step, and what is remembered must fit them.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    guard startPowerSGDIter < 2, useErrorFeedback || warmStart else { return [] }
    return [
      (
        "start_powersgd_iter",
        "\(startPowerSGDIter) is too early for use_error_feedback or warm_start: buckets are rebuilt after the first step",
        "set it to 2 or more, or both of them to false"
      )
    ]
  }
}

/// Keys of `batched_powersgd`: PowerSGD's, but for the rate, since all of a bucket is compressed.
public struct BatchedPowerSGDHookOptions: ExtendingSection {
  /// PowerSGD's.
  public var base = PowerSGDHookOptions()
  /// PyTorch's defaults.
  public init() {}
  /// The keys.
  public static let fields = baseFields.filter { $0.name != "min_compression_rate" }
}

/// Keys of `post_local_sgd`.
public struct PostLocalSGDHookOptions: ConfigurationSection {
  /// Which workers go on averaging gradients.
  public enum Subgroup: ConfigurationConvertible {
    /// Those of one node.
    case node
    /// None: every worker moves by itself.
    case none
    /// So many consecutive ones.
    case workers(Int)
    /// `node, none, or a number of workers`
    public static var expectation: String { "node, none, or a number of workers" }
    /// Reads the words and whole numbers.
    public static func read(_ node: ConfigurationNode) -> Self? {
      switch String.read(node) {
      case "node": .node
      case "none": Self.none
      default: Int.read(node).map { .workers($0) }
      }
    }
    /// The word, or the number.
    public var node: ConfigurationNode {
      switch self {
      case .node: "node".node
      case .none: "none".node
      case .workers(let count): count.node
      }
    }
    /// The number, where it is one.
    public var numbers: [Double] {
      if case .workers(let count) = self { [Double(count)] } else { [] }
    }
  }
  /// Steps that average gradients over all workers.
  public var startLocalSGDIter = 100
  /// Steps from one average of all workers' models to the next, once gradients no longer meet.
  public var period = 4
  /// Which workers go on averaging gradients.
  public var subgroup = Subgroup.node
  /// The defaults of PyTorch's example.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(
      "start_localsgd_iter", \.startLocalSGDIter, in: .steps(from: 0),
      "steps that average gradients over all workers"),
    Field("period", \.period, in: .steps(), "steps from one average of models to the next"),
    Field(
      "subgroup", \.subgroup, in: .count(),
      "who goes on averaging gradients: node, none, or a number of workers"),
  ]
}

extension DistributedConfiguration {
  /// What the hook cannot be combined with.
  package var hookConflicts: [(key: String, problem: String, remedy: String)] {
    guard hook.name != "none" else { return [] }
    func conflict(_ key: String, _ remedy: String) -> [(String, String, String)] {
      [("hook", "\(hook.name) cannot be combined with \(key)", remedy)]
    }
    let isLocal = hook.name == "post_local_sgd"
    // Only hooks that send gradients as they are, or narrower, can leave each worker with its share.
    let isNarrowing = hook.name == "fp16" || hook.name == "bf16"
    return
      (reduceDtype == .same
      ? []
      : conflict(
        "reduce_dtype: \(reduceDtype.rawValue)", "set hook to none, or reduce_dtype to same"))
      + (shardOptimizer.scattersGradients && !isNarrowing || isLocal && shardOptimizer == .zero1
        ? conflict(
          "shard_optimizer: \(shardOptimizer.rawValue)",
          isLocal ? "set shard_optimizer to none" : "set shard_optimizer to zero1 or none") : [])
      + (isLocal && checksumEvery != nil
        ? conflict(
          "checksum_every: workers' parameters differ between averages",
          "set checksum_every to null") : [])
  }
}
