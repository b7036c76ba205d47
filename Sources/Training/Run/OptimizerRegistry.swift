import NN
import Optimizers

/// The optimizers: a line each.
let optimizerRegistry: [Maker<[(name: String, parameter: Parameter)], Optimizer>] = [
  Maker("sgd", "stochastic gradient descent", SGDOptions.self) { options, parameters in
    SGD(
      [ParameterGroup(parameters)], lr: options.lr, momentum: options.momentum,
      dampening: options.dampening, weightDecay: options.weightDecay, nesterov: options.nesterov)
  },
  Maker("adam", "Adam with an L2 penalty", AdamOptions.self) { options, parameters in
    Adam(
      groups(parameters, options), lr: options.lr, betas: (options.betas[0], options.betas[1]),
      eps: options.eps, weightDecay: options.weightDecay)
  },
  Maker("adamw", "Adam with decoupled weight decay", AdamWOptions.self) { options, parameters in
    AdamW(
      groups(parameters, options.adam), lr: options.lr,
      betas: (options.betas[0], options.betas[1]), eps: options.eps,
      weightDecay: options.weightDecay)
  },
]

/// One group, or two where only matrices decay.
private func groups(
  _ parameters: [(name: String, parameter: Parameter)], _ options: AdamOptions
) -> [ParameterGroup] {
  guard options.decayed == .matrices else { return [ParameterGroup(parameters)] }
  let matrices = parameters.filter { $0.parameter.shape.count >= 2 }
  let others = parameters.filter { $0.parameter.shape.count < 2 }
  return [
    ParameterGroup(matrices), ParameterGroup(others, options: ["weight_decay": 0.0]),
  ].filter { !$0.parameters.isEmpty }
}
