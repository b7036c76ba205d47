/// What is printed: a line per unit when it is through, with its failing and skipped cases below,
/// then totals.
struct Report {
  private(set) var counts: [Outcome: Int] = [:]
  private let kind: String
  private var unit: String?
  private var unitCounts: [Outcome: Int] = [:]
  private var failures: [(id: String, message: String)] = []
  private var skips: [String: Int] = [:]
  private var units = (passed: 0, failed: 0, unsupported: 0)

  init(kind: String) { self.kind = kind }

  mutating func add(unit: String, id: String, _ outcome: Outcome, _ message: String) {
    if unit != self.unit { closeUnit() }
    self.unit = unit
    counts[outcome, default: 0] += 1
    unitCounts[outcome, default: 0] += 1
    switch outcome {
    case .passed: break
    case .failed: failures.append((id, message))
    case .skipped: skips[message, default: 0] += 1
    }
  }

  mutating func finish() {
    closeUnit()
    print(
      "\(kind): \(units.passed) passed, \(units.failed) failed, \(units.unsupported) unsupported")
    let (passed, failed, skipped) = (
      counts[.passed, default: 0], counts[.failed, default: 0], counts[.skipped, default: 0]
    )
    print("\(passed) passed, \(failed) failed, \(skipped) skipped")
  }

  private mutating func closeUnit() {
    guard let unit else { return }
    let total = unitCounts.values.reduce(0, +)
    if !failures.isEmpty {
      units.failed += 1
      print("\(unit) failed (\(failures.count) of \(total) cases)")
    } else if let count = unitCounts[.skipped] {
      units.unsupported += 1
      print("\(unit) unsupported (\(count) of \(total) cases)")
    } else {
      units.passed += 1
      print("\(unit) passed (\(total) cases)")
    }
    for (id, message) in failures { print("  case \(id): \(message)") }
    for (message, count) in skips.sorted(by: { $0.key < $1.key }) {
      print("  skipped \(count): \(message)")
    }
    self.unit = nil
    unitCounts = [:]
    failures = []
    skips = [:]
  }
}
