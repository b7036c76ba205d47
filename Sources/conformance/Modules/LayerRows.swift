import NN
import Tensors

extension ModuleRegistry {
  mutating func addActivations() {
    let plain: [(String, () -> any Layer)] = [
      ("ReLU", ReLU.init), ("ReLU6", ReLU6.init), ("Tanh", Tanh.init), ("Sigmoid", Sigmoid.init),
      ("LogSigmoid", LogSigmoid.init), ("SiLU", SiLU.init), ("Mish", Mish.init),
      ("SELU", SELU.init), ("Hardsigmoid", Hardsigmoid.init), ("Hardswish", Hardswish.init),
      ("Softsign", Softsign.init), ("Tanhshrink", Tanhshrink.init), ("Softmax2d", Softmax2d.init),
      ("Identity", Identity.init),
    ]
    for (name, make) in plain { layer(name) { _ in make() } }
    layer("GELU") { call in
      let name = try call.string(0, "approximate", default: "none")
      guard let kind = F.GELUApproximation(rawValue: name) else { throw Unsupported(name) }
      return GELU(approximate: kind)
    }
    layer("ELU") { ELU(alpha: try $0.double(0, "alpha", default: 1)) }
    layer("CELU") { CELU(alpha: try $0.double(0, "alpha", default: 1)) }
    layer("LeakyReLU") { LeakyReLU(try $0.double(0, "negative_slope", default: 0.01)) }
    layer("Softplus") {
      Softplus(
        beta: try $0.double(0, "beta", default: 1),
        threshold: try $0.double(1, "threshold", default: 20))
    }
    layer("Hardtanh") {
      Hardtanh(
        minVal: try $0.double(0, "min_val", default: -1),
        maxVal: try $0.double(1, "max_val", default: 1))
    }
    layer("Hardshrink") { Hardshrink(try $0.double(0, "lambd", default: 0.5)) }
    layer("Softshrink") { Softshrink(try $0.double(0, "lambd", default: 0.5)) }
    layer("Threshold") { Threshold(try $0.double(0, "threshold"), try $0.double(1, "value")) }
    layer("GLU") { GLU(dim: try $0.int(0, "dim", default: -1)) }
    layer("Softmax") { Softmax(dim: try $0.int(0, "dim")) }
    layer("LogSoftmax") { LogSoftmax(dim: try $0.int(0, "dim")) }
    layer("Softmin") { Softmin(dim: try $0.int(0, "dim")) }
    layer("PReLU") {
      PReLU(
        numParameters: try $0.int(0, "num_parameters", default: 1),
        init: try $0.double(1, "init", default: 0.25))
    }
  }

  mutating func addConvolutions() {
    typealias Make =
      (Int, Int, [Int], [Int], ConvolutionPadding, [Int], Int, Bool, PaddingMode) -> any Layer
    let forward: [(String, Make)] = [
      (
        "Conv1d",
        {
          Conv1d(
            $0, $1, $2, stride: $3, padding: $4, dilation: $5, groups: $6, bias: $7, paddingMode: $8
          )
        }
      ),
      (
        "Conv2d",
        {
          Conv2d(
            $0, $1, $2, stride: $3, padding: $4, dilation: $5, groups: $6, bias: $7, paddingMode: $8
          )
        }
      ),
      (
        "Conv3d",
        {
          Conv3d(
            $0, $1, $2, stride: $3, padding: $4, dilation: $5, groups: $6, bias: $7, paddingMode: $8
          )
        }
      ),
    ]
    for (name, make) in forward {
      layer(name) { call in
        let word = try call.string(8, "padding_mode", default: "zeros")
        guard let mode = PaddingMode(rawValue: word == "zeros" ? "constant" : word) else {
          throw Unsupported("padding mode \(word)")
        }
        return make(
          try call.int(0, "in_channels"), try call.int(1, "out_channels"),
          try call.ints(2, "kernel_size"), try call.sizes(3, "stride", default: [1]),
          try call.convolutionPadding(4), try call.sizes(5, "dilation", default: [1]),
          try call.int(6, "groups", default: 1), try call.bool(7, "bias", default: true), mode)
      }
    }
    typealias MakeTransposed =
      (Int, Int, [Int], [Int], [Int], [Int], Int, Bool, [Int]) -> any Layer
    let transposed: [(String, MakeTransposed)] = [
      (
        "ConvTranspose1d",
        {
          ConvTranspose1d(
            $0, $1, $2, stride: $3, padding: $4, outputPadding: $5, groups: $6, bias: $7,
            dilation: $8)
        }
      ),
      (
        "ConvTranspose2d",
        {
          ConvTranspose2d(
            $0, $1, $2, stride: $3, padding: $4, outputPadding: $5, groups: $6, bias: $7,
            dilation: $8)
        }
      ),
      (
        "ConvTranspose3d",
        {
          ConvTranspose3d(
            $0, $1, $2, stride: $3, padding: $4, outputPadding: $5, groups: $6, bias: $7,
            dilation: $8)
        }
      ),
    ]
    for (name, make) in transposed {
      layer(name) { call in
        make(
          try call.int(0, "in_channels"), try call.int(1, "out_channels"),
          try call.ints(2, "kernel_size"), try call.sizes(3, "stride", default: [1]),
          try call.sizes(4, "padding", default: [0]),
          try call.sizes(5, "output_padding", default: [0]), try call.int(6, "groups", default: 1),
          try call.bool(7, "bias", default: true), try call.sizes(8, "dilation", default: [1]))
      }
    }
  }

