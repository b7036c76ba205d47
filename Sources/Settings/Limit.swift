/// What numbers a key allows.
public struct Limit: Sendable {
  /// How a message says it: `at least 1`.
  public let description: String
  /// Where numbers end that no run needs, and beyond which sums and products could overflow; it is
  /// told only to who goes there.
  private var most = Double.infinity
  /// Below which float32 has no number but 0.
  private var least = -Double.infinity
  private let admits: @Sendable (Double) -> Bool

  private init(description: String, _ admits: @escaping @Sendable (Double) -> Bool) {
    self.description = description
    self.admits = admits
  }

  /// Whether a number is allowed.
  package func contains(_ number: Double) -> Bool {
    number <= most && number >= least && admits(number)
  }

  /// What a message says of numbers of which one is not allowed.
  func allowed(insteadOf numbers: [Double]) -> String {
    if numbers.contains(where: { $0 > most }) { return "at most \(Self.shortDigits(most))" }
    let isTooSmall = numbers.contains { $0 < least && admits($0) }
    return isTooSmall ? "at least \(Self.shortDigits(least))" : description
  }

  private func upTo(_ most: Double) -> Limit {
    var limit = self
    limit.most = most
    return limit
  }

  /// x ≥ `bound`
  public static func atLeast(_ bound: Double) -> Limit {
    Limit(description: "at least \(shortDigits(bound))") { $0 >= bound }
  }
  /// `bound` < x ≤ `high`
  public static func above(_ bound: Double, upTo high: Double) -> Limit {
    Limit(description: "above \(shortDigits(bound)) and at most \(shortDigits(high))") {
      $0 > bound && $0 <= high
    }
  }
  /// x ≤ `bound`
  public static func atMost(_ bound: Double) -> Limit {
    Limit(description: "at most \(shortDigits(bound))") { $0 <= bound }
  }
  /// x > `bound`
  public static func above(_ bound: Double) -> Limit {
    Limit(description: "above \(shortDigits(bound))") { $0 > bound }
  }
  /// `low` ≤ x < `high`
  public static func from(_ low: Double, below high: Double) -> Limit {
    Limit(description: "at least \(shortDigits(low)) and below \(shortDigits(high))") {
      $0 >= low && $0 < high
    }
  }
  /// `low` ≤ x ≤ `high`
  public static func between(_ low: Double, _ high: Double) -> Limit {
    Limit(description: "between \(shortDigits(low)) and \(shortDigits(high))") {
      $0 >= low && $0 <= high
    }
  }

  /// What counts things: from `low` to ``mostThings``.
  public static func count(from low: Int = 1) -> Limit {
    .atLeast(Double(low)).upTo(mostThings)
  }
  /// What counts steps: from `low` to ``mostSteps``.
  public static func steps(from low: Int = 1) -> Limit { .atLeast(Double(low)).upTo(mostSteps) }
  /// A number that float32 can hold, from `low` on.
  public static func float(from low: Double = 0) -> Limit { .atLeast(low).upTo(largestFloat) }

  /// A number above 0 that float32 can hold.
  public static var positiveFloat: Limit {
    var limit = Limit.above(0).upTo(largestFloat)
    limit.least = 1e-37
    return limit
  }

  /// More records, epochs or words than any machine has; products of two still fit 64 bits.
  public static let mostThings = 1e9
  /// More steps than any run makes; sums with other numbers of steps still fit 64 bits.
  public static let mostSteps = 1e15
  /// Just below the largest float32, in few digits.
  public static let largestFloat = 3e38

  private static func shortDigits(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? number.description
  }
}
