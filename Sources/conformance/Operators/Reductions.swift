import Tensors

/// Reductions, scans and statistics.
extension Registry {
  mutating func addReductions() {
    addSums()
    addExtrema()
    addMoments()
    addNorms()
    addOrderStatistics()
    addScans()
    addCounting()
  }

  private mutating func addSums() {
    row("sum") { call in
      try call.tensor().sum(
        dims: try call.dims(1), keepDim: try call.keepDim(2), dtype: try call.dtype())
    }
    row("mean") { call in
      try call.tensor().mean(
        dims: try call.dims(1), keepDim: try call.keepDim(2), dtype: try call.dtype())
    }
    row("prod") { call in
      try call.tensor().prod(
        dims: try call.dims(1), keepDim: try call.keepDim(2), dtype: try call.dtype())
    }
    row("nansum") { call in
      try call.tensor().nanSum(
        dims: try call.dims(1), keepDim: try call.keepDim(2), dtype: try call.dtype())
    }
    row("nanmean") { call in
      try call.tensor().nanMean(
        dims: try call.dims(1), keepDim: try call.keepDim(2), dtype: try call.dtype())
    }
    row("logsumexp") { call in
      try call.tensor().logSumExp(dims: try call.dims(1), keepDim: try call.keepDim(2))
    }
    row("all") { try $0.tensor().all(dims: try $0.dims(1), keepDim: try $0.keepDim(2)) }
    row("any") { try $0.tensor().any(dims: try $0.dims(1), keepDim: try $0.keepDim(2)) }
    row("count_nonzero") { try $0.tensor().countNonzero(dims: try $0.dims(1)) }
    row("sum_to_size") { call in
      let size =
        call.count == 2 ? try call.ints(1, "size") : try (1..<call.count).map { try call.int($0) }
      return try call.tensor().sum(toSize: size)
    }
  }

  private mutating func addExtrema() {
    row("amax") { try $0.tensor().amax(dims: try $0.dims(1), keepDim: try $0.keepDim(2)) }
    row("amin") { try $0.tensor().amin(dims: try $0.dims(1), keepDim: try $0.keepDim(2)) }
    row("aminmax") { call in
      results(
        try call.tensor().aminmax(
          dim: try call.optionalInt(nil, "dim"), keepDim: try call.keepDim(nil)))
    }
    row("argmax") { call in
      try call.tensor().argmax(dim: try call.optionalInt(1, "dim"), keepDim: try call.keepDim(2))
    }
    row("argmin") { call in
      try call.tensor().argmin(dim: try call.optionalInt(1, "dim"), keepDim: try call.keepDim(2))
    }
    unary("max.reduction_no_dim") { $0.max() }
    unary("min.reduction_no_dim") { $0.min() }
    row("max.reduction_with_dim") { call in
      results(try call.tensor().max(dim: try call.int(1, "dim"), keepDim: try call.keepDim(2)))
    }
    row("min.reduction_with_dim") { call in
      results(try call.tensor().min(dim: try call.int(1, "dim"), keepDim: try call.keepDim(2)))
    }
  }

  private mutating func addMoments() {
    row("std") { call in
      let options = try Spread(call)
      return try call.tensor().std(
        dims: options.dims, correction: options.correction, keepDim: options.keepDim)
    }
    row("var") { call in
      let options = try Spread(call)
      return try call.tensor().var(
        dims: options.dims, correction: options.correction, keepDim: options.keepDim)
    }
    row("std_mean") { call in
      let options = try Spread(call)
      return results(
        try call.tensor().stdMean(
          dims: options.dims, correction: options.correction, keepDim: options.keepDim))
    }
    row("var_mean") { call in
      let options = try Spread(call)
      return results(
        try call.tensor().varMean(
          dims: options.dims, correction: options.correction, keepDim: options.keepDim))
    }
    row("cov") { call in
      try call.tensor().cov(
        correction: try call.int(nil, "correction", default: 1),
        fweights: try call.optionalTensor(nil, "fweights"),
        aweights: try call.optionalTensor(nil, "aweights"))
    }
    unary("corrcoef") { $0.corrcoef() }
  }

  private mutating func addNorms() {
    row("norm") { call in
      let x = try call.tensor()
      let dims = try call.dims(2)
      let keepDim = try call.keepDim(3)
      let dtype = try call.dtype()
      let order = call.value(1, "p")
      switch order {
      case nil, .some(.none): return x.norm(dims: dims, keepDim: keepDim, dtype: dtype)
      case .string("fro"): return x.norm(dims: dims, keepDim: keepDim, dtype: dtype)
      case .some(let order):
        guard let p = Call.double(order) else { throw Unsupported("norm of order \(order)") }
        return x.norm(p, dims: dims, keepDim: keepDim, dtype: dtype)
      }
    }
    row("dist") { call in
      try call.tensor().dist(try call.tensor(1, "other"), p: try call.double(2, "p", default: 2))
    }
    row("renorm") { call in
      try call.tensor().renorm(
        p: try call.double(1, "p"), dim: try call.int(2, "dim"),
        maxNorm: try call.double(3, "maxnorm"))
    }
  }

