import Tensors

/// What the padding layers share: how many elements, and what they are.
open class PaddingLayer: FunctionLayer {
  init(_ dims: Int, _ padding: any Sizes, _ mode: PaddingMode, value: Double = 0) {
    let given = padding.sizes
    let name = "\(Self.self)"
    require(
      given.count == 1 || given.count == 2 * dims, name,
      "1 or \(2 * dims) numbers are expected, not \(given)")
    let all = given.count == 1 ? [Int](repeating: given[0], count: 2 * dims) : given
    let settings = shown(all) + (mode == .constant ? ", value=\(value)" : "")
    super.init(settings) { x in
      require(
        x.rank == dims + 1 || x.rank == dims + 2 || mode == .constant, name,
        "an input of [N, C, \(dims) sizes] or [C, \(dims) sizes] is expected, not \(x.shape)")
      return F.pad(x, all, mode: mode, value: value)
    }
  }
}

/// Sequences surrounded by mirrored elements (`torch.nn.ReflectionPad1d`).
public final class ReflectionPad1d: PaddingLayer {
  /// - Parameter padding: One number for all sides, or left and right.
  public init(_ padding: any Sizes) { super.init(1, padding, .reflect) }
}

/// Images surrounded by mirrored elements (`torch.nn.ReflectionPad2d`).
public final class ReflectionPad2d: PaddingLayer {
  /// - Parameter padding: One number for all sides, or left, right, top, bottom.
  public init(_ padding: any Sizes) { super.init(2, padding, .reflect) }
}

/// Volumes surrounded by mirrored elements (`torch.nn.ReflectionPad3d`).
public final class ReflectionPad3d: PaddingLayer {
  /// - Parameter padding: One number for all sides, or left, right, top, bottom, front, back.
  public init(_ padding: any Sizes) { super.init(3, padding, .reflect) }
}

/// Sequences surrounded by the edge's elements (`torch.nn.ReplicationPad1d`).
public final class ReplicationPad1d: PaddingLayer {
  /// - Parameter padding: One number for all sides, or left and right.
  public init(_ padding: any Sizes) { super.init(1, padding, .replicate) }
}

/// Images surrounded by the edge's elements (`torch.nn.ReplicationPad2d`).
public final class ReplicationPad2d: PaddingLayer {
  /// - Parameter padding: One number for all sides, or left, right, top, bottom.
  public init(_ padding: any Sizes) { super.init(2, padding, .replicate) }
}

/// Volumes surrounded by the edge's elements (`torch.nn.ReplicationPad3d`).
public final class ReplicationPad3d: PaddingLayer {
  /// - Parameter padding: One number for all sides, or left, right, top, bottom, front, back.
  public init(_ padding: any Sizes) { super.init(3, padding, .replicate) }
}

/// Sequences surrounded by the elements from the other end (`torch.nn.CircularPad1d`).
public final class CircularPad1d: PaddingLayer {
  /// - Parameter padding: One number for all sides, or left and right.
  public init(_ padding: any Sizes) { super.init(1, padding, .circular) }
}

/// Images surrounded by the elements from the other end (`torch.nn.CircularPad2d`).
public final class CircularPad2d: PaddingLayer {
  /// - Parameter padding: One number for all sides, or left, right, top, bottom.
  public init(_ padding: any Sizes) { super.init(2, padding, .circular) }
}

/// Volumes surrounded by the elements from the other end (`torch.nn.CircularPad3d`).
public final class CircularPad3d: PaddingLayer {
  /// - Parameter padding: One number for all sides, or left, right, top, bottom, front, back.
  public init(_ padding: any Sizes) { super.init(3, padding, .circular) }
}

/// Sequences surrounded by zeros (`torch.nn.ZeroPad1d`).
public final class ZeroPad1d: PaddingLayer {
  /// - Parameter padding: One number for all sides, or left and right.
  public init(_ padding: any Sizes) { super.init(1, padding, .constant) }
}

/// Images surrounded by zeros (`torch.nn.ZeroPad2d`).
public final class ZeroPad2d: PaddingLayer {
  /// - Parameter padding: One number for all sides, or left, right, top, bottom.
  public init(_ padding: any Sizes) { super.init(2, padding, .constant) }
}

/// Volumes surrounded by zeros (`torch.nn.ZeroPad3d`).
public final class ZeroPad3d: PaddingLayer {
  /// - Parameter padding: One number for all sides, or left, right, top, bottom, front, back.
  public init(_ padding: any Sizes) { super.init(3, padding, .constant) }
}

/// Sequences surrounded by a value (`torch.nn.ConstantPad1d`).
public final class ConstantPad1d: PaddingLayer {
  /// - Parameters:
  ///   - padding: One number for all sides, or left and right.
  ///   - value: What the padding consists of.
  public init(_ padding: any Sizes, _ value: Double) {
    super.init(1, padding, .constant, value: value)
  }
}

/// Images surrounded by a value (`torch.nn.ConstantPad2d`).
public final class ConstantPad2d: PaddingLayer {
  /// - Parameters:
  ///   - padding: One number for all sides, or left, right, top, bottom.
  ///   - value: What the padding consists of.
  public init(_ padding: any Sizes, _ value: Double) {
    super.init(2, padding, .constant, value: value)
  }
}

/// Volumes surrounded by a value (`torch.nn.ConstantPad3d`).
public final class ConstantPad3d: PaddingLayer {
  /// - Parameters:
  ///   - padding: One number for all sides, or left, right, top, bottom, front, back.
  ///   - value: What the padding consists of.
  public init(_ padding: any Sizes, _ value: Double) {
    super.init(3, padding, .constant, value: value)
  }
}
