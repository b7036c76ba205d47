import Tensors

/// Draws from the generator, which every case starts at the same seed.
extension Registry {
  mutating func addRandom() {
    row("geometric") { call in
      let x = try call.tensor()
      return Tensor.geometric(x.shape, p: try call.double(1, "p"), dtype: x.dtype)
    }
    row("exponential") { call in
      let x = try call.tensor()
      return Tensor.exponential(
        x.shape, rate: try call.double(1, "lambd", default: 1), dtype: x.dtype)
    }
    row("cauchy") { call in
      let x = try call.tensor()
      return Tensor.cauchy(
        x.shape, median: try call.double(1, "median", default: 0),
        sigma: try call.double(2, "sigma", default: 1), dtype: x.dtype)
    }
    row("log_normal") { call in
      let x = try call.tensor()
      return Tensor.logNormal(
        x.shape, mean: try call.double(1, "mean", default: 1),
        std: try call.double(2, "std", default: 2), dtype: x.dtype)
    }
    row("uniform") { call in
      let x = try call.tensor()
      return Tensor.uniform(
        x.shape, from: try call.double(1, "from", default: 0),
        to: try call.double(2, "to", default: 1),
        dtype: x.dtype)
    }
    row("bernoulli") { try $0.tensor().bernoulli() }
    row("multinomial") { call in
      try call.tensor().multinomial(
        try call.int(1, "num_samples"), replacement: try call.bool(2, "replacement", default: false)
      )
    }
  }
}
