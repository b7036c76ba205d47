import NN
import Settings
import Tensors

/// The limited-memory BFGS method (`torch.optim.LBFGS`): steps along an approximate inverse Hessian,
/// built from the last moves and the changes of the gradient over them.
///
/// A step evaluates the closure several times, so that it must always compute the same loss; it is
/// for whole batches. There is one parameter group, and 2·history + 3 vectors of all parameters are
/// kept, under the first parameter's state as in PyTorch.
///
/// Nocedal and Wright, Numerical Optimization, 2006, algorithms 7.4, 3.5 and 3.6.
public final class LBFGS: Optimizer {
  /// How far to go along the direction.
  public enum LineSearch: String, ConfigurationChoice {
    /// To a point that satisfies the strong Wolfe conditions.
    case strongWolfe = "strong_wolfe"
  }

  /// L-BFGS.
  /// - Parameters:
  ///   - parameters: Parameters, or one group of them.
  ///   - lr: The learning rate; with a line search, the first guess of the length.
  ///   - iterations: The most directions a step takes.
  ///   - evaluations: The most evaluations of the closure a step makes, by default 5/4 of the
  ///     iterations.
  ///   - gradientTolerance: A step ends where no gradient is larger.
  ///   - changeTolerance: A step ends where no parameter and no loss changed by more.
  ///   - history: The number of moves remembered.
  ///   - lineSearch: nil goes lr times the direction.
  public init<Element: Optimizable>(
    _ parameters: [Element], lr: Double = 1, maxIter iterations: Int = 20,
    maxEval evaluations: Int? = nil, toleranceGrad gradientTolerance: Double = 1e-7,
    toleranceChange changeTolerance: Double = 1e-9,
    historySize history: Int = 100, lineSearchFn lineSearch: LineSearch? = nil
  ) {
    let groups = Element.groups(parameters).map { group in
      let group = ParameterGroup(copying: group)
      let iterations = group.options["max_iter"]?.int ?? iterations
      let most = OptionValue.int(evaluations ?? iterations * 5 / 4)
      group.options.merge(["max_eval": most]) { own, _ in own }
      return group
    }
    super.init(
      groups,
      defaults: [
        "lr": .double(lr), "max_iter": .int(iterations), "max_eval": .null,
        "tolerance_grad": .double(gradientTolerance),
        "tolerance_change": .double(changeTolerance), "history_size": .int(history),
        "line_search_fn": lineSearch.map { .string($0.rawValue) } ?? .null,
      ])
  }

  /// All parameters move together.
  public override var unit: UpdateUnit { .model }

  /// One group; a history of at least one move.
  public override func validate(_ group: ParameterGroup) {
    super.validate(group)
    require(groups.isEmpty, "LBFGS", "takes one parameter group: the direction is one for all")
    require(group.int("history_size") > 0, "LBFGS", "history_size must be positive")
  }

  /// The loss is evaluated several times.
  public override var needsClosure: Bool { true }

  /// Numbers that PyTorch saves as tensors.
  public override class var numbers: Set<String> { ["t", "ro", "H_diag", "prev_loss"] }

  /// Vectors of all parameters.
  public override func shape(of entry: String, for parameter: Parameter) -> [Int]? {
    [parameters.reduce(0) { $0 + $1.count }]
  }

  /// Stops the process: the method evaluates the loss itself, through `step(closure:)`.
  public override func step() {
    fail("LBFGS", "needs step(closure:), since it evaluates the loss several times")
  }

  /// Goes up to `iterations` times along a direction.
  @discardableResult
  public override func step(closure: () throws -> Tensor) rethrows -> Tensor {
    try noGrad {
      let group = groups[0]
      let search = group.options["line_search_fn"]?.string.flatMap(LineSearch.init)
      let (iterations, evaluations) = (group.int("max_iter"), group.int("max_eval"))
      let tolerance = group.double("tolerance_grad")
      let changeTolerance = group.double("tolerance_change")
      var memory = Memory(state(of: group.parameters[0]), history: group.int("history_size"))
      defer { memory.save(to: state(of: group.parameters[0])) }

      let first = try enableGrad { try closure() }
      var point = Point(loss: first.item(), gradient: flatGradient())
      var evaluated = 1
      memory.evaluations += 1
      if point.gradient.largest <= tolerance { return first }

      for iteration in 1...max(1, iterations) {
        let direction = memory.direction(at: point)
        var length = group.lr
        if memory.iterations == 1 {
          length *= min(1, 1 / point.gradient.abs().sum().item())
        }
        let slope = dot(point.gradient, direction)
        memory.length = length
        if slope > -changeTolerance { break }

        var fresh = 0
        if search != nil {
          let start = parameters.map { $0.value.detach().clone() }
          let found = try strongWolfe(
            from: point, length: length, slope: slope, largest: direction.largest,
            evaluations: evaluations - evaluated
          ) { length in
            move(direction, length)
            let loss: Double = try enableGrad { try closure() }.item()
            let gradient = flatGradient()
            for (parameter, value) in zip(parameters, start) { parameter.assign(value) }
            return Trial(
              length: length, loss: loss, gradient: gradient, slope: dot(gradient, direction))
          }
          (length, fresh) = (found.best.length, found.evaluations)
          point = Point(loss: found.best.loss, gradient: found.best.gradient)
          memory.length = length
          move(direction, length)
        } else {
          move(direction, length)
          if iteration != iterations {
            point = Point(
              loss: try enableGrad { try closure() }.item(), gradient: flatGradient())
            fresh = 1
          }
        }
        evaluated += fresh
        memory.evaluations += fresh
        if iteration == iterations || evaluated >= evaluations { break }
        if point.gradient.largest <= tolerance { break }
        if (direction * length).largest <= changeTolerance { break }
        if abs(point.loss - memory.loss) < changeTolerance { break }
      }
      return first
    }
  }