  mutating func addPadding() {
    let plain: [(String, ([Int]) -> any Layer)] = [
      ("ReflectionPad1d", { ReflectionPad1d($0) }), ("ReflectionPad2d", { ReflectionPad2d($0) }),
      ("ReflectionPad3d", { ReflectionPad3d($0) }),
      ("ReplicationPad1d", { ReplicationPad1d($0) }),
      ("ReplicationPad2d", { ReplicationPad2d($0) }),
      ("ReplicationPad3d", { ReplicationPad3d($0) }), ("CircularPad1d", { CircularPad1d($0) }),
      ("CircularPad2d", { CircularPad2d($0) }), ("CircularPad3d", { CircularPad3d($0) }),
      ("ZeroPad1d", { ZeroPad1d($0) }), ("ZeroPad2d", { ZeroPad2d($0) }),
      ("ZeroPad3d", { ZeroPad3d($0) }),
    ]
    for (name, make) in plain { layer(name) { make(try $0.ints(0, "padding")) } }
    let constant: [(String, ([Int], Double) -> any Layer)] = [
      ("ConstantPad1d", { ConstantPad1d($0, $1) }), ("ConstantPad2d", { ConstantPad2d($0, $1) }),
      ("ConstantPad3d", { ConstantPad3d($0, $1) }),
    ]
    for (name, make) in constant {
      layer(name) { make(try $0.ints(0, "padding"), try $0.double(1, "value")) }
    }
  }

  mutating func addOthers() {
    layer("Linear") {
      Linear(
        try $0.int(0, "in_features"), try $0.int(1, "out_features"),
        bias: try $0.bool(2, "bias", default: true))
    }
    pair("Bilinear") {
      Bilinear(
        try $0.int(0, "in1_features"), try $0.int(1, "in2_features"),
        try $0.int(2, "out_features"), bias: try $0.bool(3, "bias", default: true))
    } _: {
      $0($1, $2)
    }
    row("Embedding") { call in
      let table = Embedding(
        try call.int(0, "num_embeddings"), try call.int(1, "embedding_dim"),
        paddingIdx: try call.optionalInt(2, "padding_idx"),
        maxNorm: try call.optionalDouble(3, "max_norm"),
        normType: try call.double(4, "norm_type", default: 2),
        scaleGradByFreq: try call.bool(5, "scale_grad_by_freq", default: false))
      return (table, { [table(try $0.tensor(0))] })
    }
    layer("PixelShuffle") { PixelShuffle(try $0.int(0, "upscale_factor")) }
    layer("PixelUnshuffle") { PixelUnshuffle(try $0.int(0, "downscale_factor")) }
    layer("ChannelShuffle") { ChannelShuffle(groups: try $0.int(0, "groups")) }
    layer("Flatten") {
      Flatten(
        startDim: try $0.int(0, "start_dim", default: 1),
        endDim: try $0.int(1, "end_dim", default: -1))
    }
    pair("CosineSimilarity") {
      CosineSimilarity(
        dim: try $0.int(0, "dim", default: 1), eps: try $0.double(1, "eps", default: 1e-8))
    } _: {
      $0($1, $2)
    }
    pair("PairwiseDistance") {
      PairwiseDistance(
        p: try $0.double(0, "p", default: 2), eps: try $0.double(1, "eps", default: 1e-6),
        keepDim: try $0.bool(2, "keepdim", default: false))
    } _: {
      $0($1, $2)
    }
  }
}
