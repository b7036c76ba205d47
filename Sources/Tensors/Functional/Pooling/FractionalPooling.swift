/// Maxima over windows whose places are drawn at random (`fractional_max_pool2d`,
/// `fractional_max_pool3d`; Graham 2014).
extension F {
  /// Maxima of an image, `[N, C, H, W]` or `[C, H, W]`.
  /// - Parameters:
  ///   - x: `[N, C, H, W]` or `[C, H, W]`.
  ///   - kernelSize: The window's height and width, or one for both.
  ///   - outputSize: The output's height and width, or one for both.
  ///   - outputRatio: The output's sizes as parts of the input's, between 0 and 1, in place of a size.
  ///   - samples: `[N, C, 2]` numbers in [0, 1) that choose the windows; drawn by default.
  ///   - generator: What the samples are drawn from; the default generator where nil.
  public static func fractionalMaxPool2d(
    _ x: Tensor, _ kernelSize: any Sizes, outputSize: (any Sizes)? = nil,
    outputRatio: (any ScaleFactors)? = nil, samples: Tensor? = nil, generator: Generator? = nil
  ) -> Tensor {
    fractionalMaxPool(
      "fractional_max_pool2d", 2, x, kernelSize, outputSize, outputRatio, samples, generator
    ).values
  }

  /// ``fractionalMaxPool2d(_:_:outputSize:outputRatio:samples:generator:)`` with each maximum's position in
  /// its flattened input plane (`return_indices`).
  public static func fractionalMaxPool2dWithIndices(
    _ x: Tensor, _ kernelSize: any Sizes, outputSize: (any Sizes)? = nil,
    outputRatio: (any ScaleFactors)? = nil, samples: Tensor? = nil, generator: Generator? = nil
  ) -> (values: Tensor, indices: Tensor) {
    fractionalMaxPool(
      "fractional_max_pool2d", 2, x, kernelSize, outputSize, outputRatio, samples, generator)
  }

  /// Maxima of a volume, `[N, C, D, H, W]` or `[C, D, H, W]`; samples are `[N, C, 3]`.
  public static func fractionalMaxPool3d(
    _ x: Tensor, _ kernelSize: any Sizes, outputSize: (any Sizes)? = nil,
    outputRatio: (any ScaleFactors)? = nil, samples: Tensor? = nil, generator: Generator? = nil
  ) -> Tensor {
    fractionalMaxPool(
      "fractional_max_pool3d", 3, x, kernelSize, outputSize, outputRatio, samples, generator
    ).values
  }

  /// ``fractionalMaxPool3d(_:_:outputSize:outputRatio:samples:generator:)`` with each maximum's position in
  /// its flattened input volume (`return_indices`).
  public static func fractionalMaxPool3dWithIndices(
    _ x: Tensor, _ kernelSize: any Sizes, outputSize: (any Sizes)? = nil,
    outputRatio: (any ScaleFactors)? = nil, samples: Tensor? = nil, generator: Generator? = nil
  ) -> (values: Tensor, indices: Tensor) {
    fractionalMaxPool(
      "fractional_max_pool3d", 3, x, kernelSize, outputSize, outputRatio, samples, generator)
  }

  /// The output's sizes, which are given or are parts of the input's.
  private static func outputSizes(
    _ name: String, _ size: [Int], _ outputSize: (any Sizes)?, _ outputRatio: (any ScaleFactors)?
  ) -> [Int] {
    switch (outputSize, outputRatio?.scaleFactors) {
    case (let given?, nil): return ConvolutionShape.spread(given, size.count, name, "output size")
    case (nil, let ratios?):
      require(
        (ratios.count == 1 || ratios.count == size.count) && ratios.allSatisfy { $0 > 0 && $0 < 1 },
        name, "ratios of \(ratios) do not fit \(size.count) dimensions, or are not between 0 and 1")
      return size.indices.map { Int(Double(size[$0]) * ratios[ratios.count == 1 ? 0 : $0]) }
    default: fail(name, "give either an output size or a ratio")
    }
  }

