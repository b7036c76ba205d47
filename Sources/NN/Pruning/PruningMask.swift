import Tensors

/// A parameter of which some elements are zero for good: value = original · mask.
final class PruningMask: ParameterDerivation {
  let original: Parameter
  let mask: Buffer

  private init(_ original: Parameter, _ mask: Buffer) {
    (self.original, self.mask) = (original, mask)
  }

  init(_ parameter: Parameter, _ mask: Tensor) {
    original = Parameter(
      noGrad { parameter.value.detach().clone() }, requiresGrad: parameter.requiresGrad)
    self.mask = Buffer(mask)
  }

  var value: Tensor { original.value * mask.value }
  var sources: [Parameter] { [original] }
  func members(_ name: String) -> [NamedMember] {
    [("\(name)_orig", .parameter(original)), ("\(name)_mask", .buffer(mask))]
  }
  func assign(_ value: Tensor) { original.assign(value) }
  func copied(by copier: ModuleCopier) -> any ParameterDerivation {
    PruningMask(copier.copied(original), copier.copied(mask))
  }
}

/// How much is pruned: a share of what is left, or a number of elements (or slices).
public enum PruningAmount: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, Sendable {
  /// A share between 0 and 1, rounded to the nearest number, halves to an even one.
  case fraction(Double)
  /// So many.
  case count(Int)

  /// A share.
  public init(floatLiteral value: Double) { self = .fraction(value) }
  /// A number.
  public init(integerLiteral value: Int) { self = .count(value) }

  /// How many of `total` these are.
  func number(of total: Int, _ caller: String) -> Int {
    switch self {
    case .fraction(let share):
      require(
        (0...1).contains(share), caller,
        "a share lies between 0 and 1, not \(share); a number of elements is an integer")
      return Int((share * Double(total)).rounded(.toNearestOrEven))
    case .count(let count):
      require(
        (0...total).contains(count), caller, "\(count) of \(total) cannot be pruned")
      return count
    }
  }
}
