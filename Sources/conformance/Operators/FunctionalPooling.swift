import Tensors

extension Registry {
  mutating func addPooling() {
    typealias MaxPool =
      (Tensor, [Int], [Int]?, [Int], [Int], Bool) -> (values: Tensor, indices: Tensor)
    let maxima: [(String, MaxPool)] = [
      ("max_pool1d", F.maxPool1dWithIndices), ("max_pool2d", F.maxPool2dWithIndices),
      ("max_pool3d", F.maxPool3dWithIndices),
    ]
    for (name, compute) in maxima {
      functional(name) { call in
        let result = compute(
          try call.tensor(0, "input"), try call.ints(1, "kernel_size"),
          try call.optionalInts(2, "stride"), try call.optionalInts(3, "padding") ?? [0],
          try call.optionalInts(4, "dilation") ?? [1],
          try call.bool(5, "ceil_mode", default: false))
        return try call.withIndices(6, result)
      }
    }
    functional("avg_pool1d") { call in
      F.avgPool1d(
        try call.tensor(0), try call.ints(1, "kernel_size"),
        stride: try call.optionalInts(2, "stride"),
        padding: try call.optionalInts(3, "padding") ?? [0],
        ceilMode: try call.bool(4, "ceil_mode", default: false),
        countIncludePad: try call.bool(5, "count_include_pad", default: true))
    }
    typealias AvgPool = (Tensor, [Int], [Int]?, [Int], Bool, Bool, Int?) -> Tensor
    let means: [(String, AvgPool)] = [("avg_pool2d", F.avgPool2d), ("avg_pool3d", F.avgPool3d)]
    for (name, compute) in means {
      functional(name) { call in
        compute(
          try call.tensor(0), try call.ints(1, "kernel_size"), try call.optionalInts(2, "stride"),
          try call.optionalInts(3, "padding") ?? [0],
          try call.bool(4, "ceil_mode", default: false),
          try call.bool(5, "count_include_pad", default: true),
          try call.optionalInt(6, "divisor_override"))
      }
    }
    let adaptiveMeans: [(String, (Tensor, [Int?]) -> Tensor)] = [
      ("adaptive_avg_pool1d", F.adaptiveAvgPool1d), ("adaptive_avg_pool2d", F.adaptiveAvgPool2d),
      ("adaptive_avg_pool3d", F.adaptiveAvgPool3d),
    ]
    for (name, compute) in adaptiveMeans {
      functional(name) { compute(try $0.tensor(0), try $0.optionalSizes(1, "output_size")) }
    }
    typealias AdaptiveMax = (Tensor, [Int?]) -> (values: Tensor, indices: Tensor)
    let adaptiveMaxima: [(String, AdaptiveMax)] = [
      ("adaptive_max_pool1d", F.adaptiveMaxPool1dWithIndices),
      ("adaptive_max_pool2d", F.adaptiveMaxPool2dWithIndices),
      ("adaptive_max_pool3d", F.adaptiveMaxPool3dWithIndices),
    ]
    for (name, compute) in adaptiveMaxima {
      functional(name) { call in
        try call.withIndices(
          2, compute(try call.tensor(0), try call.optionalSizes(1, "output_size")))
      }
    }
    typealias Unpool = (Tensor, Tensor, [Int], [Int]?, [Int], [Int]?) -> Tensor
    let unpools: [(String, Unpool)] = [
      ("max_unpool1d", F.maxUnpool1d), ("max_unpool2d", F.maxUnpool2d),
      ("max_unpool3d", F.maxUnpool3d),
    ]
    for (name, compute) in unpools {
      row("nn.functional.\(name)", "nn.functional.\(name).grad") { call in
        compute(
          try call.tensor(0), try call.tensor(1, "indices"), try call.ints(2, "kernel_size"),
          try call.optionalInts(3, "stride"), try call.optionalInts(4, "padding") ?? [0],
          try call.optionalInts(5, "output_size"))
      }
    }
    typealias LpPool = (Tensor, Double, [Int], [Int]?, Bool) -> Tensor
    let powers: [(String, LpPool)] = [
      ("lp_pool1d", F.lpPool1d), ("lp_pool2d", F.lpPool2d), ("lp_pool3d", F.lpPool3d),
    ]
    for (name, compute) in powers {
      functional(name) { call in
        compute(
          try call.tensor(0), try call.double(1, "norm_type"), try call.ints(2, "kernel_size"),
          try call.optionalInts(3, "stride"), try call.bool(4, "ceil_mode", default: false))
      }
    }
  }
}

extension Call {
  /// Values alone, or with their indices where the call asks for them.
  func withIndices(
    _ position: Int, _ result: (values: Tensor, indices: Tensor)
  ) throws -> any Returned {
    if try bool(position, "return_indices", default: false) { return results(result) }
    return result.values
  }
}
