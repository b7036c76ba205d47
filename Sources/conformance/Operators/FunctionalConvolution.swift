import Tensors

extension Registry {
  mutating func addConvolutions() {
    typealias Convolution =
      (Tensor, Tensor, Tensor?, [Int], ConvolutionPadding, [Int], Int) -> Tensor
    let forward: [(String, Convolution)] = [
      ("conv1d", F.conv1d), ("conv2d", F.conv2d), ("conv3d", F.conv3d),
    ]
    for (name, compute) in forward {
      functional(name) { call in
        compute(
          try call.tensor(0), try call.tensor(1, "weight"), try call.optionalTensor(2, "bias"),
          try call.optionalInts(3, "stride") ?? [1], try call.convolutionPadding(4),
          try call.optionalInts(5, "dilation") ?? [1], try call.int(6, "groups", default: 1))
      }
    }
    typealias Transposed = (Tensor, Tensor, Tensor?, [Int], [Int], [Int], Int, [Int]) -> Tensor
    let transposed: [(String, Transposed)] = [
      ("conv_transpose1d", F.convTranspose1d), ("conv_transpose2d", F.convTranspose2d),
      ("conv_transpose3d", F.convTranspose3d),
    ]
    for (name, compute) in transposed {
      functional(name) { call in
        compute(
          try call.tensor(0), try call.tensor(1, "weight"), try call.optionalTensor(2, "bias"),
          try call.optionalInts(3, "stride") ?? [1], try call.optionalInts(4, "padding") ?? [0],
          try call.optionalInts(5, "output_padding") ?? [0],
          try call.int(6, "groups", default: 1), try call.optionalInts(7, "dilation") ?? [1])
      }
    }
    functional("unfold") { call in
      F.unfold(
        try call.tensor(0), try call.ints(1, "kernel_size"),
        dilation: try call.optionalInts(2, "dilation") ?? [1],
        padding: try call.optionalInts(3, "padding") ?? [0],
        stride: try call.optionalInts(4, "stride") ?? [1])
    }
    functional("fold") { call in
      F.fold(
        try call.tensor(0), outputSize: try call.ints(1, "output_size"),
        try call.ints(2, "kernel_size"), dilation: try call.optionalInts(3, "dilation") ?? [1],
        padding: try call.optionalInts(4, "padding") ?? [0],
        stride: try call.optionalInts(5, "stride") ?? [1])
    }
    functional("linear") {
      F.linear(
        try $0.tensor(0), try $0.tensor(1, "weight"), bias: try $0.optionalTensor(2, "bias"))
    }
    functional("bilinear") {
      F.bilinear(
        try $0.tensor(0), try $0.tensor(1), try $0.tensor(2, "weight"),
        bias: try $0.optionalTensor(3, "bias"))
    }
  }
}

extension Call {
  /// Numbers, or a rule by its name.
  func convolutionPadding(_ position: Int?) throws -> ConvolutionPadding {
    switch value(position, "padding") {
    case nil: return 0
    case .string("same")?: return .same
    case .string("valid")?: return .valid
    default: return .sizes(try ints(position, "padding"))
    }
  }
}
