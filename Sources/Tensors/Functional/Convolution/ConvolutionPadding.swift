/// Zeros around a convolution's input: a number, one for each dimension, or by a rule.
///
/// `2`, `[1, 2]`, `.same` and `.valid` can all stand where this type is expected.
public struct ConvolutionPadding: Sendable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
  /// How the numbers are found.
  package enum Rule: Sendable {
    /// As many on both sides of each dimension; one number stands for all.
    case sizes([Int])
    /// So many that the output is as large as the input.
    case same
    /// None.
    case valid
  }

  /// The rule.
  package let rule: Rule

  package init(_ rule: Rule) { self.rule = rule }

  /// The same number everywhere.
  public init(integerLiteral value: Int) { rule = .sizes([value]) }

  /// One number for each dimension.
  public init(arrayLiteral elements: Int...) { rule = .sizes(elements) }

  /// As many on both sides of each dimension; one number stands for all.
  public static func sizes(_ sizes: [Int]) -> ConvolutionPadding { .init(.sizes(sizes)) }

  /// The zeros before and behind each dimension.
  package func borders(
    _ name: String = "convolution", kernel: [Int], dilation: [Int], stride: [Int]
  ) -> (start: [Int], end: [Int]) {
    switch rule {
    case .sizes(let sizes):
      let each = ConvolutionShape.spread(sizes, kernel.count, name, "padding")
      return (each, each)
    case .valid:
      let none = kernel.map { _ in 0 }
      return (none, none)
    case .same:
      require(
        stride.allSatisfy { $0 == 1 }, name, "padding .same needs a stride of 1, not \(stride)")
      let spans = dilation.count == 1 ? kernel.map { _ in dilation[0] } : dilation
      let totals = zip(kernel, spans).map { ($0 - 1) * $1 }
      return (totals.map { $0 / 2 }, totals.map { $0 - $0 / 2 })
    }
  }
}

/// What can say how a convolution layer pads: a number, one for each dimension, `.same`, `.valid`.
public protocol PaddingSizes: Sendable {
  /// The padding.
  var padding: ConvolutionPadding { get }
}

extension Int: PaddingSizes {
  /// This number everywhere.
  public var padding: ConvolutionPadding { .sizes([self]) }
}
extension [Int]: PaddingSizes {
  /// One for each dimension.
  public var padding: ConvolutionPadding { .sizes(self) }
}
extension ConvolutionPadding: PaddingSizes {
  /// Itself.
  public var padding: ConvolutionPadding { self }
}
extension PaddingSizes where Self == ConvolutionPadding {
  /// So many zeros that the output is as large as the input; the stride must be 1. Where the number
  /// is odd, the end gets one more.
  public static var same: ConvolutionPadding { ConvolutionPadding(.same) }
  /// None.
  public static var valid: ConvolutionPadding { ConvolutionPadding(.valid) }
}
