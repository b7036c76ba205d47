/// The geometry of a pooling over one to three spatial dimensions.
struct PoolingShape {
  let dims: Int
  let kernel: [Int]
  let stride: [Int]
  let padding: [Int]
  let dilation: [Int]
  let ceilMode: Bool

  init(
    _ name: String, dims: Int, kernel: any Sizes, stride: (any Sizes)?, padding: any Sizes,
    dilation: any Sizes = 1,
    ceilMode: Bool
  ) {
    self.dims = dims
    self.kernel = ConvolutionShape.spread(kernel, dims, name, "kernel size")
    let steps = stride.flatMap { $0.sizes.isEmpty ? nil : $0 }
    self.stride = steps.map { ConvolutionShape.spread($0, dims, name, "stride") } ?? self.kernel
    self.padding = ConvolutionShape.spread(padding, dims, name, "padding")
    self.dilation = ConvolutionShape.spread(dilation, dims, name, "dilation")
    self.ceilMode = ceilMode
    require(
      (self.kernel + self.stride + self.dilation).allSatisfy { $0 > 0 }, name,
      "kernel size, stride and dilation must be positive")
    require(
      zip(self.padding, self.kernel).allSatisfy { $0 >= 0 && $0 * 2 <= $1 }, name,
      "padding \(self.padding) must be at most half the kernel size \(self.kernel)")
  }

  /// What a graph says of the pooling.
  var attributes: [String: Attribute] {
    [
      "kernel": .ints(kernel), "stride": .ints(stride), "padding": .ints(padding),
      "dilation": .ints(dilation), "ceil_mode": .bool(ceilMode),
    ]
  }

  func output(_ size: [Int], _ name: String) -> [Int] {
    let out = (0..<dims).map {
      Kernel.windowCount(
        size[$0], kernel: kernel[$0], stride: stride[$0], padding: padding[$0],
        dilation: dilation[$0], ceilMode: ceilMode)
    }
    require(
      out.allSatisfy { $0 > 0 }, name,
      "a kernel of \(kernel) does not fit into \(size) with padding \(padding)")
    return out
  }
}
