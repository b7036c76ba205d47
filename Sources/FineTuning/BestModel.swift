import Checkpoints
import NN
import Tensors
import Training
import Transformers

/// The best weights of a run so far, by one figure of its evaluations.
///
/// Figures are those of all ranks, so that every rank keeps the weights of the same step.
final class BestModel {
  /// The figure's name.
  let metric: String
  /// Evaluations since the best one.
  private(set) var waited = 0
  private var best: (value: Double, step: Int)?
  /// The weights; nil where those of the model are the best.
  private var weights: [Tensor]?

  /// - Parameter metric: The figure; nil for the loss.
  init(_ metric: String?) { self.metric = metric ?? "loss" }

  /// The step of the best evaluation; nil where there was none.
  var step: Int? { best?.step }

  /// What training changes.
  private func trained(_ model: Module) -> [(name: String, parameter: Parameter)] {
    model.namedParameters().filter { $0.parameter.requiresGrad }
  }

  private var isLess: Bool { ["loss", "perplexity", "mse"].contains(metric) }

  /// Keeps the model's weights where they are the best so far.
  func look(at figures: Figures, step: Int, of model: Module) {
    let value = figures[metric] ?? .nan
    // Nothing is better or worse than NaN, which any later figure replaces.
    if let best, !best.value.isNaN, !(isLess ? value < best.value : value > best.value) {
      waited += 1
    } else {
      waited = 0
      best = (value, step)
      weights = noGrad { trained(model).map { $0.parameter.value.clone() } }
    }
  }

  /// Gives the model the best weights.
  func takeBack(_ model: Module) {
    guard let weights else { return }
    noGrad {
      for (entry, value) in zip(trained(model), weights) { entry.parameter.assign(value) }
    }
  }

  /// What a checkpoint remembers besides the weights.
  private struct State: Codable {
    var metric: String
    var value: Double?
    var step: Int?
    var waited: Int
  }

  /// Adds what is known to a checkpoint; the weights only where they are not the model's own.
  /// - Parameter step: The checkpoint's step; nil where its weights are no rank's own.
  func add(to contents: inout CheckpointContents, step: Int?, _ model: Module) throws {
    try contents.setState(
      "best",
      State(metric: metric, value: best?.value, step: best?.step, waited: waited))
    guard let best, let weights, best.step != step else { return }
    let names = trained(model).map(\.name)
    contents.groups["best"] = StateDict(zip(names, weights).map { ($0, $1) }).stored()
  }

  /// Takes over what a checkpoint knows, whose weights the model has.
  func restore(_ found: RunCheckpoints.Found?, _ model: Module) throws {
    guard let found else { return }
    let state: State = try found.checkpoint.state("best")
    waited = state.waited
    guard let value = state.value, let step = state.step else { return }
    best = (value, step)
    let parameters = trained(model)
    guard found.checkpoint.groupNames.contains("best") else {
      weights = noGrad { parameters.map { $0.parameter.value.clone() } }
      return
    }
    let file = try StateDict(safetensors: "\(found.path)/best.safetensors")
    weights = try parameters.map { name, parameter in
      guard let tensor = file[name], tensor.shape == parameter.shape else {
        throw CheckpointError(
          .mismatch, path: "\(found.path)/best.safetensors",
          "it does not hold this model's \(name)",
          remedy: "Resume with the model that the run was started with")
      }
      return tensor
    }
  }
}
