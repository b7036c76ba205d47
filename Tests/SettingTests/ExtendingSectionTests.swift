import Settings
import Testing

private struct Rates: ConfigurationSection {
  var low = 0.1
  var high = 1.0
  static let fields: [Field<Self>] = [
    Field("low", \.low, in: .float(), "the low rate"),
    Field("high", \.high, in: .float(), "the high rate"),
  ]
  var conflicts: [(key: String, problem: String, remedy: String)] {
    low > high ? [("low", "\(low) is above \(high)", "use less")] : []
  }
}

private struct SteppedRates: ExtendingSection {
  var base = Rates()
  var steps = 10
  init() { base.high = 2 }
  static let fields: [Field<Self>] =
    baseFields + [Field("steps", \.steps, in: .count(), "steps between them")]
}

@Suite("A section with another one's keys")
struct ExtendingSectionTests {
  private func node(_ entries: (String, String)...) -> ConfigurationNode {
    ConfigurationNode(
      .section(entries.map { .init($0.0, ConfigurationNode(.scalar($0.1, plain: true))) }))
  }

  @Test("It reads and writes them among its own, with defaults of its own")
  func keys() throws {
    let section = try SteppedRates(reading: node(("low", "0.5"), ("steps", "3")), at: "rates")
    #expect(section.low == 0.5 && section.high == 2 && section.steps == 3)
    #expect(section.written.entries?.map(\.key) == ["low", "high", "steps"])
    #expect(try SteppedRates(reading: section.written, at: "rates") == section)
    var changed = section
    changed.high = 4
    #expect(changed.base.high == 4 && changed != section)
  }

  @Test("What is wrong with them is said as there")
  func errors() {
    let conflict = #expect(throws: ConfigurationError.self) {
      try SteppedRates(reading: node(("low", "3")), at: "rates")
    }
    #expect(conflict?.description.contains("rates.low") == true)
    let unknown = #expect(throws: ConfigurationError.self) {
      try SteppedRates(reading: node(("hihg", "3")), at: "rates")
    }
    #expect(unknown?.description.contains("did you mean rates.high") == true)
  }
}
