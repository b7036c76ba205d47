import Tensors

extension Registry {
  mutating func addActivations() {
    func one(_ names: [String], _ compute: @escaping (Tensor) -> Tensor) {
      for name in names { functional(name) { compute(try $0.tensor(0, "input")) } }
    }
    for (name, compute) in [
      "relu": F.relu, "relu6": F.relu6, "silu": F.silu, "mish": F.mish, "sigmoid": F.sigmoid,
      "logsigmoid": F.logSigmoid, "tanh": F.tanh, "selu": F.selu, "hardsigmoid": F.hardsigmoid,
      "hardswish": F.hardswish, "softsign": F.softsign, "tanhshrink": F.tanhshrink,
    ] as [String: (Tensor) -> Tensor] {
      functional(name) { call in
        _ = try call.optionalBool(1, "inplace")
        return compute(try call.tensor(0, "input"))
      }
    }
    functional("gelu") { call in
      let name = try call.string(1, "approximate", default: "none")
      guard let kind = F.GELUApproximation(rawValue: name) else { throw Unsupported(name) }
      return F.gelu(try call.tensor(0), approximate: kind)
    }
    functional("softplus") { call in
      F.softplus(
        try call.tensor(0), beta: try call.double(1, "beta", default: 1),
        threshold: try call.double(2, "threshold", default: 20))
    }
    functional("elu") { F.elu(try $0.tensor(0), alpha: try $0.double(1, "alpha", default: 1)) }
    functional("celu") { F.celu(try $0.tensor(0), alpha: try $0.double(1, "alpha", default: 1)) }
    functional("leaky_relu") {
      F.leakyReLU(
        try $0.tensor(0), negativeSlope: try $0.double(1, "negative_slope", default: 0.01))
    }
    functional("hardtanh") {
      F.hardtanh(
        try $0.tensor(0), minVal: try $0.double(1, "min_val", default: -1),
        maxVal: try $0.double(2, "max_val", default: 1))
    }
    functional("hardshrink") {
      F.hardshrink(try $0.tensor(0), lambda: try $0.double(1, "lambd", default: 0.5))
    }
    functional("softshrink") {
      F.softshrink(try $0.tensor(0), lambda: try $0.double(1, "lambd", default: 0.5))
    }
    functional("threshold") {
      F.threshold(try $0.tensor(0), try $0.double(1, "threshold"), try $0.double(2, "value"))
    }
    functional("prelu") { F.prelu(try $0.tensor(0), try $0.tensor(1, "weight")) }
    functional("glu") { F.glu(try $0.tensor(0), dim: try $0.int(1, "dim", default: -1)) }
    functional("rrelu") {
      F.rrelu(
        try $0.tensor(0), lower: try $0.double(1, "lower", default: 1.0 / 8),
        upper: try $0.double(2, "upper", default: 1.0 / 3),
        training: try $0.bool(3, "training", default: false))
    }
    functional("softmin") {
      F.softmin(try $0.tensor(0), dim: try $0.int(1, "dim"), dtype: try $0.dtype())
    }
  }

  mutating func addDropout() {
    typealias Dropout = (Tensor, Double, Bool, Generator?) -> Tensor
    let family: [(String, Bool, Dropout)] = [
      ("dropout", true, F.dropout), ("dropout2d", true, F.dropout2d),
      ("dropout3d", true, F.dropout3d), ("alpha_dropout", false, F.alphaDropout),
      ("feature_alpha_dropout", false, F.featureAlphaDropout),
    ]
    for (name, training, compute) in family {
      functional(name) { call in
        compute(
          try call.tensor(0), try call.double(1, "p", default: 0.5),
          try call.bool(2, "training", default: training), nil)
      }
    }
  }
}
