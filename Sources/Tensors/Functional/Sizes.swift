/// One size for all spatial dimensions, or one for each: `3` or `[3, 5]`.
public protocol Sizes: Sendable {
  /// The sizes; a single one stands for all dimensions.
  var sizes: [Int] { get }
}

extension Int: Sizes {
  /// This size for all dimensions.
  public var sizes: [Int] { [self] }
}
extension [Int]: Sizes {
  /// One for each dimension.
  public var sizes: [Int] { self }
}

/// Output sizes, of which some may be the input's: `7`, `[7, 7]` or `[nil, 7]`.
public protocol OutputSizes: Sendable {
  /// The sizes; a single one stands for all dimensions, nil for the input's.
  var outputSizes: [Int?] { get }
}

extension Int: OutputSizes {
  /// This size for all dimensions.
  public var outputSizes: [Int?] { [self] }
}
extension Int?: OutputSizes {
  /// This size, or the input's.
  public var outputSizes: [Int?] { [self] }
}
extension Array: OutputSizes where Element: OutputSizes {
  /// One for each dimension.
  public var outputSizes: [Int?] { flatMap(\.outputSizes) }
}

/// One factor for all spatial dimensions, or one for each: `2`, `1.5` or `[2, 1.5]`.
public protocol ScaleFactors: Sendable {
  /// The factors; a single one stands for all dimensions.
  var scaleFactors: [Double] { get }
}

extension Int: ScaleFactors {
  /// This factor for all dimensions.
  public var scaleFactors: [Double] { [Double(self)] }
}
extension Double: ScaleFactors {
  /// This factor for all dimensions.
  public var scaleFactors: [Double] { [self] }
}
extension Array: ScaleFactors where Element: ScaleFactors {
  /// One for each dimension.
  public var scaleFactors: [Double] { flatMap(\.scaleFactors) }
}
