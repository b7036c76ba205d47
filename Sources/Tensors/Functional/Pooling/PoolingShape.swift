import CKernels

/// The geometry of a pooling over one to three spatial dimensions.
struct PoolingShape {
  let dims: Int
  let kernel: [Int]
  let stride: [Int]
  let padding: [Int]
  let dilation: [Int]
  let ceilMode: Bool

  init(
    _ name: String, dims: Int, kernel: [Int], stride: [Int]?, padding: [Int], dilation: [Int] = [1],
    ceilMode: Bool
  ) {
    self.dims = dims
    self.kernel = ConvolutionShape.spread(kernel, dims, name, "kernel size")
    let steps = stride.flatMap { $0.isEmpty ? nil : $0 }
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
      Int(
        torus_pool_out(
          Int64(size[$0]), Int64(kernel[$0]), Int64(stride[$0]), Int64(padding[$0]),
          Int64(dilation[$0]), ceilMode))
    }
    require(
      out.allSatisfy { $0 > 0 }, name,
      "a kernel of \(kernel) does not fit into \(size) with padding \(padding)")
    return out
  }

  func kernelShape(planes: Int, size: [Int], out: [Int]) -> torus_pool {
    func at(_ values: [Int], _ dim: Int, _ missing: Int) -> Int64 {
      let index = dim - (3 - dims)
      return Int64(index < 0 ? missing : values[index])
    }
    return torus_pool(
      planes: Int64(planes), in_depth: at(size, 0, 1), in_height: at(size, 1, 1),
      in_width: at(size, 2, 1), out_depth: at(out, 0, 1), out_height: at(out, 1, 1),
      out_width: at(out, 2, 1), kernel_depth: at(kernel, 0, 1), kernel_height: at(kernel, 1, 1),
      kernel_width: at(kernel, 2, 1), stride_depth: at(stride, 0, 1),
      stride_height: at(stride, 1, 1), stride_width: at(stride, 2, 1),
      pad_depth: at(padding, 0, 0), pad_height: at(padding, 1, 0), pad_width: at(padding, 2, 0),
      dilation_depth: at(dilation, 0, 1), dilation_height: at(dilation, 1, 1),
      dilation_width: at(dilation, 2, 1))
  }
}
