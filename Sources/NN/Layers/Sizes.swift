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

/// Sizes as PyTorch prints them: `3` or `(3, 5)`.
func shown(_ sizes: [Int]) -> String {
  sizes.count == 1 ? "\(sizes[0])" : "(\(sizes.map(String.init).joined(separator: ", ")))"
}

/// The same for every dimension, as a tuple.
func shown(_ sizes: [Int], dims: Int) -> String {
  let all = sizes.count == 1 ? [Int](repeating: sizes[0], count: dims) : sizes
  return all.count == 1 ? "(\(all[0]),)" : shown(all)
}

/// A truth value in Python's spelling.
func shown(_ value: Bool) -> String { value ? "True" : "False" }
