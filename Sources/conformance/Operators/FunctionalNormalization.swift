import Tensors

extension Registry {
  mutating func addNormalization() {
    functional("batch_norm") { call in
      let (x, eps) = (try call.tensor(0), try call.double(7, "eps", default: 1e-5))
      let (mean, variance) = (
        try call.optionalTensor(1, "running_mean"), try call.optionalTensor(2, "running_var")
      )
      let (weight, bias) = (
        try call.optionalTensor(3, "weight"), try call.optionalTensor(4, "bias")
      )
      let training = try call.bool(5, "training", default: false)
      let momentum = try call.double(6, "momentum", default: 0.1)
      if training, var mean, var variance {
        return F.batchNorm(
          x, updating: &mean, &variance, weight: weight, bias: bias, momentum: momentum, eps: eps)
      }
      return F.batchNorm(
        x, runningMean: mean, runningVar: variance, weight: weight, bias: bias, training: training,
        eps: eps)
    }
    functional("instance_norm") { call in
      let (x, eps) = (try call.tensor(0), try call.double(7, "eps", default: 1e-5))
      _ = try call.optionalDouble(6, "momentum")
      return F.instanceNorm(
        x, runningMean: try call.optionalTensor(1, "running_mean"),
        runningVar: try call.optionalTensor(2, "running_var"),
        weight: try call.optionalTensor(3, "weight"), bias: try call.optionalTensor(4, "bias"),
        useInputStats: try call.bool(5, "use_input_stats", default: true), eps: eps)
    }
    functional("layer_norm") { call in
      F.layerNorm(
        try call.tensor(0), try call.ints(1, "normalized_shape"),
        weight: try call.optionalTensor(2, "weight"), bias: try call.optionalTensor(3, "bias"),
        eps: try call.double(4, "eps", default: 1e-5))
    }
    functional("rms_norm") { call in
      F.rmsNorm(
        try call.tensor(0), try call.ints(1, "normalized_shape"),
        weight: try call.optionalTensor(2, "weight"), eps: try call.optionalDouble(3, "eps"))
    }
    functional("group_norm") { call in
      F.groupNorm(
        try call.tensor(0), numGroups: try call.int(1, "num_groups"),
        weight: try call.optionalTensor(2, "weight"), bias: try call.optionalTensor(3, "bias"),
        eps: try call.double(4, "eps", default: 1e-5))
    }
    functional("local_response_norm") { call in
      F.localResponseNorm(
        try call.tensor(0), size: try call.int(1, "size"),
        alpha: try call.double(2, "alpha", default: 1e-4),
        beta: try call.double(3, "beta", default: 0.75), k: try call.double(4, "k", default: 1))
    }
    functional("normalize") { call in
      F.normalize(
        try call.tensor(0), p: try call.double(1, "p", default: 2),
        dim: try call.int(2, "dim", default: 1), eps: try call.double(3, "eps", default: 1e-12))
    }
  }
}
