import NN
import Tensors

extension ModuleRegistry {
  mutating func addPooling() {
    maxima("MaxPool1d") {
      let pool = MaxPool1d($0, stride: $1, padding: $2, dilation: $3, ceilMode: $4)
      return (pool, pool.withIndices)
    }
    maxima("MaxPool2d") {
      let pool = MaxPool2d($0, stride: $1, padding: $2, dilation: $3, ceilMode: $4)
      return (pool, pool.withIndices)
    }
    maxima("MaxPool3d") {
      let pool = MaxPool3d($0, stride: $1, padding: $2, dilation: $3, ceilMode: $4)
      return (pool, pool.withIndices)
    }
    layer("AvgPool1d") { call in
      AvgPool1d(
        try call.ints(0, "kernel_size"), stride: try call.optionalInts(1, "stride"),
        padding: try call.sizes(2, "padding", default: [0]),
        ceilMode: try call.bool(3, "ceil_mode", default: false),
        countIncludePad: try call.bool(4, "count_include_pad", default: true))
    }
    typealias Means = ([Int], [Int]?, [Int], Bool, Bool, Int?) -> any Layer
    let means: [(String, Means)] = [
      (
        "AvgPool2d",
        {
          AvgPool2d(
            $0, stride: $1, padding: $2, ceilMode: $3, countIncludePad: $4, divisorOverride: $5)
        }
      ),
      (
        "AvgPool3d",
        {
          AvgPool3d(
            $0, stride: $1, padding: $2, ceilMode: $3, countIncludePad: $4, divisorOverride: $5)
        }
      ),
    ]
    for (name, make) in means {
      layer(name) { call in
        make(
          try call.ints(0, "kernel_size"), try call.optionalInts(1, "stride"),
          try call.sizes(2, "padding", default: [0]),
          try call.bool(3, "ceil_mode", default: false),
          try call.bool(4, "count_include_pad", default: true),
          try call.optionalInt(5, "divisor_override"))
      }
    }
    let powers: [(String, (Double, [Int], [Int]?, Bool) -> any Layer)] = [
      ("LPPool1d", { LPPool1d($0, $1, stride: $2, ceilMode: $3) }),
      ("LPPool2d", { LPPool2d($0, $1, stride: $2, ceilMode: $3) }),
      ("LPPool3d", { LPPool3d($0, $1, stride: $2, ceilMode: $3) }),
    ]
    for (name, make) in powers {
      layer(name) { call in
        make(
          try call.double(0, "norm_type"), try call.ints(1, "kernel_size"),
          try call.optionalInts(2, "stride"), try call.bool(3, "ceil_mode", default: false))
      }
    }
    let adaptive: [(String, ([Int?]) -> any Layer)] = [
      ("AdaptiveAvgPool1d", { AdaptiveAvgPool1d($0) }),
      ("AdaptiveAvgPool2d", { AdaptiveAvgPool2d($0) }),
      ("AdaptiveAvgPool3d", { AdaptiveAvgPool3d($0) }),
      ("AdaptiveMaxPool1d", { AdaptiveMaxPool1d($0) }),
      ("AdaptiveMaxPool2d", { AdaptiveMaxPool2d($0) }),
      ("AdaptiveMaxPool3d", { AdaptiveMaxPool3d($0) }),
    ]
    for (name, make) in adaptive { layer(name) { make(try $0.optionalSizes(0, "output_size")) } }
  }

  private typealias Maxima =
    ([Int], [Int]?, [Int], [Int], Bool) -> (Module, (Tensor) -> (values: Tensor, indices: Tensor))

  private mutating func maxima(_ name: String, _ make: @escaping Maxima) {
    row(name) { call in
      let wantsIndices = try call.bool(4, "return_indices", default: false)
      let (pool, apply) = make(
        try call.ints(0, "kernel_size"), try call.optionalInts(1, "stride"),
        try call.sizes(2, "padding", default: [0]), try call.sizes(3, "dilation", default: [1]),
        try call.bool(5, "ceil_mode", default: false))
      return (
        pool,
        {
          let result = apply(try $0.tensor(0))
          return wantsIndices ? [result.values, result.indices] : [result.values]
        }
      )
    }
  }
}
