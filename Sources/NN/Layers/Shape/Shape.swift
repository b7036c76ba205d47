import Tensors

/// The input itself (`torch.nn.Identity`).
public final class Identity: FunctionLayer {
  /// The layer.
  public init() { super.init { $0 } }
}

/// Dimensions made one (`torch.nn.Flatten`), by default all but the batch.
public final class Flatten: FunctionLayer {
  /// - Parameters:
  ///   - start: The first dimension to join.
  ///   - end: The last one, included.
  public init(startDim start: Int = 1, endDim end: Int = -1) {
    super.init("start_dim=\(start), end_dim=\(end)") { $0.flattened(from: start, to: end) }
  }
}

/// One dimension made several (`torch.nn.Unflatten`).
public final class Unflatten: FunctionLayer {
  /// - Parameters:
  ///   - dim: The dimension that is divided.
  ///   - sizes: The new sizes; one may be -1.
  public init(dim: Int, _ sizes: [Int]) {
    super.init("dim=\(dim), unflattened_size=\(shown(sizes, dims: sizes.count))") { x in
      let axis = dim < 0 ? dim + x.rank : dim
      require(
        x.shape.indices.contains(axis), "Unflatten", "\(x.shape) has no dimension \(dim)")
      var known = sizes
      if let open = sizes.firstIndex(of: -1) {
        let rest = sizes.filter { $0 != -1 }.reduce(1, *)
        known[open] = rest == 0 ? 0 : x.shape[axis] / rest
      }
      return x.reshaped(Array(x.shape[..<axis]) + known + Array(x.shape[(axis + 1)...]))
    }
  }
}

/// Channels spread over blocks of positions (`torch.nn.PixelShuffle`).
public final class PixelShuffle: FunctionLayer {
  /// The layer of a factor for height and width.
  public init(_ upscaleFactor: Int) {
    super.init("upscale_factor=\(upscaleFactor)") { F.pixelShuffle($0, upscaleFactor) }
  }
}

/// Blocks of positions gathered in channels (`torch.nn.PixelUnshuffle`).
public final class PixelUnshuffle: FunctionLayer {
  /// The layer of a factor for height and width.
  public init(_ downscaleFactor: Int) {
    super.init("downscale_factor=\(downscaleFactor)") { F.pixelUnshuffle($0, downscaleFactor) }
  }
}

/// Channels dealt out over groups (`torch.nn.ChannelShuffle`).
public final class ChannelShuffle: FunctionLayer {
  /// The layer of a number of groups.
  public init(groups: Int) {
    super.init("groups=\(groups)") { F.channelShuffle($0, groups: groups) }
  }
}

/// The windows of images as columns (`torch.nn.Unfold`).
public final class Unfold: FunctionLayer {
  /// The layer of windows.
  public init(
    _ kernelSize: any Sizes, dilation: any Sizes = 1, padding: any Sizes = 0,
    stride: any Sizes = 1
  ) {
    let (k, d, p, s) = (kernelSize.sizes, dilation.sizes, padding.sizes, stride.sizes)
    super.init(
      "kernel_size=\(shown(k)), dilation=\(shown(d)), padding=\(shown(p)), stride=\(shown(s))"
    ) { F.unfold($0, k, dilation: d, padding: p, stride: s) }
  }
}

/// Columns added up in images (`torch.nn.Fold`).
public final class Fold: FunctionLayer {
  /// The layer of windows and of the images' size.
  public init(
    outputSize: any Sizes, _ kernelSize: any Sizes, dilation: any Sizes = 1,
    padding: any Sizes = 0, stride: any Sizes = 1
  ) {
    let (o, k) = (outputSize.sizes, kernelSize.sizes)
    let (d, p, s) = (dilation.sizes, padding.sizes, stride.sizes)
    super.init(
      "output_size=\(shown(o)), kernel_size=\(shown(k)), dilation=\(shown(d)), padding=\(shown(p)), stride=\(shown(s))"
    ) { F.fold($0, outputSize: o, k, dilation: d, padding: p, stride: s) }
  }
}

/// A tensor in another size (`torch.nn.Upsample`).
public final class Upsample: FunctionLayer {
  /// Either a size or a factor.
  public init(
    size: (any Sizes)? = nil, scaleFactor: (any ScaleFactors)? = nil,
    mode: InterpolationMode = .nearest,
    alignCorners: Bool? = nil, recomputeScaleFactor: Bool = false
  ) {
    let sizes = size?.sizes
    let factors = scaleFactor?.scaleFactors
    let what =
      sizes.map { "size=\(shown($0))" } ?? "scale_factor=\(factors.map(shown) ?? "None")"
    super.init("\(what), mode='\(mode.rawValue)'") {
      F.interpolate(
        $0, size: sizes, scaleFactor: factors, mode: mode, alignCorners: alignCorners,
        recomputeScaleFactor: recomputeScaleFactor)
    }
  }
}

/// Images in another size by the nearest element (`torch.nn.UpsamplingNearest2d`).
public final class UpsamplingNearest2d: FunctionLayer {
  /// Either a size or a factor.
  public init(size: (any Sizes)? = nil, scaleFactor: (any ScaleFactors)? = nil) {
    let sizes = size?.sizes
    super.init { F.upsampleNearest($0, size: sizes, scaleFactor: scaleFactor) }
  }
}

/// Images in another size with aligned corners (`torch.nn.UpsamplingBilinear2d`).
public final class UpsamplingBilinear2d: FunctionLayer {
  /// Either a size or a factor.
  public init(size: (any Sizes)? = nil, scaleFactor: (any ScaleFactors)? = nil) {
    let sizes = size?.sizes
    super.init { F.upsampleBilinear($0, size: sizes, scaleFactor: scaleFactor) }
  }
}
