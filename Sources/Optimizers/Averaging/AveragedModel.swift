import NN
import Tensors

/// Averages of a model's weights over training, for evaluation
/// (`torch.optim.swa_utils.AveragedModel`).
///
/// ```swift
/// let average = AveragedModel(model, .exponential(decay: 0.999))
/// …
/// optimizer.step()
/// average.update()
/// …
/// let accuracy = average.evaluate { test(model) }
/// ```
///
/// The averages are kept beside the model, which lends itself to them in ``evaluate(_:)``.
public final class AveragedModel {
  /// How an average goes on.
  public enum Rule: Sendable {
    /// All alike: a ← a + (w - a)/(n + 1) (stochastic weight averaging).
    case equal
    /// a ← a + (w - a)·(1 - decay) (an exponential moving average).
    case exponential(decay: Double)
  }

  /// The averages so far (`n_averaged`).
  public private(set) var count = 0
  /// How an average goes on.
  public let rule: Rule
  /// Whether buffers such as running means are averaged too; if not, the latest are taken.
  public let useBuffers: Bool
  private let model: Module
  private var averages: [Tensor]
  private var buffers: [Tensor]

  /// Averages that start with the model's weights at the first update.
  /// - Parameters:
  ///   - model: The model that is trained.
  ///   - rule: How an average goes on.
  ///   - useBuffers: Whether buffers are averaged too.
  public init(_ model: Module, _ rule: Rule = .equal, useBuffers: Bool = false) {
    if case .exponential(let decay) = rule {
      require(0...1 ~= decay, "AveragedModel", "the decay must lie in 0 ... 1: \(decay)")
    }
    self.model = model
    self.rule = rule
    self.useBuffers = useBuffers
    averages = noGrad { model.parameters().map { $0.value.detach().clone() } }
    buffers = noGrad { model.namedBuffers().map { $0.buffer.value.detach().clone() } }
  }

  /// Takes the model's present weights into the averages (`update_parameters`).
  public func update() {
    noGrad {
      let weight =
        switch rule {
        case _ where count == 0: 1.0
        case .equal: 1 / Double(count + 1)
        case .exponential(let decay): 1 - decay
        }
      for (average, parameter) in zip(averages, model.parameters()) {
        blend(average, parameter.value.detach(), weight)
      }
      for (index, (_, buffer)) in model.namedBuffers().enumerated() {
        if useBuffers, buffer.value.dtype.isFloatingPoint {
          blend(buffers[index], buffer.value, weight)
        } else {
          buffers[index] = buffer.value.clone()
        }
      }
      count += 1
    }
  }

  /// Runs a body while the model has the averaged weights and buffers; then it has its own again,
  /// bit for bit.
  public func evaluate<Result>(_ body: () throws -> Result) rethrows -> Result {
    let (weights, kept) = noGrad {
      (
        model.parameters().map { $0.value.detach().clone() },
        model.namedBuffers().map { $0.buffer.value }
      )
    }
    copyToModel()
    defer {
      for (parameter, weight) in zip(model.parameters(), weights) { parameter.assign(weight) }
      for ((_, buffer), value) in zip(model.namedBuffers(), kept) { buffer.value = value }
    }
    return try body()
  }

  /// Gives the model the averaged weights and buffers for good.
  public func copyToModel() {
    noGrad {
      for (parameter, average) in zip(model.parameters(), averages) { parameter.assign(average) }
      for ((_, buffer), value) in zip(model.namedBuffers(), buffers) {
        buffer.value = value.clone()
      }
    }
  }

  /// Copies of the averages under the model's names behind `module.`, with `n_averaged`.
  public func stateDict() -> StateDict {
    noGrad {
      var state = StateDict([("n_averaged", Tensor(count))])
      for ((name, _), average) in zip(model.namedParameters(), averages) {
        state["module.\(name)"] = average.clone()
      }
      for ((name, buffer), value) in zip(model.namedBuffers(), buffers) where buffer.isPersistent {
        state["module.\(name)"] = value.clone()
      }
      return state
    }
  }

  /// Takes over saved averages; nothing changes unless everything fits.
  /// - Throws: ``OptimizerStateError`` naming the entry that is missing, unknown or of another shape.
  public func load(_ state: StateDict) throws(OptimizerStateError) {
    let own = stateDict()
    for (name, tensor) in own {
      guard let saved = state[name] else {
        throw .malformed(path: name, expected: "a tensor of \(tensor.shape); there is none")
      }
      guard saved.shape == tensor.shape else {
        throw .shape(path: name, parameter: name, expected: tensor.shape, found: saved.shape)
      }
    }
    if let unknown = state.names.first(where: { own[$0] == nil }) {
      throw .malformed(path: unknown, expected: "a name that the model has")
    }
    noGrad {
      for (index, (name, _)) in model.namedParameters().enumerated() {
        if let tensor = state["module.\(name)"] { averages[index].copyInPlace(tensor) }
      }
      for (index, (name, _)) in model.namedBuffers().enumerated() {
        if let tensor = state["module.\(name)"] {
          buffers[index] = tensor.to(buffers[index].dtype).clone()
        }
      }
      count = state["n_averaged"].map { Int($0.item()) } ?? 0
    }
  }
}

/// average ← average + (value - average)·weight, in place.
private func blend(_ average: Tensor, _ value: Tensor, _ weight: Double) {
  let value = value.to(average.dtype).contiguous()
  if weight == 1 { return average.copyInPlace(value) }
  Kernel.blend(average, towards: value, weight)
}
