/// Sizes as PyTorch prints them: `3` or `(3, 5)`.
func shown(_ sizes: [Int]) -> String {
  sizes.count == 1 ? "\(sizes[0])" : "(\(sizes.map(String.init).joined(separator: ", ")))"
}

/// Factors as PyTorch prints them: `2.0` or `(2.0, 1.5)`.
func shown(_ factors: [Double]) -> String {
  factors.count == 1 ? "\(factors[0])" : "(\(factors.map { "\($0)" }.joined(separator: ", ")))"
}

/// The same for every dimension, as a tuple.
func shown(_ sizes: [Int], dims: Int) -> String {
  let all = sizes.count == 1 ? [Int](repeating: sizes[0], count: dims) : sizes
  return all.count == 1 ? "(\(all[0]),)" : shown(all)
}

/// A truth value in Python's spelling.
func shown(_ value: Bool) -> String { value ? "True" : "False" }
