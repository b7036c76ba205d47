internal import CKernels

/// Convolutions and their gradients, and windows as columns.
extension Kernel {
  /// The cross-correlation of x with filters, and the bias, with an output of spatial sizes `out`.
  static func convolution(
    _ name: String, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ geometry: ConvolutionShape,
    out: [Int]
  ) -> Tensor {
    let (x, w, bias) = (x.contiguous(), weight.contiguous(), bias?.contiguous())
    let y = Tensor.uninitialized([x.shape[0], w.shape[0]] + out, x.dtype)
    if y.count == 0 { return y }
    var shape = geometry.kernelShape(x: x.shape, w: w.shape, y: y.shape)
    checkLayer(
      torus_conv_forward(x.dtype.c, &shape, x.pointer, w.pointer, bias?.pointer, y.pointer),
      name, x.dtype)
    return y
  }

  /// The gradient of an input of a shape.
  static func convolutionInputGradient(
    _ g: Tensor, _ weight: Tensor, _ geometry: ConvolutionShape, size: [Int]
  ) -> Tensor {
    let (dy, w) = (g.contiguous(), weight.contiguous())
    if dy.count == 0 { return Tensor.zeros(size, dtype: dy.dtype) }
    let dx = Tensor.uninitialized(size, dy.dtype)
    var shape = geometry.kernelShape(x: size, w: w.shape, y: dy.shape)
    checkLayer(
      torus_conv_backward_input(dy.dtype.c, &shape, dy.pointer, w.pointer, dx.pointer),
      "convolution", dy.dtype)
    return dx
  }

  /// The gradient of a weight of a shape and, where wanted, that of the bias.
  static func convolutionWeightGradient(
    _ g: Tensor, _ x: Tensor, _ geometry: ConvolutionShape, weight: [Int], hasBias: Bool
  ) -> (weight: Tensor, bias: Tensor?) {
    let (dy, x) = (g.contiguous(), x.contiguous())
    if x.count == 0 {
      let bias = hasBias ? Tensor.zeros([weight[0]], dtype: x.dtype) : nil
      return (.zeros(weight, dtype: x.dtype), bias)
    }
    let dw = Tensor.uninitialized(weight, x.dtype)
    let db = hasBias ? Tensor.uninitialized([weight[0]], x.dtype) : nil
    var shape = geometry.kernelShape(x: x.shape, w: weight, y: dy.shape)
    checkLayer(
      torus_conv_backward_weight(
        x.dtype.c, &shape, dy.pointer, x.pointer, dw.pointer, db?.pointer), "convolution",
      x.dtype)
    return (dw, db)
  }

  /// Windows over images `[N, C, H, W]` as columns, `[N, rows, windows]`, or, where `isAdjoint`, columns
  /// added up in images of `[C, H, W]`.
  static func unfold(
    _ x: Tensor, _ geometry: ConvolutionShape, kernel: [Int], image: [Int], out: [Int],
    isAdjoint: Bool
  ) -> Tensor {
    let (x, batch) = (x.contiguous(), x.shape[0])
    let columns = [image[0] * kernel.reduce(1, *), out.reduce(1, *)]
    let result = Tensor.uninitialized([batch] + (isAdjoint ? image : columns), x.dtype)
    if result.count == 0 { return result }
    var shape = geometry.kernelShape(
      batch: 1, inputs: image[0], outputs: 1, size: Array(image[1...]), out: out, kernel: kernel)
    let run = isAdjoint ? torus_col2im : torus_im2col
    let (from, to) = (x.count / batch * x.dtype.size, result.count / batch * x.dtype.size)
    for index in 0..<batch {
      checkLayer(
        run(x.dtype.c, &shape, x.pointer + index * from, result.pointer + index * to), "unfold",
        x.dtype)
    }
    return result
  }
}

extension ConvolutionShape {
  fileprivate func kernelShape(x: [Int], w: [Int], y: [Int]) -> torus_conv {
    kernelShape(
      batch: x[0], inputs: x[1], outputs: w[0], size: Array(x.suffix(dims)),
      out: Array(y.suffix(dims)), kernel: Array(w.suffix(dims)))
  }

  fileprivate func kernelShape(
    batch: Int, inputs: Int, outputs: Int, size: [Int], out: [Int], kernel: [Int]
  )
    -> torus_conv
  {
    func at(_ values: [Int], _ dim: Int, _ missing: Int) -> Int64 {
      let index = dim - (3 - dims)
      return Int64(index < 0 ? missing : values[index])
    }
    return torus_conv(
      batch: Int64(batch), in_channels: Int64(inputs), out_channels: Int64(outputs),
      groups: Int64(groups), in_depth: at(size, 0, 1), in_height: at(size, 1, 1),
      in_width: at(size, 2, 1), out_depth: at(out, 0, 1), out_height: at(out, 1, 1),
      out_width: at(out, 2, 1), kernel_depth: at(kernel, 0, 1), kernel_height: at(kernel, 1, 1),
      kernel_width: at(kernel, 2, 1), stride_depth: at(stride, 0, 1),
      stride_height: at(stride, 1, 1), stride_width: at(stride, 2, 1),
      pad_depth: at(padding, 0, 0), pad_height: at(padding, 1, 0), pad_width: at(padding, 2, 0),
      dilation_depth: at(dilation, 0, 1), dilation_height: at(dilation, 1, 1),
      dilation_width: at(dilation, 2, 1))
  }
}
