import NN
import Tensors

extension ModuleRegistry {
  mutating func addNormalization() {
    typealias Make = (Int, Double, Double?, Bool, Bool, Bool) -> any Layer
    let batch: [(String, Make)] = [
      (
        "BatchNorm1d",
        {
          BatchNorm1d($0, eps: $1, momentum: $2, affine: $3, trackRunningStats: $4, bias: $5)
        }
      ),
      (
        "BatchNorm2d",
        {
          BatchNorm2d($0, eps: $1, momentum: $2, affine: $3, trackRunningStats: $4, bias: $5)
        }
      ),
      (
        "BatchNorm3d",
        {
          BatchNorm3d($0, eps: $1, momentum: $2, affine: $3, trackRunningStats: $4, bias: $5)
        }
      ),
    ]
    let instance: [(String, Make)] = [
      (
        "InstanceNorm1d",
        {
          InstanceNorm1d($0, eps: $1, momentum: $2, affine: $3, trackRunningStats: $4, bias: $5)
        }
      ),
      (
        "InstanceNorm2d",
        {
          InstanceNorm2d($0, eps: $1, momentum: $2, affine: $3, trackRunningStats: $4, bias: $5)
        }
      ),
      (
        "InstanceNorm3d",
        {
          InstanceNorm3d($0, eps: $1, momentum: $2, affine: $3, trackRunningStats: $4, bias: $5)
        }
      ),
    ]
    for (rows, isOn) in [(batch, true), (instance, false)] {
      for (name, make) in rows {
        layer(name) { call in
          // An explicit None asks for the mean over all batches.
          let momentum: Double? =
            if case .none? = call.value(2, "momentum") { nil } else {
              try call.double(2, "momentum", default: 0.1)
            }
          return make(
            try call.int(0, "num_features"), try call.double(1, "eps", default: 1e-5), momentum,
            try call.bool(3, "affine", default: isOn),
            try call.bool(4, "track_running_stats", default: isOn),
            try call.bool(nil, "bias", default: true))
        }
      }
    }
    layer("LayerNorm") { call in
      LayerNorm(
        try call.ints(0, "normalized_shape"), eps: try call.double(1, "eps", default: 1e-5),
        elementwiseAffine: try call.bool(2, "elementwise_affine", default: true),
        bias: try call.bool(3, "bias", default: true))
    }
    layer("RMSNorm") { call in
      RMSNorm(
        try call.ints(0, "normalized_shape"), eps: try call.optionalDouble(1, "eps"),
        elementwiseAffine: try call.bool(2, "elementwise_affine", default: true))
    }
    layer("GroupNorm") { call in
      GroupNorm(
        try call.int(0, "num_groups"), try call.int(1, "num_channels"),
        eps: try call.double(2, "eps", default: 1e-5),
        affine: try call.bool(3, "affine", default: true),
        bias: try call.bool(nil, "bias", default: true))
    }
    layer("LocalResponseNorm") { call in
      LocalResponseNorm(
        try call.int(0, "size"), alpha: try call.double(1, "alpha", default: 1e-4),
        beta: try call.double(2, "beta", default: 0.75), k: try call.double(3, "k", default: 1))
    }
  }
}