  private static func fractionalMaxPool(
    _ name: String, _ dims: Int, _ x: Tensor, _ kernelSize: any Sizes, _ outputSize: (any Sizes)?,
    _ outputRatio: (any ScaleFactors)?, _ samples: Tensor?, _ generator: Generator?
  ) -> (values: Tensor, indices: Tensor) {
    let x = Autocast.cast(x, for: name)
    require(
      x.rank == dims + 2 || x.rank == dims + 1, name,
      "an input of [N, C, \(dims) sizes] or [C, \(dims) sizes] is expected, not \(x.shape)")
    let kernel = ConvolutionShape.spread(kernelSize, dims, name, "kernel size")
    let size = Array(x.shape.suffix(dims))
    let out = outputSizes(name, size, outputSize, outputRatio)
    require(
      (0..<dims).allSatisfy { out[$0] > 0 && out[$0] + kernel[$0] - 1 <= size[$0] }, name,
      "windows of \(kernel) do not give an output of \(out) from \(size)")
    let lead = Array(x.shape.dropLast(dims))
    let planes = lead.reduce(1, *)
    let channels = x.shape[x.rank - dims - 1]
    let draws =
      samples
      ?? Tensor.rand(
        [planes / Swift.max(channels, 1), channels, dims], dtype: x.dtype, generator: generator)
    let chosen = draws.reshaped([planes, dims])
    // Flat positions [planes, outputs, window], summed up dimension by dimension.
    var positions = Tensor.zeros([planes] + [Int](repeating: 1, count: 2 * dims), dtype: .int64)
    var stride = 1
    for dim in (0..<dims).reversed() {
      // Samples stand in the order width, height in two dimensions, depth, height, width in three.
      let place = dims == 2 ? 1 - dim : dim
      let sample = chosen.select(dim: 1, index: place).unsqueezed(1)
      let starts = windowStarts(sample, out: out[dim], size: size[dim], window: kernel[dim])
      var outShape = [planes] + [Int](repeating: 1, count: 2 * dims)
      outShape[1 + dim] = out[dim]
      var windowShape = [Int](repeating: 1, count: 2 * dims + 1)
      windowShape[1 + dims + dim] = kernel[dim]
      let places = starts.reshaped(outShape) + Tensor.arange(kernel[dim]).reshaped(windowShape)
      positions = positions + places * stride
      stride *= size[dim]
    }
    let (outputs, window) = (out.reduce(1, *), kernel.reduce(1, *))
    let flat = positions.expanded([planes] + out + kernel).reshaped([planes, outputs * window])
    let flatInput = x.reshaped([planes, size.reduce(1, *)])
    let windows = noGrad { flatInput.gather(dim: 1, index: flat) }
      .reshaped([planes, outputs, window])
    let best = windows.argmax(dim: 2, keepDim: true)
    let indices = flat.reshaped([planes, outputs, window]).gather(dim: 2, index: best)
      .reshaped([planes, outputs])
    let values = flatInput.gather(dim: 1, index: indices)
    return (values.reshaped(lead + out), indices.reshaped(lead + out))
  }

  /// Where windows begin: ⌊(i + u) α⌋ - ⌊u α⌋, and the last one at the end.
  private static func windowStarts(
    _ sample: Tensor, out: Int, size: Int, window: Int
  ) -> Tensor {
    let rows = sample.shape[0]
    let last = Tensor.full([rows, 1], size - window)
    guard out > 1 else { return last }
    let alpha = Tensor.full([], Double(size - window) / Double(out - 1), dtype: sample.dtype)
    let steps = Tensor.arange(out - 1).to(sample.dtype)
    let starts = ((steps + sample) * alpha).trunc() - (sample * alpha).trunc()
    return Tensor.cat([starts.to(.int64), last], dim: 1)
  }
}