  private func flatGradient() -> Tensor {
    .cat(
      parameters.map { parameter in
        (parameter.grad ?? .zeros(like: parameter.value)).reshaped([-1]).clone()
      })
  }

  private func move(_ direction: Tensor, _ length: Double) {
    var start = 0
    for parameter in parameters {
      let part = direction.narrowed(dim: 0, start: start, length: parameter.count)
      parameter.assign(parameter.value.add(part.reshaped(parameter.shape), alpha: length))
      start += parameter.count
    }
  }
}

/// Where the search stands.
struct Point {
  let loss: Double
  let gradient: Tensor
}

/// What the method remembers from direction to direction.
private struct Memory {
  let history: Int
  var evaluations: Int
  var iterations: Int
  /// The last direction and how far it was followed.
  var length: Double
  private var last: Tensor?
  /// The loss and the gradient before that.
  private(set) var loss: Double
  private var gradient: Tensor?
  /// Changes of the gradient with the moves that made them and 1/⟨change, move⟩, the oldest first.
  private var pairs: [(change: Tensor, move: Tensor, inverse: Double)] = []
  private var scale: Double

  init(_ state: ParameterState, history: Int) {
    self.history = history
    evaluations = state[value: "func_evals"]?.int ?? 0
    iterations = state[value: "n_iter"]?.int ?? 0
    length = state[value: "t"]?.double ?? 0
    loss = state[value: "prev_loss"]?.double ?? 0
    scale = state[value: "H_diag"]?.double ?? 1
    last = state["d"]
    gradient = state["prev_flat_grad"]
    var index = 0
    while let change = state["old_dirs.\(index)"], let move = state["old_stps.\(index)"],
      let inverse = state[value: "ro.\(index)"]?.double
    {
      pairs.append((change, move, inverse))
      index += 1
    }
  }

  func save(to state: ParameterState) {
    state[value: "func_evals"] = .int(evaluations)
    state[value: "n_iter"] = .int(iterations)
    guard iterations > 0 else { return }
    state[value: "t"] = .double(length)
    state[value: "prev_loss"] = .double(loss)
    state[value: "H_diag"] = .double(scale)
    state["d"] = last
    state["prev_flat_grad"] = gradient
    for (index, pair) in pairs.enumerated() {
      state["old_dirs.\(index)"] = pair.change
      state["old_stps.\(index)"] = pair.move
      state[value: "ro.\(index)"] = .double(pair.inverse)
    }
  }

  /// The next direction: minus the approximate inverse Hessian times the gradient, by the two-loop
  /// recursion.
  mutating func direction(at point: Point) -> Tensor {
    iterations += 1
    if let last, let gradient, iterations > 1 {
      let change = point.gradient - gradient
      let move = last * length
      let product = dot(change, move)
      if product > 1e-10 {
        if pairs.count == history { pairs.removeFirst() }
        pairs.append((change, move, 1 / product))
        scale = product / dot(change, change)
      }
    } else {
      pairs = []
      scale = 1
    }
    var result = -point.gradient
    var factors: [Double] = []
    for pair in pairs.reversed() {
      let factor = dot(pair.move, result) * pair.inverse
      factors.append(factor)
      result = result.add(pair.change, alpha: -factor)
    }
    result = result * scale
    for (pair, factor) in zip(pairs, factors.reversed()) {
      result = result.add(pair.move, alpha: factor - dot(pair.change, result) * pair.inverse)
    }
    last = result
    gradient = point.gradient
    loss = point.loss
    return result
  }
}

private func dot(_ a: Tensor, _ b: Tensor) -> Double { (a * b).sum().item() }

extension Tensor {
  /// The largest absolute value.
  fileprivate var largest: Double { abs().max(dim: 0).values.item() }
}

extension OptimizerDefinition {
  /// `lbfgs`.
  static let lbfgs = OptimizerDefinition(
    of: LBFGSOptions.self, "lbfgs", "quasi-Newton steps over whole batches", states: 2
  ) { LBFGS($0) }
}

/// Keys of `lbfgs`.
public struct LBFGSOptions: ConfigurationSection {
  /// Learning rate.
  public var lr = 1.0
  /// The most directions in a step.
  public var maxIterations = 20
  /// The most evaluations of the loss in a step; nil for 5/4 of the directions.
  public var maxEvaluations: Int?
  /// A step ends where no gradient is larger.
  public var toleranceGrad = 1e-7
  /// A step ends where nothing changed by more.
  public var toleranceChange = 1e-9
  /// How many moves are remembered.
  public var historySize = 100
  /// How far to go along a direction; nil for the learning rate.
  public var lineSearch: LBFGS.LineSearch?
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("lr", \.lr, in: .float(), "learning rate"),
    Field("max_iter", \.maxIterations, in: .between(1, 1000), "the most directions in a step"),
    Field(
      "max_eval", \.maxEvaluations, in: .between(1, 100_000),
      "the most evaluations in a step; null for 5/4 of max_iter"),
    Field(
      "tolerance_grad", \.toleranceGrad, in: .float(), "a step ends where no gradient is larger"),
    Field(
      "tolerance_change", \.toleranceChange, in: .float(),
      "a step ends where nothing changed by more"),
    Field("history_size", \.historySize, in: .between(1, 10_000), "how many moves are remembered"),
    Field("line_search_fn", \.lineSearch, "how far to go: strong_wolfe, or null for lr"),
  ]
}
