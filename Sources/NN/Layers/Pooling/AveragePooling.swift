import Tensors

// Means and power means over windows, by default side by side.

/// The mean of every window of sequences (`torch.nn.AvgPool1d`).
public final class AvgPool1d: FunctionLayer {
  /// - Parameters:
  ///   - kernelSize: The window's size: one number, or one for each dimension.
  ///   - stride: By default the kernel's size.
  ///   - padding: Zeros on each side: one number, or one for each dimension.
  ///   - ceilMode: Whether the output's sizes are rounded up, so that a last, partial window
  ///     counts.
  ///   - countIncludePad: Whether padding counts in the mean.
  public init(
    _ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0,
    ceilMode: Bool = false, countIncludePad: Bool = true
  ) {
    let (k, s, p) = (kernelSize.sizes, stride?.sizes, padding.sizes)
    super.init("kernel_size=\(shown(k)), stride=\(shown(s ?? k)), padding=\(shown(p))") {
      F.avgPool1d(
        $0, k, stride: s, padding: p, ceilMode: ceilMode, countIncludePad: countIncludePad)
    }
  }
}

/// (Σ xᵖ)^(1/p) over every window of sequences (`torch.nn.LPPool1d`).
public final class LPPool1d: FunctionLayer {
  /// - Parameters:
  ///   - normType: The norm's order, p.
  ///   - kernelSize: The window's size: one number, or one for each dimension.
  ///   - stride: By default the kernel's size.
  ///   - ceilMode: Whether the output's sizes are rounded up, so that a last, partial window
  ///     counts.
  public init(
    _ normType: Double, _ kernelSize: any Sizes, stride: (any Sizes)? = nil,
    ceilMode: Bool = false
  ) {
    let (k, s) = (kernelSize.sizes, stride?.sizes)
    super.init(
      "norm_type=\(normType), kernel_size=\(shown(k)), stride=\(s.map(shown) ?? "None"), ceil_mode=\(shown(ceilMode))"
    ) { F.lpPool1d($0, normType, k, stride: s, ceilMode: ceilMode) }
  }
}

/// The mean of every window of images (`torch.nn.AvgPool2d`).
public final class AvgPool2d: FunctionLayer {
  /// - Parameters:
  ///   - kernelSize: The window's size: one number, or one for each dimension.
  ///   - stride: By default the kernel's size.
  ///   - padding: Zeros on each side: one number, or one for each dimension.
  ///   - ceilMode: Whether the output's sizes are rounded up, so that a last, partial window
  ///     counts.
  ///   - countIncludePad: Whether padding counts in the mean.
  ///   - divisorOverride: Divides the sums in place of the window's size.
  public init(
    _ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0,
    ceilMode: Bool = false, countIncludePad: Bool = true, divisorOverride: Int? = nil
  ) {
    let (k, s, p) = (kernelSize.sizes, stride?.sizes, padding.sizes)
    super.init("kernel_size=\(shown(k)), stride=\(shown(s ?? k)), padding=\(shown(p))") {
      F.avgPool2d(
        $0, k, stride: s, padding: p, ceilMode: ceilMode, countIncludePad: countIncludePad,
        divisorOverride: divisorOverride)
    }
  }
}

/// (Σ xᵖ)^(1/p) over every window of images (`torch.nn.LPPool2d`).
public final class LPPool2d: FunctionLayer {
  /// - Parameters:
  ///   - normType: The norm's order, p.
  ///   - kernelSize: The window's size: one number, or one for each dimension.
  ///   - stride: By default the kernel's size.
  ///   - ceilMode: Whether the output's sizes are rounded up, so that a last, partial window
  ///     counts.
  public init(
    _ normType: Double, _ kernelSize: any Sizes, stride: (any Sizes)? = nil,
    ceilMode: Bool = false
  ) {
    let (k, s) = (kernelSize.sizes, stride?.sizes)
    super.init(
      "norm_type=\(normType), kernel_size=\(shown(k)), stride=\(s.map(shown) ?? "None"), ceil_mode=\(shown(ceilMode))"
    ) { F.lpPool2d($0, normType, k, stride: s, ceilMode: ceilMode) }
  }
}

/// The mean of every window of volumes (`torch.nn.AvgPool3d`).
public final class AvgPool3d: FunctionLayer {
  /// - Parameters:
  ///   - kernelSize: The window's size: one number, or one for each dimension.
  ///   - stride: By default the kernel's size.
  ///   - padding: Zeros on each side: one number, or one for each dimension.
  ///   - ceilMode: Whether the output's sizes are rounded up, so that a last, partial window
  ///     counts.
  ///   - countIncludePad: Whether padding counts in the mean.
  ///   - divisorOverride: Divides the sums in place of the window's size.
  public init(
    _ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0,
    ceilMode: Bool = false, countIncludePad: Bool = true, divisorOverride: Int? = nil
  ) {
    let (k, s, p) = (kernelSize.sizes, stride?.sizes, padding.sizes)
    super.init("kernel_size=\(shown(k)), stride=\(shown(s ?? k)), padding=\(shown(p))") {
      F.avgPool3d(
        $0, k, stride: s, padding: p, ceilMode: ceilMode, countIncludePad: countIncludePad,
        divisorOverride: divisorOverride)
    }
  }
}

/// (Σ xᵖ)^(1/p) over every window of volumes (`torch.nn.LPPool3d`).
public final class LPPool3d: FunctionLayer {
  /// - Parameters:
  ///   - normType: The norm's order, p.
  ///   - kernelSize: The window's size: one number, or one for each dimension.
  ///   - stride: By default the kernel's size.
  ///   - ceilMode: Whether the output's sizes are rounded up, so that a last, partial window
  ///     counts.
  public init(
    _ normType: Double, _ kernelSize: any Sizes, stride: (any Sizes)? = nil,
    ceilMode: Bool = false
  ) {
    let (k, s) = (kernelSize.sizes, stride?.sizes)
    super.init(
      "norm_type=\(normType), kernel_size=\(shown(k)), stride=\(s.map(shown) ?? "None"), ceil_mode=\(shown(ceilMode))"
    ) { F.lpPool3d($0, normType, k, stride: s, ceilMode: ceilMode) }
  }
}