  private mutating func addOrderStatistics() {
    row("median") { call in
      let x = try call.tensor()
      guard let dim = try call.optionalInt(1, "dim") else { return x.median() }
      return results(x.median(dim: dim, keepDim: try call.keepDim(2)))
    }
    row("nanmedian") { call in
      let x = try call.tensor()
      guard let dim = try call.optionalInt(1, "dim") else { return x.nanMedian() }
      return results(x.nanMedian(dim: dim, keepDim: try call.keepDim(2)))
    }
    row("mode") { call in
      results(
        try call.tensor().mode(
          dim: try call.int(1, "dim", default: -1), keepDim: try call.keepDim(2)))
    }
    row("quantile") { call in
      let (x, dim) = (try call.tensor(), try call.optionalInt(2, "dim"))
      let (keepDim, interpolation) = (try call.keepDim(3), try call.interpolation())
      if let q = call.value(1, "q").flatMap(Call.double) {
        return x.quantile(q, dim: dim, keepDim: keepDim, interpolation: interpolation)
      }
      return x.quantile(
        try call.tensor(1, "q"), dim: dim, keepDim: keepDim, interpolation: interpolation)
    }
    row("nanquantile") { call in
      let (x, dim) = (try call.tensor(), try call.optionalInt(2, "dim"))
      let (keepDim, interpolation) = (try call.keepDim(3), try call.interpolation())
      if let q = call.value(1, "q").flatMap(Call.double) {
        return x.nanQuantile(q, dim: dim, keepDim: keepDim, interpolation: interpolation)
      }
      return x.nanQuantile(
        try call.tensor(1, "q"), dim: dim, keepDim: keepDim, interpolation: interpolation)
    }
  }

  private mutating func addScans() {
    row("cumsum") { try $0.tensor().cumsum(dim: try $0.int(1, "dim"), dtype: try $0.dtype()) }
    row("cumprod") { try $0.tensor().cumprod(dim: try $0.int(1, "dim"), dtype: try $0.dtype()) }
    row("cummax") { results(try $0.tensor().cummax(dim: try $0.int(1, "dim"))) }
    row("cummin") { results(try $0.tensor().cummin(dim: try $0.int(1, "dim"))) }
    row("logcumsumexp") { try $0.tensor().logCumSumExp(dim: try $0.int(1, "dim")) }
    row("diff") { call in
      try call.tensor().diff(
        n: try call.int(1, "n", default: 1), dim: try call.int(2, "dim", default: -1),
        prepend: try call.optionalTensor(3, "prepend"), append: try call.optionalTensor(4, "append")
      )
    }
    row("trapezoid", "trapz") { call in
      let (y, dim) = (try call.tensor(), try call.int(nil, "dim", default: -1))
      if let x = try call.optionalTensor(1, "x") { return y.trapezoid(x: x, dim: dim) }
      return y.trapezoid(dx: try call.double(nil, "dx", default: 1), dim: dim)
    }
    row("cumulative_trapezoid") { call in
      let (y, dim) = (try call.tensor(), try call.int(nil, "dim", default: -1))
      if let x = try call.optionalTensor(1, "x") { return y.cumulativeTrapezoid(x: x, dim: dim) }
      return y.cumulativeTrapezoid(dx: try call.double(nil, "dx", default: 1), dim: dim)
    }
  }

  private mutating func addCounting() {
    row("histc") { call in
      try call.tensor().histc(
        bins: try call.int(1, "bins", default: 100), min: try call.double(2, "min", default: 0),
        max: try call.double(3, "max", default: 0))
    }
    row("bincount") { call in
      try call.tensor().bincount(
        weights: try call.optionalTensor(1, "weights"),
        minLength: try call.int(2, "minlength", default: 0))
    }
  }
}

/// The arguments that reductions share.
extension Call {
  /// Dimensions, one or several; none where the argument is absent.
  func dims(_ position: Int?) throws -> [Int] { try optionalInts(position, "dim") ?? [] }

  /// Whether reduced dimensions are kept.
  func keepDim(_ position: Int?) throws -> Bool { try bool(position, "keepdim", default: false) }

  fileprivate func interpolation() throws -> QuantileInterpolation {
    let name = try string(nil, "interpolation", default: "linear")
    guard let value = QuantileInterpolation(rawValue: name) else {
      throw Unsupported("interpolation \(name)")
    }
    return value
  }
}

/// The two signatures of variance: `(unbiased)` or `(dim, unbiased, keepdim)`, and the one with a
/// correction.
private struct Spread {
  let dims: [Int]
  let correction: Double
  let keepDim: Bool

  init(_ call: Call) throws {
    let unbiased: Bool?
    if case .bool(let value) = call.value(1) {
      unbiased = value
      dims = []
    } else {
      dims = try call.dims(1)
      unbiased = try call.optionalBool(2, "unbiased")
    }
    correction = try call.optionalDouble(nil, "correction") ?? (unbiased == false ? 0 : 1)
    keepDim = try call.keepDim(3)
  }
}
